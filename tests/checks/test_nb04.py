"""The checks of notebook 04 accept the right answer and name the plausible wrong ones."""

import pytest
import torch

from realsam_edu.checks import nb04 as checks
from realsam_edu.checks.feedback import WrongAnswer
from realsam_edu.neurons.scan import reference_scan
from realsam_edu.neurons.scan_fused import fused_scan
from realsam_edu.neurons.surrogate import surrogate_grad


def backward(
    grad_spk, grad_mem, spk_rec, mem_rec, w_rec, beta, thr, slope,
    leak=1.0, turn=False, late=1, hill=True, spikes=0, order=-1,
):  # fmt: skip
    """The right backward pass, or one with a single mistake."""
    later, errors = torch.zeros_like(mem_rec[0]), []
    for t in reversed(range(len(grad_spk))):
        slope_here = surrogate_grad(mem_rec[t + late] - thr, slope) if hill else 1.0
        heard = grad_spk[t] + later @ (w_rec.t() if turn else w_rec)
        later = slope_here * heard + leak * beta * later + grad_mem[t]
        errors.append(later)
    d_cur = torch.stack(errors[::order])
    d_w = torch.einsum("tbn,tbm->nm", d_cur, spk_rec[spikes : len(d_cur) + spikes])
    d_beta = (d_cur * mem_rec[:-1]).sum((0, 1))
    return d_cur, d_w, d_beta, later @ w_rec, beta * later


def thr_grad(d_mem, mem_rec, beta, thr):
    reset = (mem_rec[:-1] > thr).to(d_mem.dtype)
    return (beta * d_mem[1:] - d_mem[:-1] * (1 + reset)).sum((0, 1))


def multiply_adds(config):
    e, n = config.embed, config.hidden
    return e * n + config.depth * 2 * n * n + n * e + config.vocab * e


def forward(cur, w_rec, beta, thr, spk, mem):
    spk_rec, mem_rec, _ = reference_scan(cur, w_rec, beta, thr, 2.0, (spk, mem))
    return torch.cat([spk[None], spk_rec]), torch.cat([mem[None], mem_rec])


def test_right_answers_pass(capsys):
    assert checks.check_forward(forward)
    assert checks.check_backward(backward)
    assert checks.check_hand_scan(reference_scan)
    assert checks.check_hand_scan(fused_scan)
    assert checks.check_thr_grad(thr_grad)
    assert checks.check_multiply_adds(multiply_adds)
    assert capsys.readouterr().out.count("✓") == 6


@pytest.mark.parametrize("name", ["forward", "backward", "hand_scan", "thr_grad", "multiply_adds"])
def test_a_stub_is_not_an_error(name, capsys):
    assert getattr(checks, f"check_{name}")(lambda *args: ...) is False
    assert "not started" in capsys.readouterr().out


def without_past(cur, w_rec, beta, thr, spk, mem):
    return tuple(recording[1:] for recording in forward(cur, w_rec, beta, thr, spk, mem))


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (without_past, "shape"),
        (lambda cur, w, *rest: forward(cur, w.t(), *rest), "spikes differ"),
        (lambda cur, w, beta, *rest: forward(cur, w, 0 * beta, *rest), "differ"),
    ],
)
def test_wrong_forwards_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_forward(fn)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ({"leak": 0.0}, "leak is forgotten"),
        ({"turn": True}, "W_rec is transposed"),
        ({"late": 0}, "hill is a step too early"),
        ({"hill": False}, "hill of Eq. 3"),
        ({"order": 1}, "turn the list round"),
        ({"spikes": 1}, "step \\*before\\*"),
        ({"leak": 0.5}, "differs from step 10 backward"),
    ],
)
def test_wrong_backwards_are_named(mistake, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_backward(lambda *given: backward(*given, **mistake))


def changed(**parts):
    """A backward that returns something else in one place."""
    names = ("d_cur", "d_w", "d_beta", "d_spk", "d_mem")

    def fn(*given):
        found = zip(names, backward(*given), strict=True)
        return tuple(parts[name](value) if name in parts else value for name, value in found)

    return fn


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda *given: backward(0 * given[0], *given[1:]), "`grad_spk` is left out"),
        (lambda *given: backward(given[0], 0 * given[1], *given[2:]), "`grad_mem` is left out"),
        (lambda *given: backward(*given)[:3], "five things"),
        (changed(d_w=torch.t), "transposed"),
        (changed(d_w=lambda d: 2 * d), "recurrent weights differs"),
        (changed(d_beta=lambda d: -d), "leaks differs"),
        (changed(d_beta=lambda d: d.sum()), "shape"),
        (changed(d_spk=torch.zeros_like), "past spikes differs"),
        (changed(d_mem=lambda d: 2 * d), "past membranes differs"),
    ],
)
def test_wrong_results_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_backward(fn)


def leaky_reset(cur, w_rec, beta, thr, slope, state):
    """Values right, gradient wrong: the reset is not detached from the threshold's spike."""
    spk_rec, mem_rec, state = fused_scan(cur, w_rec, beta, thr, slope, state)
    return spk_rec, mem_rec + 0.1 * (mem_rec - mem_rec.detach()), state


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (leaky_reset, "gradient differs"),
        (lambda cur, w, b, t, k, state: fused_scan(cur, w, b, t, k + 1, state), "gradient differs"),
        (lambda cur, w, b, t, k, state: fused_scan(cur, w, b, t, k, None), "state differ"),
    ],
)
def test_wrong_scans_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_hand_scan(fn)


def without_reset(d_mem, mem_rec, beta, thr):
    return (beta * d_mem[1:] - d_mem[:-1]).sum((0, 1))


def without_spike(d_mem, mem_rec, beta, thr):
    return -(d_mem[:-1] * (mem_rec[:-1] > thr)).sum((0, 1))


def whole_error(d_mem, mem_rec, beta, thr):
    return -(d_mem[:-1] * (1 + (mem_rec[:-1] > thr).to(d_mem.dtype))).sum((0, 1))


def late_reset(d_mem, mem_rec, beta, thr):
    reset = (mem_rec[1:] > thr).to(d_mem.dtype)
    return (beta * d_mem[1:] - d_mem[:-1] * (1 + reset)).sum((0, 1))


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda *given: -thr_grad(*given), "sign"),
        (without_reset, "reset is missing"),
        (without_spike, "spike is missing"),
        (whole_error, "along the leak"),
        (late_reset, "slab t"),
        (lambda *given: 2 * thr_grad(*given), "expected"),
        (lambda *given: thr_grad(*given).sum(), "shape"),
    ],
)
def test_wrong_threshold_gradients_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_thr_grad(fn)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda c: 2 * multiply_adds(c), "counts operations"),
        (lambda c: multiply_adds(c) - c.depth * c.hidden**2, "two matrices"),
        (lambda c: multiply_adds(c) + c.depth * c.hidden**2, "no gate"),
        (lambda c: multiply_adds(c) - c.vocab * c.embed, "meets every token once"),
        (lambda c: multiply_adds(c) + c.vocab * c.embed, "multiplies nothing"),
        (lambda c: multiply_adds(c) - c.embed * c.hidden, "projection and the head"),
        (lambda c: multiply_adds(c) - 2 * (c.depth - 1) * c.hidden**2, "`depth` blocks"),
        (lambda c: 7, "every matrix"),
    ],
)
def test_wrong_counts_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_multiply_adds(fn)
