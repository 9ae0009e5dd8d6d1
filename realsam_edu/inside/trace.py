"""Recordings of a model at work: every spike, every membrane, every prediction, step by step.

A `Recorder` watches the run that reads or writes; nothing is run a second time to be shown. Figures
and widgets read the `Trace` it makes; nothing in that needs the model any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch

from ..generation.generate import opening, read_prompt, stream
from ..model.environment import Environment
from ..neurons.layer import RecurrentLIF
from ..neurons.lif import LIFState
from ..runtime.errors import RealSamError

START = "■"  # how `<|endoftext|>` is shown: the token before the first word, and after the last


@dataclass(frozen=True)
class Trace:
    """T steps of a model with L layers of N neurons; step t has read `chars[t]`.

    What models of word pieces read first is `<|endoftext|>`, shown as `START`.
    """

    chars: list[str]  # T tokens read, as text
    spk: np.ndarray  # (L, T, N) uint8, 1 where a neuron fired
    mem: np.ndarray  # (L, T, N) float32, membranes
    thr: np.ndarray  # (L, N) float32, thresholds
    top_ids: np.ndarray  # (T, K) int64, likeliest next tokens, best first
    top_chars: list[list[str]]  # the same as text
    top_p: np.ndarray  # (T, K) float32, their probabilities
    prompt_len: int  # the first `prompt_len` tokens were given, the rest Sam wrote
    stress: np.ndarray | None = None  # (T,) float32, under which each was read; V4 only

    @property
    def text(self) -> str:
        """All that was read, prompt included, without the sign at its start."""
        return "".join(self.chars).removeprefix(START)

    @property
    def rate(self) -> float:
        """Share of neurons firing per step, over all layers."""
        return float(self.spk.mean())

    def first(self, steps: int) -> "Trace":
        """Return the trace of the first `steps` steps."""
        return replace(
            self,
            chars=self.chars[:steps],
            spk=self.spk[:, :steps],
            mem=self.mem[:, :steps],
            top_ids=self.top_ids[:steps],
            top_chars=self.top_chars[:steps],
            top_p=self.top_p[:steps],
            stress=None if self.stress is None else self.stress[:steps],
        )


class Recorder:
    """Watches one text: give `on_step` to `stream`, `write` or `read_prompt` inside `listening`.

    Args:
        model: any version, in evaluation mode.
        top_k: how many of the likeliest next tokens to keep per step.
    """

    def __init__(self, model, top_k: int = 8):
        self.model, self.top_k = model, top_k
        self.lifs = [part for part in model.modules() if isinstance(part, RecurrentLIF)]
        self.tokens, self.layers, self.top, self.stress = [], [], [], []
        self._heard = []  # (spk, mem) of every population in the window just read, (T, B, N)

    @property
    def steps(self) -> int:
        """Tokens read so far."""
        return len(self.tokens)

    @contextmanager
    def listening(self) -> Iterator["Recorder"]:
        """Let the recorder hear the populations while a whole window passes through them."""

        def hear(_, __, recorded) -> None:
            self._heard.append(recorded[:2])

        hooks = [lif.register_forward_hook(hear) for lif in self.lifs]
        try:
            yield self
        finally:
            for hook in hooks:
                hook.remove()

    def on_step(self, tokens: torch.Tensor, logits: torch.Tensor, state: tuple) -> None:
        """Write down what a run just read, see `generate.Observer`.

        Raises:
            RealSamError: several tokens passed at once, and no population was heard.
        """
        layers = [part for part in state if isinstance(part, LIFState)]
        pairs = [(part.spk, part.mem) for part in layers]  # (1, N): one step
        if len(tokens) > 1:
            if len(self._heard) != len(layers):
                raise RealSamError("Only layers of the kind `RecurrentLIF` can be recorded.")
            pairs = [(spk[:, 0], mem[:, 0]) for spk, mem in self._heard]  # (T, N)
        self._heard = []
        self.tokens += tokens.tolist()
        self.layers.append(torch.stack([torch.stack(pair) for pair in pairs]).cpu())  # (L, 2, T, N)
        best = logits.topk(min(self.top_k, logits.shape[-1])).indices  # (T, K)
        self.top.append((logits.float().softmax(-1).gather(-1, best).cpu(), best.cpu()))
        felt = [part.stress[:1] for part in state if isinstance(part, Environment)]
        self.stress += [part.cpu().expand(len(tokens)) for part in felt]

    def trace(self, tokenizer, prompt_len: int) -> Trace:
        """Return what was recorded; the first `prompt_len` tokens were given."""
        spk, mem = torch.cat(self.layers, 2).unbind(1)  # (L, T, N) each
        top_p, top_ids = (torch.cat(parts) for parts in zip(*self.top, strict=True))  # (T, K)
        return Trace(
            chars=[_shown(tokenizer, token) for token in self.tokens],
            spk=spk.numpy().astype(np.uint8),
            mem=mem.float().numpy(),
            thr=np.stack([lif.thr.float().cpu().numpy() for lif in self.lifs]),
            top_ids=top_ids.numpy(),
            top_chars=[[_shown(tokenizer, token) for token in row] for row in top_ids.tolist()],
            top_p=top_p.numpy(),
            prompt_len=prompt_len,
            stress=torch.cat(self.stress).float().numpy() if self.stress else None,
        )


def _shown(tokenizer, token: int) -> str:
    if tokenizer.kind == "bpe" and token == tokenizer.END:
        return START
    return tokenizer.decode([token])


def trace(model, tokenizer, text: str, top_k: int = 8) -> Trace:
    """Let `model` read `text` as it reads a prompt, from silence and in one window; record it.

    Args:
        model: any version, in evaluation mode.
        tokenizer: its tokenizer.
        text: V1 needs at least one character.
        top_k: how many of the likeliest next tokens to keep per step.
    """
    device, recorder = next(model.parameters()).device, Recorder(model, top_k)
    with recorder.listening():
        read_prompt(model, opening(tokenizer, text)[None].to(device), on_step=recorder.on_step)
    return recorder.trace(tokenizer, recorder.steps)


def trace_generation(
    model,
    tokenizer,
    prompt: str,
    n: int = 120,
    temperature: float = 0.8,
    seed: int = 0,
    stress: float | None = None,
) -> Trace:
    """Let `model` continue `prompt` by up to `n` pieces and record that run, reading and writing.

    Arguments and errors as in `generation.stream`.
    """
    recorder = Recorder(model)
    with recorder.listening():
        pieces = stream(model, tokenizer, prompt, temperature, None, seed, stress, recorder.on_step)
        for _ in islice(pieces, n):
            pass
        steps = recorder.steps + 1  # what was written last is read when more is asked for
        next(pieces, None)
    given = len(opening(tokenizer, prompt))
    return recorder.trace(tokenizer, given).first(max(steps, given))
