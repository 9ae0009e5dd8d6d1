"""How Sam learns: the loop, the curriculum, measuring (notebooks 03, 05, 06, 07)."""

from .config import TrainConfig
from .curriculum import PHASES, WITHOUT, Course, Phase, converged, phase_line
from .evaluate import evaluate
from .loop import Run, study, train
from .pipeline import schedule, storybook_floor, subword_data, train_config
from .streams import Reader, chunk, windows
