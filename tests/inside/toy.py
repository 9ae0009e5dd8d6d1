"""A network small enough to count on paper: 3 neurons, then 2, an encoder of 4, 5 tokens.

    weights                                                        a spike adds
    inputs   (3, 4)                                          12         3
    first    W_rec (3, 3), onward (2, 3), scores (5, 3)      30    3 + 2 + 5 = 10
    second   W_rec (2, 2), scores (5, 2)                     14        2 + 5 = 7
    readout  head (4, 2), table (5, 4)                       28     (real numbers)

Leaks are nearly 0, thresholds 1/2, recurrent weights -0.01. A LayerNorm makes of currents like
(1, 0.1, 0.1) about (1.4, -0.7, -0.7), and of (0.3, 1.2, 1.2) about (-1.4, 0.7, 0.7). A neuron that
has just fired needs a current above 1 to fire again. So, reading TOKENS:

    token   encoder    first     second
      0     1 spike    0         0
      3     3          1 and 2   1
      2     1          none      none      equal currents, normalised: nothing
      1     2          0         0
      1     2          0         none      0 has just fired, and its current is 1
      4     none       none      none
            9 spikes   5         3
"""

import torch
from torch import nn

from realsam_edu.model.wiring import SCORES, Population, Readout, Synapses, Wiring
from realsam_edu.neurons.layer import RecurrentLIF
from realsam_edu.neurons.lif import zero_state

TOKENS = torch.tensor([0, 3, 2, 1, 1, 4])
FIRED = {"encoder": [1, 3, 1, 2, 2, 0], "first": [1, 2, 0, 1, 1, 0], "second": [1, 1, 0, 1, 0, 0]}


def columns(*rows) -> torch.Tensor:
    return torch.tensor(rows).t().contiguous()


def population(neurons: int) -> tuple[nn.LayerNorm, RecurrentLIF]:
    """Neurons that hardly remember, with a LayerNorm that only normalises."""
    lif = RecurrentLIF(neurons)
    with torch.no_grad():
        lif.w_rec.fill_(-0.01)
        lif.beta_logit.fill_(-20.0)
        lif.thr.fill_(0.5)
    return nn.LayerNorm(neurons), lif


class Toy(nn.Module):
    """The network above; `wiring` is all that counting reads."""

    def __init__(self):
        super().__init__()
        spikes = [[1, -1, -1, -1], [1, -1, -1, 1], [-1, -1, -1, 1], [-1, 1, 1, 1], [-1, -1, -1, -1]]
        self.table = torch.tensor(spikes, dtype=torch.float32)  # (V, E)
        self.first, self.second = population(3), population(2)
        self.inputs = columns([1.0, 0.1, 0.1], [0.1, 1.0, 0.1], [0.1, 0.1, 1.0], [0.1, 0.1, 0.1])
        self.onward = columns([1.0, 0.1], [0.1, 1.0], [0.1, 1.0])  # (2, 3)
        self.norm = nn.LayerNorm(2)
        nn.init.constant_(self.norm.bias, 0.3)  # NeuroBench leaves zeros out

    def zero_state(self, batch: int) -> tuple:
        """Return silence."""
        return tuple(zero_state(batch, n, self.table) for n in (3, 2))

    def wiring(self) -> Wiring:
        """Describe a step."""
        heard = [Synapses(SCORES, torch.full((5, n), 0.5)) for n in (3, 2)]
        populations = (
            Population("first", "in", *self.first, (Synapses("onward", self.onward), heard[0])),
            Population("second", "onward", *self.second, (heard[1],)),
        )
        head = torch.tensor([[0.5, 0.1], [0.4, 0.2], [0.3, 0.3], [0.2, 0.7]])  # (E, 2)
        readout = Readout("onward", self.norm, head, torch.tensor(1.0))
        return Wiring(self.table, {"in": self.inputs}, populations, torch.zeros(5), readout)
