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

import torch
from torch import nn

from .blocks import TABLE, Output, ResidualBlock, TiedReadout, firing_rates, next_token_loss
from .encoder import SpikeEncoder
from .environment import Environment, draw_diversity, gain
from .neurons import zero_state
from .surrogate import SLOPE
from .v3 import homeostasis


@dataclass(frozen=True)
class V4Config:
    """Sizes and constants of V4; the last three are switches for the ablations of notebook 08."""

    vocab: int = 4096  # tokens V
    embed: int = 256  # encoder neurons E
    hidden: int = 512  # neurons per block N, width of the stream
    depth: int = 6  # blocks L
    slope: float = SLOPE  # surrogate slope k
    tau_min: float = 0.2  # time constants start log-uniform between these, in steps
    tau_max: float = 2.0
    dropout: float = 0.0  # share of neurons not heard by fc_out and gate, in training
    stress: bool = True  # False: every gain is 1
    diversity: float = 0.5  # spread of the LogNormal; 0: all neurons alike
    eta: float = 0.0  # above 0: thresholds move as in V3
    target_rate: float = 0.10  # r* of those thresholds


class V4(nn.Module):
    """Six environment blocks; `forward` follows the common contract.

    The state ends with an `Environment`. `forward` and `step` read its stress and leave it alone:
    whoever knows how surprising the text was tells the model with `environment.feel`.
    """

    def __init__(self, config: V4Config):
        super().__init__()
        self.config, tau = config, (config.tau_min, config.tau_max)
        self.encoder = SpikeEncoder(config.vocab, config.embed, scale=TABLE)
        self.projection = nn.Linear(config.embed, config.hidden, bias=False)
        self.blocks = nn.ModuleList(
            ResidualBlock(
                config.hidden, config.slope, tau, config.depth, gated=True, dropout=config.dropout
            )
            for _ in range(config.depth)
        )
        self.readout = TiedReadout(config.hidden, config.embed, config.vocab)
        shape = config.depth, config.hidden
        diversity = draw_diversity(config.depth * config.hidden, config.diversity).view(shape)
        self.register_buffer("diversity", diversity)  # (L, N), fixed for life

    def zero_state(self, batch: int) -> tuple:
        """Return silence for `batch` texts, and full stress: nothing is known yet."""
        like, neurons = self.readout.bias, self.config.hidden
        populations = tuple(zero_state(batch, neurons, like) for _ in self.blocks)
        return *populations, Environment(like.new_ones(batch))

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) under the stress in `state`, and score each next one."""
        config = self.config
        *pasts, environment = state if state is not None else self.zero_state(len(tokens))
        x = self.projection(self.encoder(tokens.t()))  # (T, B, N): time first inside
        after, rates = [], []
        for block, past, diversity in zip(self.blocks, pasts, self.diversity, strict=True):
            gains = gain(environment.stress, diversity) if config.stress else None  # (B, N)
            x, spk, present = block(x, past, gains)
            after.append(present)
            rates.append(firing_rates(spk))
            if self.training and config.eta > 0:
                rate = rates[-1].detach()
                block.lif.thr = homeostasis(block.lif.thr, rate, config.eta, config.target_rate)
        logits = self.readout(x, self.encoder.table.weight).transpose(0, 1)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), (*after, environment), rates)

    def step(self, token: torch.Tensor, state: tuple):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state
