"""Checks of notebook 00: two measures of what Sam does."""

import math

import numpy as np
import torch

from .feedback import WrongAnswer, call_student, expect, feedback


@feedback
def check_spikes_per_step(fn) -> str:
    """Check `fn(spk)`: for a recording (L, T, N), each layer's mean number of spikes per step."""
    for shape in ((2, 30, 8), (3, 7, 5)):
        spk = (np.random.default_rng(shape[1]).random(shape) < 0.3).astype(np.uint8)
        mine, right = np.asarray(call_student(fn, spk), float), spk.sum(2).mean(1)
        expect(
            mine.shape == right.shape,
            f"A recording of {shape[0]} layers needs {shape[0]} numbers, not shape {mine.shape}.",
        )
        expect(not np.allclose(mine, spk.mean((1, 2))), "That is the share; count the spikes.")
        expect(not np.allclose(mine, spk.sum((1, 2))), "That is the total; divide by the steps.")
        expect(np.allclose(mine, right), f"Got {mine.round(2)}, expected {right.round(2)}.")
    return "one mean count per layer."


@feedback
def check_nats_per_character(fn) -> str:
    """Check `fn(p)`: the mean of −ln p."""
    for p in (torch.tensor([1.0, 0.25]), torch.tensor([0.5, 0.1, 0.9])):
        mine, right = float(call_student(fn, p)), float(-p.log().mean())
        if math.isclose(mine, right, rel_tol=1e-4):
            continue
        sentence = (
            f"For p = {[round(x, 2) for x in p.tolist()]} got {mine:.3f}, expected {right:.3f}."
        )
        if math.isclose(mine, -right, rel_tol=1e-4):
            sentence = "The sign is missing: a surprise is −ln p, never negative."
        if math.isclose(mine, right / math.log(2), rel_tol=1e-4):
            sentence = "That is in bits; use the natural logarithm."
        if math.isclose(mine, float(-p.mean().log()), rel_tol=1e-4):
            sentence = "Take the logarithm of each probability first, then the mean."
        raise WrongAnswer(sentence)
    return "the mean surprise, in nats."
