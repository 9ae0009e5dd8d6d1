"""How Sam writes: sampling, and the event-driven step (notebooks 00 and 09)."""

from .event_step import EventStep, runs_event_driven
from .generate import DenseStep, generate, stream, write
