"""How fast Sam learns and writes, beside rivals, in one run (notebook 04)."""

from .timing import faster, race, summary
from .writing import own_text, reader
