"""V4 with the neurons of another library in the place of Sam's: the same wiring, their neuron.

SpikingJelly (Fang et al. 2023, doi 10.1126/sciadv.adi1480) and Norse (Pehle and Pedersen 2021,
doi 10.5281/zenodo.4422025). Neither is needed to import this.
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from ...neurons.lif import LIFState


class SpikingJellyPopulation(nn.Module):
    """SpikingJelly's LIF neurons with a recurrent matrix, over a whole sequence at once.

    Args:
        lif: the `RecurrentLIF` whose recurrent matrix is copied.
    """

    def __init__(self, lif):
        from spikingjelly.activation_based import layer, neuron, surrogate

        super().__init__()
        self.w_rec = nn.Parameter(lif.w_rec.detach().clone())  # (N, N)
        node = neuron.LIFNode(
            decay_input=False, v_reset=None, detach_reset=True,
            surrogate_function=surrogate.SoftSign(),
        )  # fmt: skip
        self.loop = layer.ElementWiseRecurrentContainer(node, self._heard, step_mode="m")

    def _heard(self, spk, cur):
        return cur + F.linear(spk, self.w_rec)

    def forward(self, cur, state=None):
        """Run over a sequence (T, B, N); return `(spk_rec, None, state)`."""
        from spikingjelly.activation_based import functional

        if state is not None:
            self.loop.y, self.loop.sub_module.v = state
        spk_rec = self.loop(cur)  # (T, B, N)
        state = LIFState(self.loop.y, self.loop.sub_module.v)
        functional.reset_net(self.loop)  # the state is the caller's, none is kept here
        return spk_rec, None, state


class NorsePopulation(nn.Module):
    """Norse's LIF neurons without synaptic current, with a recurrent matrix, step by step.

    Args:
        lif: the `RecurrentLIF` whose recurrent matrix is copied.
    """

    def __init__(self, lif):
        from norse.torch import LIFBoxCell

        super().__init__()
        self.w_rec = nn.Parameter(lif.w_rec.detach().clone())  # (N, N)
        self.cell = LIFBoxCell()

    def forward(self, cur, state=None):
        """Run over a sequence (T, B, N); return `(spk_rec, None, state)`."""
        from norse.torch import LIFBoxFeedForwardState

        silent = torch.zeros_like(cur[0])  # (B, N)
        spk, mem = (silent, silent) if state is None else state
        spk_rec = []
        for cur_t in cur:  # (B, N)
            heard = cur_t + F.linear(spk, self.w_rec)
            spk, (mem,) = self.cell(heard, LIFBoxFeedForwardState(mem))
            spk_rec.append(spk)
        return torch.stack(spk_rec), None, LIFState(spk, mem)


def with_neurons(model, population):
    """Return a copy of V4 whose recurrent neurons are of another library.

    Args:
        model: V4; all but its neurons is copied.
        population: called with each `RecurrentLIF`; returns what stands in its place.
    """
    own = copy.deepcopy(model)
    for block in own.blocks:
        block.lif = population(block.lif)
    return own
