"""Checks for notebooks 00 and 03: two measures, the recurrent step and its loop, V1, trigrams."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import torch

from ..model.v1 import V1, V1Config
from ..neurons.lif import LIFState, rlif_step
from ..neurons.scan import reference_scan
from ..runtime.settings import seed_all
from .feedback import call_student, expect_tensor, feedback, same_numbers

SMALL = V1Config(vocab=11, embed=16, hidden=24)


def _layer_case():
    """Currents (T, B, N), w_rec (N, N), β (N,), θ (N,), and a state that has already fired."""
    rng = torch.Generator().manual_seed(3)
    cur = torch.randn(30, 2, 6, generator=rng)
    w_rec = 0.5 * torch.randn(6, 6, generator=rng)
    beta, thr = torch.rand(6, generator=rng), 0.5 + torch.rand(6, generator=rng)
    mem = 2 * torch.randn(2, 6, generator=rng)
    return cur, w_rec, beta, thr, LIFState((mem > thr).float(), mem)


@feedback
def check_rlif_step(fn) -> str:
    """Check `fn(cur, spk, mem, w_rec, beta, thr, slope)` against `neurons.rlif_step`."""
    cur, w_rec, beta, thr, (spk, mem) = _layer_case()
    given = [cur[0], spk, mem, w_rec, beta, thr]
    right = rlif_step(*given)
    mine = call_student(fn, *given)
    assert isinstance(mine, tuple) and len(mine) == 2, "Return two things: `return spk, mem`."
    if not same_numbers(expect_tensor(mine[1], mem, "The membrane"), right[1]):
        raise AssertionError(_explain_membrane(mine[1], right[1], *given))
    assert torch.equal(mine[0], right[0]), (
        "The membrane is right; a spike is 1 where U > θ, else 0."
    )
    for at, name in ((0, "current"), (2, "membrane"), (3, "recurrent weights")):
        got, want = _step_gradient(fn, given, at), _step_gradient(rlif_step, given, at)
        assert same_numbers(got, want), (
            f"The gradient with respect to the {name} differs; is the reset detached?"
        )
    return "the same spikes, membranes and gradients."


def _step_gradient(step, given, at: int) -> torch.Tensor:
    """Return the gradient of all outputs of `step` with respect to argument number `at`."""
    leaf = given[at].clone().requires_grad_()
    spk, mem = step(*given[:at], leaf, *given[at + 1 :])
    return torch.autograd.grad(spk.sum() + mem.sum(), leaf)[0]


def _explain_membrane(mine, right, cur, spk, mem, w_rec, beta, thr) -> str:
    rec = spk @ w_rec.T
    if same_numbers(mine, right - rec):
        return "W_rec·S[t−1] is missing from the current."
    if same_numbers(mine, right - rec + spk @ w_rec):
        return "The recurrent weights are transposed: row i holds the weights *into* neuron i."
    if same_numbers(mine, right + (mem > thr).float() * thr):
        return "The reset is missing: subtract θ·S[t−1]."
    return f"The membrane is {mine[0].tolist()}, expected {right[0].tolist()}."


@feedback
def check_scan(fn) -> str:
    """Check `fn(cur, w_rec, beta, thr, slope, state)` against `scan.reference_scan`."""
    cur, w_rec, beta, thr, state = _layer_case()
    for start in (None, state):
        right = reference_scan(cur, w_rec, beta, thr, 2.0, start)
        mine = call_student(fn, cur, w_rec, beta, thr, 2.0, start)
        where = "from silence" if start is None else "from a given state"
        for got, want, name in zip(mine[:2], right[:2], ("spikes", "membranes"), strict=True):
            expect_tensor(got, want, f"The recording of {name}")
            assert same_numbers(got, want), f"Started {where}, the {name} differ."
        assert same_numbers(mine[2].mem, right[2].mem), (
            "The state returned is not that of the last step."
        )
    return "30 steps, from silence and from a given state."


@feedback
def check_v1(cls) -> str:
    """Check a model class against `v1.V1`: outputs, gradients, state, and step by step."""
    seed_all(4)
    oracle = V1(SMALL)
    seed_all(4)
    mine = cls(SMALL)
    got, want = _sizes(mine), _sizes(oracle)
    assert got == want, f"The parameters differ: {got}, expected {want}."
    mine.load_state_dict(oracle.state_dict())
    tokens = torch.randint(SMALL.vocab, (3, 12), generator=torch.Generator().manual_seed(1))
    for training in (False, True):
        _compare(mine.train(training), oracle.train(training), tokens, training)
    state, first = mine.eval().zero_state(3), mine(tokens).logits
    for t in range(tokens.shape[1]):
        logits, state = mine.step(tokens[:, t], state)
        assert torch.allclose(logits, first[:, t], atol=1e-5), (
            f"`step` and `forward` part at t = {t}."
        )
    half = mine(tokens[:, :6])
    second = mine(tokens[:, 6:], state=half.state).logits
    assert torch.allclose(second, first[:, 6:], atol=1e-5), (
        "Reading on from a state is not the same as reading in one go: is `state` used?"
    )
    return "outputs, gradients, state and single steps equal the package's."


def _sizes(model) -> dict:
    return {name: tuple(p.shape) for name, p in model.named_parameters()}


def _compare(mine, oracle, tokens, training: bool) -> None:
    results = []
    for model in (mine, oracle):
        seed_all(5)
        out = model(tokens[:, :-1], tokens[:, 1:])
        model.zero_grad()
        out.loss.backward()
        results.append(out)
    mode = "in training" if training else "in evaluation"
    got, want = results
    assert torch.allclose(got.logits, want.logits, atol=1e-5), f"The logits differ {mode}."
    assert torch.allclose(got.loss, want.loss, atol=1e-5), f"The loss differs {mode}."
    for a, b in zip(got.rates, want.rates, strict=True):
        assert torch.allclose(a, b), f"The firing rates differ {mode}."
    for (name, p), q in zip(mine.named_parameters(), oracle.parameters(), strict=True):
        assert torch.allclose(p.grad, q.grad, atol=1e-5), f"The gradient of {name} differs {mode}."


@feedback
def check_spikes_per_step(fn) -> str:
    """Check `fn(spk)`: for a recording (L, T, N), each layer's mean number of spikes per step."""
    for shape in ((2, 30, 8), (3, 7, 5)):
        spk = (np.random.default_rng(shape[1]).random(shape) < 0.3).astype(np.uint8)
        mine, right = np.asarray(call_student(fn, spk), float), spk.sum(2).mean(1)
        assert mine.shape == right.shape, (
            f"A recording of {shape[0]} layers needs {shape[0]} numbers, not shape {mine.shape}."
        )
        assert not np.allclose(mine, spk.mean((1, 2))), "That is the share; count the spikes."
        assert not np.allclose(mine, spk.sum((1, 2))), "That is the total; divide by the steps."
        assert np.allclose(mine, right), f"Got {mine.round(2)}, expected {right.round(2)}."
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
        raise AssertionError(sentence)
    return "the mean surprise, in nats."


@feedback
def check_trigram_entropy(fn) -> str:
    """Check `fn(text)`: −Σ p(a, b, c) ln p(c | a, b) on the text itself."""
    for text in ("to be or not to be, that is the question", "abababab", "aabbaabaabbb"):
        mine, n = float(call_student(fn, text)), len(text) - 2
        triples = Counter(zip(text, text[1:], text[2:], strict=False))
        pairs = Counter(pairwise(text[:-1]))  # those that a third character follows
        right = -sum(k / n * math.log(k / pairs[a, b]) for (a, b, _), k in triples.items())
        if math.isclose(mine, right, rel_tol=0.02, abs_tol=0.02):  # the last pair may count or not
            continue
        sentence = f"For {text!r} got {mine:.4f}, expected {right:.4f}."
        joint = -sum(k / n * math.log(k / n) for k in triples.values())
        if math.isclose(mine, joint, rel_tol=1e-4):
            sentence = "That is the entropy of triples; divide each count by its pair's."
        if math.isclose(mine, right / math.log(2), rel_tol=1e-4):
            sentence = "That is in bits; use the natural logarithm."
        raise AssertionError(sentence)
    return "equal on three texts."
