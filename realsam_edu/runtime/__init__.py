"""Where the code runs: device, seed, budget, files, errors, provenance."""

from .errors import RealSamError
from .files import atomic_file, read_text, write_atomic, write_json
from .provenance import git_commit, hardware, stamp
from .settings import (
    BUDGETS,
    budget,
    data_dir,
    has_bf16,
    interrupt_flag,
    keep_memory,
    pick_device,
    seed_all,
    show_anything,
)
