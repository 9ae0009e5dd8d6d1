"""What goes on in Sam: who answers to what, surgery, memory, cost, doctor (notebooks 00, 10)."""

from .classes import LETTERS, WORDS, label
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
from .memory import by_position, ripple
from .reading import read_text
from .selectivity import chance, selective, shifted, tuning
from .surgery import clamped, costs, without
from .trace import Recorder, Trace, trace, trace_generation
