"""Figures you can touch. Their logic is JavaScript (beside each file), their data are traits.

Because nothing runs in Python, the same object works in JupyterLab, in Colab and on the built page
with no kernel behind it.
"""

from .curriculum_replay import CurriculumReplay
from .homeostasis import Homeostasis
from .lif_playground import LIFPlayground
from .raster_stepper import RasterStepper
from .sam_writer import SamWriter
from .stress_console import StressConsole, respond
from .surrogate_explorer import SurrogateExplorer

__all__ = [  # the widgets, and nothing else: whoever builds pages looks for them by these names
    "CurriculumReplay",
    "Homeostasis",
    "LIFPlayground",
    "RasterStepper",
    "SamWriter",
    "StressConsole",
    "SurrogateExplorer",
]
