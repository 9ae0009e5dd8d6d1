"""Sam as a user of snnTorch would write him: his weights, a Python loop over the tokens.

`SnnTorchV1` and `SnnTorchV4` step token by token through all layers, with snnTorch's neurons
(Eshraghian et al. 2023, doi 10.1109/JPROC.2023.3308088). They compute what Sam computes:
`tests/experiments/test_rivals.py` holds them to equal logits and gradients. snnTorch is not needed
to import this.
"""

import copy

import torch
from torch import nn

from ...model.dropout import LockedDropout
from ...model.environment import Environment, gain
from ...model.output import Output, firing_rates, next_token_loss
from ...neurons.lif import LIFState, zero_state
from ...runtime.errors import RealSamError
from .size import matrices


def rleaky(lif):
    """Return a `snntorch.RLeaky` with the weights, leaks and thresholds of a `RecurrentLIF`.

    snnTorch's `fast_sigmoid(slope=k)` has the derivative 1 / (1 + k·|x|)², which is Eq. 3.
    """
    import snntorch
    from snntorch import surrogate

    neurons = len(lif.w_rec)
    cell = snntorch.RLeaky(
        beta=lif.beta.detach().clone(),
        all_to_all=True,
        linear_features=neurons,
        threshold=lif.thr.clone(),
        spike_grad=surrogate.fast_sigmoid(slope=lif.slope),
        learn_beta=True,
        reset_mechanism="subtract",
        reset_delay=True,
    )
    cell.recurrent = nn.Linear(neurons, neurons, bias=False).to(lif.w_rec)  # Eq. 1 has no bias
    cell.recurrent.weight.data.copy_(lif.w_rec.data)
    return cell


def _copied(model: nn.Module) -> nn.Module:
    """Return a copy of Sam for the loop.

    Raises:
        RealSamError: he has dropout, which the loop has not.
    """
    if any(part.share for part in model.modules() if isinstance(part, LockedDropout)):
        raise RealSamError("The snnTorch loop has no dropout; make the model without it.")
    return copy.deepcopy(model)


def _taken_over(parts) -> nn.ModuleList:
    """Return snnTorch's neurons for those of `parts`, each of which loses its `lif`."""
    cells = nn.ModuleList(rleaky(part.lif) for part in parts)
    for part in parts:
        del part.lif
    return cells


class SnnTorchLoop(nn.Module):
    """What the loops over V1 and V4 have in common: cells, state and step."""

    def zero_state(self, batch: int) -> tuple:
        """Return the silent state of all layers for `batch` texts, as Sam has it."""
        neurons, like = self.config.hidden, self.readout.bias
        return tuple(zero_state(batch, neurons, like) for _ in self.cells)

    def step(self, token: torch.Tensor, state: tuple):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state

    def scored(self, logits: list, targets, spk_recs: list, state: tuple) -> Output:
        """Return the output of a whole text.

        Args:
            logits: of every token, (B, V) each.
            targets: (B, T) int64, or None.
            spk_recs: of every layer, its spikes of every token, (B, N) each.
            state: what the next call continues from.
        """
        for cell in self.cells:  # the state is the caller's; snnTorch would keep it in buffers
            cell.spk, cell.mem = cell.threshold.new_zeros(0), cell.threshold.new_zeros(0)
        logits = torch.stack(logits, 1)  # (B, T, V)
        rates = [firing_rates(torch.stack(spk)) for spk in spk_recs]
        return Output(logits, next_token_loss(logits, targets), state, rates)


class SnnTorchV4(SnnTorchLoop):
    """V4 in a Python loop over tokens, its neurons those of snnTorch.

    Args:
        model: a V4 without dropout; its weights are copied.

    Raises:
        RealSamError: it has dropout.
    """

    def __init__(self, model):
        super().__init__()
        own = _copied(model)
        self.config, self.encoder, self.projection = own.config, own.encoder, own.projection
        self.blocks, self.readout = own.blocks, own.readout
        self.cells = _taken_over(self.blocks)
        self.register_buffer("diversity", own.diversity)  # (L, N)

    def zero_state(self, batch: int) -> tuple:
        """Return silence for `batch` texts, and full stress: nothing is known yet."""
        return *super().zero_state(batch), Environment(self.readout.bias.new_ones(batch))

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) under the stress in `state`, and score each next one."""
        *states, environment = state or self.zero_state(len(tokens))
        stress = environment.stress * self.config.stress  # (B,)
        gains = [gain(stress, diversity) for diversity in self.diversity]  # (B, N) each
        logits, spk_recs = [], [[] for _ in self.cells]
        for token in tokens.unbind(1):  # (B,)
            x = self.projection(self.encoder(token))  # (B, N)
            for i, (block, cell) in enumerate(zip(self.blocks, self.cells, strict=True)):
                spk, _ = states[i] = cell(block.norm(x) * gains[i], *states[i])
                x = x + block.fc_out(spk) * torch.sigmoid(block.gate(spk))
                spk_recs[i].append(spk)
            logits.append(self.readout(x, self.encoder.table.weight))
        after = *(LIFState(*past) for past in states), environment
        return self.scored(logits, targets, spk_recs, after)

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all weights for one token; the table counts once."""
        return matrices(self.projection, self.blocks, self.cells, self.readout, self.encoder)


class SnnTorchV1(SnnTorchLoop):
    """V1 in a Python loop over characters, its neurons those of snnTorch.

    Args:
        model: a V1 without dropout; its weights are copied.

    Raises:
        RealSamError: it has dropout.
    """

    def __init__(self, model):
        super().__init__()
        own = _copied(model)
        self.config, self.encoder, self.layers = own.config, own.encoder, own.layers
        self.skip, self.readout = own.skip, own.readout
        self.cells = _taken_over(self.layers)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) on from `state`, and score each next one."""
        (first, second), (cell_1, cell_2) = self.layers, self.cells
        state_1, state_2 = state or self.zero_state(len(tokens))
        logits, spk_recs = [], ([], [])
        for token in tokens.unbind(1):  # (B,)
            letter = self.encoder(token)  # (B, E)
            spk_1, _ = state_1 = cell_1(first.norm(first.fc_in(letter)), *state_1)
            cur_2 = second.fc_in(spk_1) + self.skip(letter)
            spk_2, _ = state_2 = cell_2(second.norm(cur_2), *state_2)
            logits.append(self.readout(torch.cat([spk_1, spk_2], -1)))
            spk_recs[0].append(spk_1)
            spk_recs[1].append(spk_2)
        after = LIFState(*state_1), LIFState(*state_2)
        return self.scored(logits, targets, spk_recs, after)

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all weights for one token; nothing is looked up."""
        return matrices(self.layers, self.skip, self.cells, self.readout)
