"""How Sam writes and talks: sampling, the event-driven step, chat (notebooks 00 and 09)."""

from .chat import Chat, Turn
from .event_step import EventStep, runs_event_driven
from .generate import DenseStep, generate, opening, read_prompt, stream, write
from .sampling import Sampling, distribution, nucleus, penalised, sample_token
