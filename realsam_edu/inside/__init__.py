"""What goes on in Sam: every spike of a run, its cost, and what ails him (notebooks 00, 10)."""

from .doctor import Finding, diagnose
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
