"""What goes on in Sam: every spike of a run, written down (notebooks 00 and 10)."""

from .trace import Trace, trace, trace_generation
