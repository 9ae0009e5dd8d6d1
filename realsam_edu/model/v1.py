"""V1: characters in, spikes inside, characters out: two recurrent LIF layers, a million weights.

    token ──▶ encoder ──▶ spikes ─┬─▶ current ──▶ LIF 1 ⟲ ──▶ spikes ──▶ current ──▶ LIF 2 ⟲
                                  └───────────────────────────────────────▲
    next character ◀── readout ◀── spikes of LIF 1 and LIF 2

Every matrix is multiplied by zeros and ones only. Notebook 03 builds it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ..neurons.layer import RecurrentLIF
from ..neurons.lif import LIFState, zero_state
from ..neurons.surrogate import SLOPE
from .dropout import LockedDropout
from .encoder import SpikeEncoder
from .output import Output, firing_rates, next_token_loss
from .wiring import SCORES, Population, Synapses, Wiring


@dataclass(frozen=True)
class V1Config:
    """Sizes and constants of V1."""

    vocab: int = 65  # characters V
    embed: int = 256  # encoder neurons E
    hidden: int = 512  # neurons per layer N
    slope: float = SLOPE  # surrogate slope k
    tau_min: float = 0.2  # time constants start log-uniform between these, in steps
    tau_max: float = 2.0
    dropout: float = 0.15  # share of neurons not heard by the next layer, in training
    readout_dropout: float = 0.25  # the same for the readout


class SpikingLayer(nn.Module):
    """Weights, a LayerNorm on the current they produce, and a population of recurrent neurons."""

    def __init__(self, inputs: int, config: V1Config):
        super().__init__()
        self.fc_in = nn.Linear(inputs, config.hidden, bias=False)
        self.norm = nn.LayerNorm(config.hidden)  # holds the current near the threshold
        self.lif = RecurrentLIF(config.hidden, config.slope, (config.tau_min, config.tau_max))


class V1(nn.Module):
    """The first spiking language model of the book; `forward` follows the common contract."""

    def __init__(self, config: V1Config):
        super().__init__()
        self.config = config
        self.encoder = SpikeEncoder(config.vocab, config.embed)
        self.layers = nn.ModuleList(
            [SpikingLayer(config.embed, config), SpikingLayer(config.hidden, config)]
        )
        self.skip = nn.Linear(config.embed, config.hidden, bias=False)  # encoder to LIF 2
        self.readout = nn.Linear(2 * config.hidden, config.vocab)
        self.dropout = LockedDropout(config.dropout)
        self.readout_dropout = LockedDropout(config.readout_dropout)

    def zero_state(self, batch: int) -> tuple[LIFState, ...]:
        """Return the silent state of all layers for `batch` texts."""
        return tuple(
            zero_state(batch, self.config.hidden, self.readout.weight) for _ in self.layers
        )

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` and score each next one.

        Args:
            tokens: (B, T) int64.
            targets: (B, T) int64, the tokens that do follow; None skips the loss.
            state: from the call before, or None to start silent.
        """
        config, past = self.config, state if state is not None else self.zero_state(len(tokens))
        first, second = self.layers
        letters = self.encoder(torch.arange(config.vocab, device=tokens.device))  # (V, E)
        cur_1 = F.embedding(tokens.t(), first.norm(first.fc_in(letters)))  # (T, B, N)
        spk_1, _, state_1 = first.lif(cur_1, past[0])  # (T, B, N): time first inside
        cur_2 = second.fc_in(self.dropout(spk_1)) + F.embedding(tokens.t(), self.skip(letters))
        spk_2, _, state_2 = second.lif(second.norm(cur_2), past[1])
        seen = self.readout_dropout(torch.cat([spk_1, spk_2], -1))  # (T, B, 2N)
        logits = self.readout(seen).transpose(0, 1)  # (B, T, V)
        rates = [firing_rates(spk_1), firing_rates(spk_2)]
        return Output(logits, next_token_loss(logits, targets), (state_1, state_2), rates)

    def step(self, token: torch.Tensor, state: tuple[LIFState, ...]):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        first, second = self.layers
        letter = self.encoder(token)  # (B, E)
        state_1 = first.lif.step(first.norm(first.fc_in(letter)), state[0])
        cur_2 = second.fc_in(state_1.spk) + self.skip(letter)
        state_2 = second.lif.step(second.norm(cur_2), state[1])
        return self.readout(torch.cat([state_1.spk, state_2.spk], -1)), (state_1, state_2)

    def wiring(self) -> Wiring:
        """Describe a step: two currents, and scores that spikes alone add up to."""
        first, second = self.layers
        inputs = {"layer 1": first.fc_in.weight, "layer 2": self.skip.weight}  # (N, E) each
        heard_1, heard_2 = (Synapses(SCORES, w) for w in self.readout.weight.chunk(2, 1))  # (V, N)
        onward = Synapses("layer 2", second.fc_in.weight), heard_1
        populations = (
            Population("layer 1", "layer 1", first.norm, first.lif, onward),
            Population("layer 2", "layer 2", second.norm, second.lif, (heard_2,)),
        )
        table, bias = self.encoder.table.weight, self.readout.bias
        return Wiring(table, inputs, populations, bias, reads_all=True)
