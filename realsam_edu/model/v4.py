"""V4: the environment. One stress signal, six populations of individuals, one tenth firing.

    surprise ─▶ stress ─▶ gain gᵢ = 1 + stress · diversityᵢ
                                │
    x ─┬─▶ LayerNorm ─▶ current ×┴─▶ LIF ⟲ ─▶ spikes ─┬─▶ fc_out ─▶ × ─┐
       │                                              └─▶ gate ─────┘  │
       └────────────────────────────── + ◀─────────────────────────────┘  six times

Thresholds stand still; the firing rate is held near 10 % by a penalty in the loss
(`output.rate_penalty`), that is, by the weights. Notebook 08 builds it.
"""

from dataclasses import dataclass

import torch

from ..neurons.lif import LIFState
from .environment import Environment, draw_diversity, gain
from .output import Output
from .residual import BlockParts, ResidualConfig, ResidualNet
from .wiring import Wiring


@dataclass(frozen=True)
class V4Config(ResidualConfig):
    """Sizes and constants of V4; its own are switches for the ablations of notebook 08."""

    stress: bool = True  # False: every gain is 1
    diversity: float = 0.5  # spread of the LogNormal; 0: all neurons alike
    eta: float = 0.0  # above 0: thresholds move as in V3
    target_rate: float = 0.10  # r* of those thresholds


class EnvironmentBlock(BlockParts):
    """A gated block whose current the environment turns up or down, neuron by neuron."""

    def __init__(self, config: ResidualConfig):
        super().__init__(config, gated=True)

    def forward(self, x: torch.Tensor, past: LIFState, gains: torch.Tensor):
        """Pass the stream on under `gains` (B, N): `(x, spk, state)` as in `v2.ResidualBlock`."""
        spk, _, state = self.lif(gains * self.norm(x), past)  # I ← g·I (Eq. 4)
        heard = self.dropout(spk)
        return x + self.fc_out(heard) * torch.sigmoid(self.gate(heard)), spk, state


class V4(ResidualNet):
    """Six environment blocks; `forward` follows the common contract.

    The state ends with an `Environment`. `forward` and `step` read its stress and leave it alone:
    whoever knows how surprising the text was tells the model with `environment.update_stress`.
    """

    def __init__(self, config: V4Config):
        super().__init__(config, EnvironmentBlock)
        shape = config.depth, config.hidden
        diversity = draw_diversity(config.depth * config.hidden, config.diversity).view(shape)
        self.register_buffer("diversity", diversity)  # (L, N), fixed for life

    def zero_state(self, batch: int) -> tuple:
        """Return silence for `batch` texts, and full stress: nothing is known yet."""
        return *super().zero_state(batch), Environment(self.readout.bias.new_ones(batch))

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) under the stress in `state`, and score each next one."""
        *pasts, environment = state or self.zero_state(len(tokens))
        stress = environment.stress * self.config.stress  # (B,), 0 where it is switched off
        x, spk_recs, after = self.enter(tokens), [], []  # x: (T, B, N)
        for block, past, diversity in zip(self.blocks, pasts, self.diversity, strict=True):
            x, spk, present = block(x, past, gain(stress, diversity))
            spk_recs.append(spk)
            after.append(present)
        return self.leave(x, targets, spk_recs, (*after, environment))

    def wiring(self) -> Wiring:
        """Describe a step; its state ends with the `Environment`."""
        return self.describe(self.diversity if self.config.stress else None)
