"""The checks of notebook 03 accept the right answer and name the plausible wrong ones."""

from collections import Counter
from itertools import pairwise
from math import log

import pytest
import torch

from realsam_edu.checks import nb03 as checks
from realsam_edu.checks.feedback import WrongAnswer
from realsam_edu.model.v1 import V1
from realsam_edu.neurons.lif import rlif_step
from realsam_edu.neurons.scan import reference_scan
from realsam_edu.neurons.scan_fused import fused_scan


def entropy(text, of_triples=False, base=1.0, upto=-1):
    triples = Counter(zip(text, text[1:], text[2:], strict=False))
    pairs, n = Counter(pairwise(text[:upto])), len(text) - 2
    below = {t: n if of_triples else pairs[t[:2]] for t in triples}
    return -sum(k / n * log(k / below[t]) for t, k in triples.items()) / base


def test_right_answers_pass(capsys):
    assert checks.check_rlif_step(rlif_step)
    assert checks.check_scan(reference_scan) and checks.check_scan(fused_scan)
    assert checks.check_v1(V1)
    assert checks.check_trigram_entropy(entropy)
    assert checks.check_trigram_entropy(lambda text: entropy(text, upto=None))
    assert capsys.readouterr().out.count("✓") == 6


@pytest.mark.parametrize("name", ["rlif_step", "trigram_entropy"])
def test_a_stub_is_not_an_error(name, capsys):
    assert getattr(checks, f"check_{name}")(lambda *args: ...) is False
    assert "not started" in capsys.readouterr().out


def no_recurrence(cur, spk, mem, w_rec, *rest):
    return rlif_step(cur, spk, mem, torch.zeros_like(w_rec), *rest)


def transposed(cur, spk, mem, w_rec, *rest):
    return rlif_step(cur, spk, mem, w_rec.T, *rest)


def with_gradient_through_reset(cur, spk, mem, w_rec, beta, thr, slope=2.0):
    from realsam_edu.neurons.surrogate import spike

    new = beta * mem + cur + spk @ w_rec.T - spike(mem - thr, slope) * thr
    return spike(new - thr, slope), new


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (no_recurrence, "missing"),
        (transposed, "transposed"),
        (with_gradient_through_reset, "detached"),
    ],
)
def test_wrong_steps_are_named(step, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_rlif_step(step)


def test_a_scan_that_forgets_its_state_is_caught():
    with pytest.raises(WrongAnswer, match="given state"):
        checks.check_scan(lambda cur, w, beta, thr, slope, state: reference_scan(cur, w, beta, thr))


def test_a_model_that_drops_its_state_is_caught():
    class Forgetful(V1):
        def step(self, token, state):
            return super().step(token, self.zero_state(len(token)))

    class Deaf(V1):
        def forward(self, tokens, targets=None, state=None):
            return super().forward(tokens, targets)

    with pytest.raises(WrongAnswer, match="part at t = 1"):
        checks.check_v1(Forgetful)
    with pytest.raises(WrongAnswer, match="is `state` used"):
        checks.check_v1(Deaf)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda text: entropy(text, of_triples=True), "triples"),
        (lambda text: entropy(text, base=0.6931471805599453), "bits"),
    ],
)
def test_wrong_entropies_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_trigram_entropy(fn)
