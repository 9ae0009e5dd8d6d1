"""How long a spike today changes a word tomorrow: twins that differ in one spike (notebook 10).

Several copies of one model read the same text from the same state. In each but the first one spike
is turned round, once: those who hear it hear 1 for 0 or 0 for 1, while the neuron's own membrane
stays as it was. From then on only the copies' own dynamics can keep the difference alive.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch

from ..model.wiring import wiring
from ..neurons.lif import LIFState
from ..runtime.errors import RealSamError
from .reading import heard, read_text

Flip = tuple[int, int]  # layer, neuron


class Ripple(NamedTuple):
    """How far F copies are from the first at each of T tokens, the flip at token 0 included."""

    spk: torch.Tensor  # (F, T) neurons, of all L·N, whose spike is another
    mem: torch.Tensor  # (F, T) mean distance of the membranes
    kl: torch.Tensor  # (F, T) nats: Σ p ln(p/q), p the first's prediction, q the copy's


@torch.no_grad()
def ripple(model, tokens: torch.Tensor, state: tuple, flips: Sequence[Flip] = ()) -> Ripple:
    """Let copies read the same tokens and measure how far they get from each other.

    V4's stress is held where the state has it.

    Args:
        model: V1 to V4, in evaluation mode.
        tokens: (T,), T ≥ 1.
        state: of one text, from which 1 + F copies go on; or of 1 + F texts, when copies shall
            differ in what they have read before.
        flips: in copy 1, 2, … this spike is turned round at the first token.
    """
    if len(state[0].mem) == 1:
        state = _copies(state, 1 + len(flips))
    tokens = tokens.expand(len(state[0].mem), -1)  # (1 + F, T)
    spk, mem, logits = [], [], []
    for part, turned in ((tokens[:, :1], flips), (tokens[:, 1:], ())):
        if part.shape[1] == 0:
            continue
        with _flipped(model, turned), heard(model) as window:
            out = model(part, state=state)
        state = out.state
        logits.append(out.logits)
        for kept, recorded in zip((spk, mem), zip(*window, strict=True), strict=True):
            kept.append(torch.cat(recorded, -1))  # (t, 1 + F, L·N)
    spk, mem = torch.cat(spk), torch.cat(mem)  # (T, 1 + F, L·N)
    logp = torch.cat(logits, 1).log_softmax(-1)  # (1 + F, T, V)
    kl = (logp[:1].exp() * (logp[:1] - logp[1:])).sum(-1)  # (F, T)
    differ = (spk[:, 1:] != spk[:, :1]).sum(-1).t()  # (F, T)
    return Ripple(differ, (mem[:, 1:] - mem[:, :1]).abs().mean(-1).t(), kl)


def _copies(state: tuple, count: int) -> tuple:
    """Return the state of one text as that of several."""
    parts = ([value.repeat(count, *[1] * (value.dim() - 1)) for value in part] for part in state)
    return tuple(type(part)(*values) for part, values in zip(state, parts, strict=True))


@contextmanager
def _flipped(model, flips: Sequence[Flip]) -> Iterator:
    """Turn round one spike in copy 1, 2, … of the next window, at its last token.

    Raises:
        RealSamError: there is no such neuron.
    """
    lifs = [population.lif for population in wiring(model).populations]
    for layer, neuron in flips:
        if not (0 <= layer < len(lifs) and 0 <= neuron < len(lifs[layer].thr)):
            raise RealSamError(f"There is no neuron {neuron} in a layer {layer} of this model.")

    def turn(layer: int):
        rows = [row for row, (at, _) in enumerate(flips, 1) if at == layer]
        neurons = [neuron for at, neuron in flips if at == layer]

        def hook(_, __, recorded):
            spk, mem, state = recorded
            spk = spk.clone()  # (T, 1 + F, N)
            spk[-1, rows, neurons] = 1 - spk[-1, rows, neurons]
            return spk, mem, LIFState(spk[-1], state.mem)

        return hook

    hooks = [lif.register_forward_hook(turn(layer)) for layer, lif in enumerate(lifs) if flips]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class Position(NamedTuple):
    """The same W windows of T tokens, read twice: nats of each prediction, (W, T)."""

    reset: torch.Tensor  # from silence
    carried: torch.Tensor  # with the state of all that stood before


def by_position(model, tokens: torch.Tensor, length: int = 128, streams: int = 4) -> Position:
    """Measure what has been read before is worth, token by token.

    Args:
        model: V1 to V4, in evaluation mode.
        tokens: (n,), cut into `streams` parts that are read side by side.
        length: T, tokens of a window.
        streams: parts; the first window of each is the past of the others and is left out.

    Raises:
        RealSamError: the text is too short for two windows per stream.
    """
    count = (len(tokens) - 1) // (streams * length)  # windows per stream
    if count < 2:
        raise RealSamError(
            f"{len(tokens)} tokens are too few for two windows of {length} in {streams} streams; "
            f"give at least {2 * streams * length + 1}."
        )
    at = torch.arange(streams)[:, None] * count * length + torch.arange(count * length + 1)
    carried = read_text(model, tokens[at], chunk=length).nats  # (S, count · T)
    carried = carried.unflatten(1, (count, length))[:, 1:].flatten(0, 1)  # (W, T)
    windows = tokens[at].unfold(1, length + 1, length)[:, 1:].flatten(0, 1)  # (W, T + 1)
    return Position(read_text(model, windows, chunk=length).nats, carried)
