"""Recordings of a model at work: every spike, every membrane, every prediction, step by step.

Figures and widgets read a `Trace`; nothing in it needs the model any more.
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from ..generation.generate import stream
from ..model.environment import update_stress
from ..neurons.layer import RecurrentLIF
from ..neurons.lif import LIFState


@dataclass(frozen=True)
class Trace:
    """T steps of a model with L layers of N neurons; step t has read `chars[t]`."""

    chars: list[str]  # T tokens read, as text
    spk: np.ndarray  # (L, T, N) uint8, 1 where a neuron fired
    mem: np.ndarray  # (L, T, N) float32, membranes
    thr: np.ndarray  # (L, N) float32, thresholds
    top_ids: np.ndarray  # (T, K) int64, likeliest next tokens, best first
    top_chars: list[list[str]]  # the same as text
    top_p: np.ndarray  # (T, K) float32, their probabilities
    prompt_len: int  # the first `prompt_len` tokens were given, the rest Sam wrote

    @property
    def text(self) -> str:
        """All that was read, prompt included."""
        return "".join(self.chars)

    @property
    def rate(self) -> float:
        """Share of neurons firing per step, over all layers."""
        return float(self.spk.mean())


@torch.no_grad()
def trace(model, tokenizer, text: str, prompt_len: int | None = None, top_k: int = 8) -> Trace:
    """Let `model` read `text` from silence and record it.

    Args:
        model: any version, in evaluation mode.
        tokenizer: its tokenizer.
        text: at least one character.
        prompt_len: how many tokens were given rather than generated; all if None.
        top_k: how many of the likeliest next tokens to keep per step.
    """
    device = next(model.parameters()).device
    tokens, state = tokenizer.encode(text).to(device), model.zero_state(1)
    spk, mem, probs = [], [], []
    for token in tokens:
        if probs:  # V4 feels how surprising this token is
            state = update_stress(state, -probs[-1][token].log(), 1, model.config.vocab)
        logits, state = model.step(token[None], state)
        layers = [part for part in state if isinstance(part, LIFState)]
        spk.append(torch.stack([layer.spk[0] for layer in layers]))  # (L, N)
        mem.append(torch.stack([layer.mem[0] for layer in layers]))
        probs.append(logits[0].softmax(-1))
    populations = [part for part in model.modules() if isinstance(part, RecurrentLIF)]
    top_p, top_ids = torch.stack(probs).topk(min(top_k, tokenizer.vocab_size))  # (T, K)
    return Trace(
        chars=[tokenizer.decode([token]) for token in tokens],
        spk=torch.stack(spk, 1).cpu().numpy().astype(np.uint8),
        mem=torch.stack(mem, 1).cpu().numpy(),
        thr=np.stack([population.thr.cpu().numpy() for population in populations]),
        top_ids=top_ids.cpu().numpy(),
        top_chars=[[tokenizer.decode([i]) for i in row] for row in top_ids.tolist()],
        top_p=top_p.cpu().numpy(),
        prompt_len=len(tokens) if prompt_len is None else prompt_len,
    )


def trace_generation(
    model, tokenizer, prompt: str, n: int = 120, temperature: float = 0.8, seed: int = 0
) -> Trace:
    """Let `model` continue `prompt` by `n` pieces and record both reading and writing."""
    letters = islice(stream(model, tokenizer, prompt, temperature, seed=seed), n)
    return trace(model, tokenizer, prompt + "".join(letters), len(tokenizer.encode(prompt)))
