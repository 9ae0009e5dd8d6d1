"""What goes on in Sam: every spike of a run, written down (notebooks 00 and 10)."""

from .energy import training_multiply_adds, writing_multiply_adds
from .trace import Recorder, Trace, trace, trace_generation
