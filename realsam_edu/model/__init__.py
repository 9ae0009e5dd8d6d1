"""How layers become Sam: encoder, environment, V1 to V4 (notebooks 03, 05, 07, 08)."""

from .dropout import LockedDropout
from .encoder import SpikeEncoder, ste_threshold
from .environment import MEMORY, Environment, draw_diversity, gain, set_stress, update_stress
from .homeostasis import homeostasis, regulate
from .output import Output, next_token_loss, rate_penalty
from .residual import TABLE, TiedReadout
from .v1 import V1, SpikingLayer, V1Config
from .v2 import V2, ResidualBlock, V2Config
from .v3 import V3, V3Config
from .v4 import V4, V4Config
from .versions import MODELS, build
from .wiring import Wiring, wiring
