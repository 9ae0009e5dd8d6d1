"""Reading with open ears: the surprise at every token, and every spike of every population."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..model.environment import update_stress
from ..model.wiring import wiring


class Read(NamedTuple):
    """What reading T tokens of B texts leaves behind; L layers of N neurons."""

    nats: torch.Tensor  # (B, T) float32, −ln p of the token that follows each token read
    spk: torch.Tensor | None  # (T, B, L·N) bool, the spikes caused by each token read
    state: tuple  # what the next call continues from


@contextmanager
def heard(model) -> Iterator[list[tuple[torch.Tensor, torch.Tensor]]]:
    """Yield a list that gets `(spk, mem)`, (T, B, N) each, of every population of a window read."""
    windows: list[tuple[torch.Tensor, torch.Tensor]] = []

    def hear(_, __, recorded) -> None:
        windows.append(recorded[:2])

    lifs = [population.lif for population in wiring(model).populations]
    hooks = [lif.register_forward_hook(hear) for lif in lifs]
    try:
        yield windows
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def read_text(model, tokens: torch.Tensor, state=None, spikes=False, chunk: int = 64) -> Read:
    """Read texts side by side; each feels its own surprise after every chunk, as V4 does.

    Args:
        model: V1 to V4, in evaluation mode.
        tokens: (B, T + 1), T ≥ 1; the last is only predicted.
        state: of the tokens before; None starts silent.
        spikes: keep the spikes; they take L · N bytes per token and text.
        chunk: tokens per call.

    Raises:
        RealSamError: the model does not say how it is wired.
    """
    state = model.zero_state(len(tokens)) if state is None else state
    nats, spk = [], []
    with heard(model) as window:
        for start in range(0, tokens.shape[1] - 1, chunk):
            part = tokens[:, start : start + chunk + 1]  # (B, t + 1)
            out = model(part[:, :-1], state=state)
            paid = F.cross_entropy(out.logits.mT, part[:, 1:], reduction="none")  # (B, t)
            state = update_stress(out.state, paid.mean(1), paid.shape[1], out.logits.shape[-1])
            nats.append(paid)
            if spikes:
                spk.append(torch.cat([fired for fired, _ in window], -1).bool())  # (t, B, L·N)
            window.clear()
    return Read(torch.cat(nats, 1), torch.cat(spk) if spikes else None, state)
