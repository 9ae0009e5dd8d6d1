"""How Sam learns: the loop, the curriculum, measuring (notebooks 03, 05, 06, 07)."""

from .config import TrainConfig, train_config
from .curriculum import PHASES, WITHOUT, Phase, Schedule, converged, phase_line
from .evaluate import evaluate
from .loop import Run, study, train
from .optimizer import learning_rate
from .pipeline import schedule, storybook_floor, subword_data
from .streams import chunk, windows
