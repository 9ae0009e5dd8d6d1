"""Checks of notebook 03: the recurrent step, the loop over time, V1, trigrams."""

import math
from collections import Counter
from itertools import pairwise

import torch

from ..model.v1 import V1, V1Config
from ..neurons.lif import LIFState, rlif_step
from ..neurons.scan import reference_scan
from ..runtime.settings import seed_all
from .feedback import (
    WrongAnswer,
    call_student,
    expect,
    expect_pair,
    expect_tensor,
    feedback,
    same_numbers,
)

SMALL_V1 = V1Config(vocab=11, embed=16, hidden=24)

# ---------------------------------------------------------------- what the notebook defines


def _layer_in_float32():
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
    cur, w_rec, beta, thr, (spk, mem) = _layer_in_float32()
    given = [cur[0], spk, mem, w_rec, beta, thr]
    right = rlif_step(*given)
    mine = expect_pair(call_student(fn, *given), mem)
    if not same_numbers(mine[1], right[1]):
        raise WrongAnswer(_explain_membrane(mine[1], right[1], *given))
    expect(
        torch.equal(mine[0], right[0]), "The membrane is right; a spike is 1 where U > θ, else 0."
    )
    for at, name in ((0, "current"), (2, "membrane"), (3, "recurrent weights")):
        got, want = _step_gradient(fn, given, at), _step_gradient(rlif_step, given, at)
        expect(
            same_numbers(got, want),
            f"The gradient with respect to the {name} differs; is the reset detached?",
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
    cur, w_rec, beta, thr, state = _layer_in_float32()
    for start in (None, state):
        right = reference_scan(cur, w_rec, beta, thr, 2.0, start)
        mine = call_student(fn, cur, w_rec, beta, thr, 2.0, start)
        where = "from silence" if start is None else "from a given state"
        for got, want, name in zip(mine[:2], right[:2], ("spikes", "membranes"), strict=True):
            expect_tensor(got, want, f"The recording of {name}")
            expect(same_numbers(got, want), f"Started {where}, the {name} differ.")
        expect(
            same_numbers(mine[2].mem, right[2].mem),
            "The state returned is not that of the last step.",
        )
    return "30 steps, from silence and from a given state."


@feedback
def check_v1(cls) -> str:
    """Check a model class against `v1.V1`: outputs, gradients, state, and step by step."""
    seed_all(4)
    oracle = V1(SMALL_V1)
    seed_all(4)
    mine = cls(SMALL_V1)
    got, want = _sizes(mine), _sizes(oracle)
    expect(got == want, f"The parameters differ: {got}, expected {want}.")
    mine.load_state_dict(oracle.state_dict())
    tokens = torch.randint(SMALL_V1.vocab, (3, 12), generator=torch.Generator().manual_seed(1))
    for training in (False, True):
        _compare(mine.train(training), oracle.train(training), tokens, training)
    state, first = mine.eval().zero_state(3), mine(tokens).logits
    for t in range(tokens.shape[1]):
        logits, state = mine.step(tokens[:, t], state)
        expect(
            torch.allclose(logits, first[:, t], atol=1e-5), f"`step` and `forward` part at t = {t}."
        )
    half = mine(tokens[:, :6])
    second = mine(tokens[:, 6:], state=half.state).logits
    expect(
        torch.allclose(second, first[:, 6:], atol=1e-5),
        "Reading on from a state is not the same as reading in one go: is `state` used?",
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
    expect(torch.allclose(got.logits, want.logits, atol=1e-5), f"The logits differ {mode}.")
    expect(torch.allclose(got.loss, want.loss, atol=1e-5), f"The loss differs {mode}.")
    for a, b in zip(got.rates, want.rates, strict=True):
        expect(torch.allclose(a, b), f"The firing rates differ {mode}.")
    for (name, p), q in zip(mine.named_parameters(), oracle.parameters(), strict=True):
        expect(torch.allclose(p.grad, q.grad, atol=1e-5), f"The gradient of {name} differs {mode}.")


# ---------------------------------------------------------------- exercises


@feedback
def check_trigram_entropy(fn) -> str:
    """Check `fn(text)`: −Σ p(a, b, c) ln p(c | a, b) on the text itself."""
    for text in ("to be or not to be, that is the question", "abababab", "aabbaabaabbb"):
        mine, n = float(call_student(fn, text)), len(text) - 2
        triples = Counter(zip(text, text[1:], text[2:], strict=False))
        followed, every = Counter(pairwise(text[:-1])), Counter(pairwise(text))
        right, last_too = (  # the last pair, which no third character follows, may count or not
            sum(k / n * math.log(pairs[a, b] / k) for (a, b, _), k in triples.items())
            for pairs in (followed, every)
        )
        if any(math.isclose(mine, nats, rel_tol=0.02, abs_tol=0.02) for nats in (right, last_too)):
            continue
        sentence = f"For {text!r} got {mine:.4f}, expected {right:.4f}."
        joint = -sum(k / n * math.log(k / n) for k in triples.values())
        if math.isclose(mine, joint, rel_tol=1e-4):
            sentence = "That is the entropy of triples; divide each count by its pair's."
        if math.isclose(mine, right / math.log(2), rel_tol=1e-4):
            sentence = "That is in bits; use the natural logarithm."
        raise WrongAnswer(sentence)
    return "equal on three texts."
