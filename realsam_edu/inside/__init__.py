"""What goes on in Sam: spikes written down, read, cut and followed (notebooks 00 and 10)."""

from .classes import LETTERS, WORDS, label
from .energy import training_multiply_adds, writing_multiply_adds
from .memory import by_position, ripple
from .reading import read_text
from .selectivity import chance, selective, shifted, tuning
from .surgery import clamped, costs, without
from .trace import Recorder, Trace, trace, trace_generation
