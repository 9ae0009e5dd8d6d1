"""What goes on in Sam: every spike of a run, and what they cost (notebooks 00 and 10)."""

from .energy import (
    Operations,
    break_even,
    count,
    operations,
    sam_energy,
    share_met,
    sizes,
    spikes_per_token,
    training_multiply_adds,
    twin_energy,
    writing_multiply_adds,
)
from .trace import Recorder, Trace, trace, trace_generation
