"""Which token comes next: the rules of drawing, in one order, and what they may be set to.

    scores ─▶ repetition penalty ─▶ temperature ─▶ top-k ─▶ top-p ─▶ draw

Temperature divides the scores. Top-k keeps the k likeliest tokens (Fan et al. 2018). Top-p keeps
the smallest set of likeliest tokens whose probabilities add up to p (Holtzman et al. 2020). The
repetition penalty ρ makes a token that was read or written lately less likely: a positive score is
divided by ρ, another is multiplied by it (Keskar et al. 2019, CTRL). Notebook 09 builds them.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from ..runtime.errors import RealSamError

RECENT = 64  # tokens that the repetition penalty looks back on


@dataclass(frozen=True)
class Sampling:
    """How to draw. The only place that knows which settings are possible.

    Attributes:
        temperature: 1 draws from the model's own distribution, less is bolder on what is likely; 0
            (or so little that a float cannot tell) takes the likeliest token.
        top_k: keep the k likeliest tokens; None, or more than there are, keeps all.
        top_p: keep the likeliest tokens that add up to this probability; None or 1 keeps all.
        repetition_penalty: ρ ≥ 1 for the distinct ones of the last `RECENT` tokens; 1 is none.

    Raises:
        RealSamError: a setting is out of its range.
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0

    def __post_init__(self):
        if not 0 <= self.temperature < math.inf:
            raise RealSamError(
                "Temperature must be a number from 0 (always the likeliest piece) upward, such as "
                f"0.8; it is {self.temperature}."
            )
        if self.top_k is not None and self.top_k < 1:
            raise RealSamError(
                f"With a top-k of {self.top_k} nothing is left; it must be 1 or more."
            )
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise RealSamError(f"Top-p must be above 0 and at most 1; it is {self.top_p}.")
        if not 1 <= self.repetition_penalty < math.inf:
            raise RealSamError(
                "The repetition penalty must be a number from 1 (none) upward, such as 1.2; it is "
                f"{self.repetition_penalty}."
            )


def seeded(seed: int) -> torch.Generator:
    """Return a random generator on the CPU that starts from `seed`: same seed, same draws.

    Raises:
        RealSamError: the seed is negative, or too large to be kept.
    """
    if not 0 <= seed < 2**63:
        raise RealSamError(f"The seed must be a whole number from 0 to 2^63 - 1; it is {seed}.")
    return torch.Generator().manual_seed(seed)


def penalised(scores: torch.Tensor, recent: Iterable[int], penalty: float) -> torch.Tensor:
    """Return scores (B, V) with those of the tokens in `recent` made less likely."""
    known = sorted(set(recent))
    if penalty == 1.0 or not known:
        return scores
    scores, known = scores.clone(), torch.tensor(known, device=scores.device)
    heard = scores[:, known]  # (B, K)
    scores[:, known] = torch.where(heard > 0, heard / penalty, heard * penalty)
    return scores


def nucleus(p: torch.Tensor, top_p: float) -> torch.Tensor:
    """Return probabilities (B, V) with those outside of the smallest set that makes `top_p` at 0.

    The set has at least one token, what is left does not add up to 1, and of equally likely tokens
    the first ones stay.
    """
    ranked = p.double().sort(dim=-1, descending=True, stable=True)  # values and indices, (B, V)
    before = ranked.values.cumsum(-1) - ranked.values  # what the likelier ones add up to
    return p.masked_fill(_unsorted(before >= top_p, ranked.indices), 0.0)


def _unsorted(values: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(values).scatter_(-1, order, values)


def distribution(logits: torch.Tensor, sampling: Sampling, recent: Iterable[int] = ()):
    """Return the probabilities (B, V) that the next tokens are drawn with, on the CPU.

    Args:
        logits: (B, V) scores.
        sampling: the rules.
        recent: the last tokens read or written, at most `RECENT` of them.

    Raises:
        RealSamError: the scores are not numbers.
    """
    scores = penalised(logits, recent, sampling.repetition_penalty)
    scores = scores.float().cpu()  # here the host waits for the device
    if not scores.isfinite().all():
        raise RealSamError(
            "The model's scores are no numbers; its weights are broken, so use others."
        )
    warmed = scores / sampling.temperature if sampling.temperature else scores  # (B, V)
    if not (sampling.temperature and warmed.isfinite().all()):
        likeliest = torch.zeros_like(scores)
        return likeliest.scatter_(-1, scores.argmax(-1, keepdim=True), 1.0)
    if sampling.top_k is not None:
        kth = warmed.topk(min(sampling.top_k, warmed.shape[-1])).values[:, -1:]
        warmed = warmed.masked_fill(warmed < kth, -torch.inf)
    p = warmed.softmax(-1)
    if sampling.top_p in (None, 1):
        return p
    kept = nucleus(p, sampling.top_p)
    return kept / kept.sum(-1, keepdim=True)


def sample_token(logits: torch.Tensor, sampling: Sampling, rng, recent: Iterable[int] = ()):
    """Draw one token per row, (B,), on the device of `logits`; arguments as in `distribution`.

    `rng` is a CPU `torch.Generator`; it is not asked where the temperature is 0.
    """
    if sampling.temperature == 0:
        return penalised(logits, recent, sampling.repetition_penalty).argmax(-1)
    p = distribution(logits, sampling, recent)
    return torch.multinomial(p, 1, generator=rng)[:, 0].to(logits.device)
