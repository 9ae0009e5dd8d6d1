"""V4: the environment. One stress signal, six populations of individuals, one tenth firing.

    surprise ─▶ stress ─▶ gain gᵢ = 1 + stress · diversityᵢ
                                │
    x ─┬─▶ LayerNorm ─▶ current ×┴─▶ LIF ⟲ ─▶ spikes ─┬─▶ fc_out ─▶ × ─┐
       │                                              └─▶ gate ─────┘  │
       └────────────────────────────── + ◀─────────────────────────────┘  six times

Thresholds stand still; the firing rate is held near 10 % by a penalty in the loss
(`train.rate_penalty`), that is, by the weights. Notebook 08 builds it.
"""

from dataclasses import dataclass

from .blocks import Output, ResidualConfig, ResidualNet
from .environment import Environment, draw_diversity, gain
from .v3 import regulate


@dataclass(frozen=True)
class V4Config(ResidualConfig):
    """Sizes and constants of V4; its own are switches for the ablations of notebook 08."""

    stress: bool = True  # False: every gain is 1
    diversity: float = 0.5  # spread of the LogNormal; 0: all neurons alike
    eta: float = 0.0  # above 0: thresholds move as in V3
    target_rate: float = 0.10  # r* of those thresholds


class V4(ResidualNet):
    """Six environment blocks; `forward` follows the common contract.

    The state ends with an `Environment`. `forward` and `step` read its stress and leave it alone:
    whoever knows how surprising the text was tells the model with `environment.feel`.
    """

    def __init__(self, config: V4Config):
        super().__init__(config, gated=True)
        shape = config.depth, config.hidden
        diversity = draw_diversity(config.depth * config.hidden, config.diversity).view(shape)
        self.register_buffer("diversity", diversity)  # (L, N), fixed for life

    def zero_state(self, batch: int) -> tuple:
        """Return silence for `batch` texts, and full stress: nothing is known yet."""
        return *super().zero_state(batch), Environment(self.readout.bias.new_ones(batch))

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) under the stress in `state`, and score each next one."""
        config = self.config
        *pasts, environment = state or self.zero_state(len(tokens))
        gains = [gain(environment.stress, d) for d in self.diversity] if config.stress else None
        out = self.read(tokens, targets, pasts, gains)
        if self.training and config.eta > 0:
            regulate(self.blocks, out.rates, config.eta, config.target_rate)
        return out._replace(state=(*out.state, environment))
