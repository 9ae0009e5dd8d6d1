"""Whom Sam is timed against: the same network with the neurons of other libraries.

`SnnTorchV1` and `SnnTorchV4` are Sam's own weights, stepped token by token through all layers as a
user of snnTorch would write it; `tests/test_rivals.py` holds them to equal logits and gradients.
`population` puts the recurrent neurons of SpikingJelly or Norse in the place of Sam's: the same
wiring, their neuron. None of these libraries is needed to import this. `rivals_dense` has the
networks that do not spike.
"""

import copy
from importlib.util import find_spec

import torch
from torch import nn

from ...model.environment import gain
from ...model.output import Output, firing_rates, next_token_loss


def installed(library: str) -> bool:
    """Return whether a library of that import name is here."""
    return find_spec(library) is not None


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


def _taken_over(parts) -> nn.ModuleList:
    """Return snnTorch's neurons for those of `parts`, each of which loses its `lif`."""
    cells = nn.ModuleList(rleaky(part.lif) for part in parts)
    for part in parts:
        del part.lif
    return cells


class SnnTorchV4(nn.Module):
    """V4 in a Python loop over tokens, its neurons those of snnTorch; starts in silence."""

    def __init__(self, model):
        super().__init__()
        own = copy.deepcopy(model)
        self.config, self.encoder, self.projection = own.config, own.encoder, own.projection
        self.blocks, self.readout = own.blocks, own.readout
        self.cells = _taken_over(self.blocks)
        self.register_buffer("diversity", own.diversity)  # (L, N)

    def forward(self, tokens, targets=None) -> Output:
        """Read `tokens` (B, T) under full stress, as V4 does that knows nothing yet."""
        stress = self.diversity.new_ones(len(tokens))
        gains = [gain(stress, diversity) for diversity in self.diversity]  # (B, N) each
        states = [cell.reset_mem() for cell in self.cells]
        logits, spk_rec = [], [[] for _ in self.cells]
        for token in tokens.unbind(1):  # (B,)
            x = self.projection(self.encoder(token))  # (B, N)
            for i, (block, cell) in enumerate(zip(self.blocks, self.cells, strict=True)):
                spk, _ = states[i] = cell(block.norm(x) * gains[i], *states[i])
                x = x + block.fc_out(spk) * torch.sigmoid(block.gate(spk))
                spk_rec[i].append(spk)
            logits.append(self.readout(x, self.encoder.table.weight))
        logits = torch.stack(logits, 1)  # (B, T, V)
        rates = [firing_rates(torch.stack(spk)) for spk in spk_rec]
        return Output(logits, next_token_loss(logits, targets), (), rates)


class SnnTorchV1(nn.Module):
    """V1 in a Python loop over characters, its neurons those of snnTorch; no dropout."""

    def __init__(self, model):
        super().__init__()
        own = copy.deepcopy(model)
        self.config, self.encoder, self.layers = own.config, own.encoder, own.layers
        self.skip, self.readout = own.skip, own.readout
        self.cells = _taken_over(self.layers)

    def forward(self, tokens, targets=None) -> Output:
        """Read `tokens` (B, T) from silence."""
        (first, second), (cell_1, cell_2) = self.layers, self.cells
        state_1, state_2 = cell_1.reset_mem(), cell_2.reset_mem()
        logits, spk_rec = [], ([], [])
        for token in tokens.unbind(1):  # (B,)
            letter = self.encoder(token)  # (B, E)
            spk_1, _ = state_1 = cell_1(first.norm(first.fc_in(letter)), *state_1)
            cur_2 = second.fc_in(spk_1) + self.skip(letter)
            spk_2, _ = state_2 = cell_2(second.norm(cur_2), *state_2)
            logits.append(self.readout(torch.cat([spk_1, spk_2], -1)))
            spk_rec[0].append(spk_1)
            spk_rec[1].append(spk_2)
        logits = torch.stack(logits, 1)  # (B, T, V)
        rates = [firing_rates(torch.stack(spk)) for spk in spk_rec]
        return Output(logits, next_token_loss(logits, targets), (), rates)


class SpikingJellyPopulation(nn.Module):
    """SpikingJelly's LIF neurons with a recurrent matrix, over a whole sequence at once."""

    def __init__(self, lif):
        from spikingjelly.activation_based import layer, neuron, surrogate

        super().__init__()
        self.w_rec = nn.Linear(*lif.w_rec.shape, bias=False).to(lif.w_rec)
        node = neuron.LIFNode(
            decay_input=False, v_reset=None, detach_reset=True,
            surrogate_function=surrogate.SoftSign(),
        )  # fmt: skip
        self.loop = layer.ElementWiseRecurrentContainer(node, self._heard, step_mode="m")

    def _heard(self, spk, cur):
        return cur + self.w_rec(spk)

    def forward(self, cur, state=None):
        """Run over a sequence (T, B, N) from silence."""
        from spikingjelly.activation_based import functional

        functional.reset_net(self.loop)
        return self.loop(cur), None, state


class NorsePopulation(nn.Module):
    """Norse's LIF neurons without synaptic current, with a recurrent matrix, step by step."""

    def __init__(self, lif):
        from norse.torch import LIFBoxCell

        super().__init__()
        self.w_rec = nn.Linear(*lif.w_rec.shape, bias=False).to(lif.w_rec)
        self.cell = LIFBoxCell()

    def forward(self, cur, state=None):
        """Run over a sequence (T, B, N) from silence."""
        spk, inner, spk_rec = torch.zeros_like(cur[0]), None, []
        for cur_t in cur:  # (B, N)
            spk, inner = self.cell(cur_t + self.w_rec(spk), inner)
            spk_rec.append(spk)
        return torch.stack(spk_rec), None, state


def population(model, kind):
    """Return a copy of V4 whose recurrent neurons are of another library."""
    own = copy.deepcopy(model)
    for block in own.blocks:
        block.lif = kind(block.lif)
    return own
