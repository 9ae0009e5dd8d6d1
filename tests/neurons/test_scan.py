"""The fused scan against the readable loop: values, gradients, carried state, odd shapes."""

import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from realsam_edu.neurons.layer import RecurrentLIF
from realsam_edu.neurons.lif import LIFState
from realsam_edu.neurons.scan import asked_scan, forced_scan, lif_scan, reference_scan
from realsam_edu.neurons.scan_fused import _groups, fused_scan
from realsam_edu.runtime.errors import RealSamError


def problem(steps, batch, neurons, seed=0, dtype=torch.float64, slope=3.0):
    """Random leaf tensors and random weights for a scalar that depends on every output."""
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape, scale=1.0):
        return torch.randn(*shape, generator=rng, dtype=dtype) * scale

    leaves = {
        "cur": normal(steps, batch, neurons),
        "w_rec": normal(neurons, neurons, scale=0.5 / neurons**0.5),
        "beta": torch.rand(neurons, generator=rng, dtype=dtype),
        "thr": 0.5 + torch.rand(neurons, generator=rng, dtype=dtype),
        "spk": (torch.rand(batch, neurons, generator=rng) > 0.7).to(dtype),
        "mem": normal(batch, neurons),
    }
    shape = (steps, batch, neurons)
    probes = [normal(*shape), normal(*shape), normal(*shape[1:]), normal(*shape[1:])]
    return {name: leaf.requires_grad_() for name, leaf in leaves.items()}, probes, slope


def run(scan, leaves, probes, slope):
    state = LIFState(leaves["spk"], leaves["mem"])
    spk, mem, last = scan(
        leaves["cur"], leaves["w_rec"], leaves["beta"], leaves["thr"], slope, state
    )
    outs = (spk, mem, last.spk, last.mem)
    total = sum((out * probe).sum() for out, probe in zip(outs, probes, strict=True))
    grads = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return outs, grads


@settings(max_examples=30)
@given(
    steps=st.integers(1, 40),
    batch=st.integers(1, 4),
    neurons=st.integers(1, 24),
    seed=st.integers(0, 10_000),
    slope=st.sampled_from([0.5, 2.0, 25.0]),
)
def test_float64_gradients_equal_autograd(steps, batch, neurons, seed, slope):
    leaves, probes, _ = problem(steps, batch, neurons, seed, slope=slope)
    (spk_a, mem_a, *_), grads_a = run(reference_scan, leaves, probes, slope)
    (spk_b, mem_b, *_), grads_b = run(fused_scan, leaves, probes, slope)
    assert torch.equal(spk_a, spk_b)
    assert (mem_a - mem_b).abs().max() < 1e-10
    for name, a, b in zip(leaves, grads_a, grads_b, strict=True):
        assert (a - b).abs().max() <= 1e-10 * max(1.0, a.abs().max()), name


@pytest.mark.parametrize("heard", range(4), ids=["spk", "mem", "last spk", "last mem"])
def test_a_loss_that_hears_one_output_only(heard):
    leaves, probes, slope = problem(9, 3, 10)
    weights, grads = (leaves["w_rec"], leaves["beta"], leaves["thr"], slope), []
    for scan in (reference_scan, fused_scan):
        spk, mem, last = scan(leaves["cur"], *weights, LIFState(leaves["spk"], leaves["mem"]))
        out = (spk, mem, last.spk, last.mem)[heard]
        total = (out * probes[heard]).sum()
        grads.append(torch.autograd.grad(total, list(leaves.values()), allow_unused=True))
    for name, a, b in zip(leaves, *grads, strict=True):
        assert (a - b).abs().max() <= 1e-10 * max(1.0, a.abs().max()), name


@pytest.mark.parametrize(
    ("threads", "batch", "cut"), [(2, 32, 2), (3, 32, 2), (5, 24, 3), (4, 7, 1)]
)
def test_texts_in_groups_give_the_same_numbers(threads, batch, cut):
    before = torch.get_num_threads()
    leaves, probes, slope = problem(6, batch, 12, seed=threads)
    (spk_a, mem_a, *_), grads_a = run(reference_scan, leaves, probes, slope)
    torch.set_num_threads(threads)
    try:
        assert _groups(leaves["cur"]) == cut and _groups(leaves["cur"].bfloat16()) == 1
        (spk_b, mem_b, *_), grads_b = run(fused_scan, leaves, probes, slope)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(spk_a, spk_b) and (mem_a - mem_b).abs().max() < 1e-10
    for name, a, b in zip(leaves, grads_a, grads_b, strict=True):
        assert (a - b).abs().max() <= 1e-10 * max(1.0, a.abs().max()), name


def test_float32_matches_away_from_ties():
    leaves, probes, slope = problem(128, 8, 64, dtype=torch.float32)
    (spk_a, mem_a, *_), grads_a = run(reference_scan, leaves, probes, slope)
    (spk_b, mem_b, *_), grads_b = run(fused_scan, leaves, probes, slope)
    assert (mem_a - mem_b).abs().max() < 1e-5
    near = (mem_a - leaves["thr"]).abs() < 1e-5
    assert torch.equal(spk_a[~near], spk_b[~near])
    for name, a, b in zip(leaves, grads_a, grads_b, strict=True):
        assert (a - b).abs().max() <= 1e-5 * a.abs().max(), name


@pytest.mark.parametrize("scan", [reference_scan, fused_scan])
def test_state_carried_across_calls(scan):
    leaves, _, slope = problem(20, 3, 8)
    weights = leaves["w_rec"], leaves["beta"], leaves["thr"], slope
    start = LIFState(leaves["spk"], leaves["mem"])
    spk, mem, last = scan(leaves["cur"], *weights, start)
    _, _, middle = scan(leaves["cur"][:7], *weights, start)
    spk_2, mem_2, last_2 = scan(leaves["cur"][7:], *weights, middle)
    assert torch.equal(spk[7:], spk_2)
    assert torch.equal(mem[7:], mem_2)
    whole = torch.autograd.grad(last.mem.sum() + spk[7:].sum(), list(leaves.values()))
    parts = torch.autograd.grad(last_2.mem.sum() + spk_2.sum(), list(leaves.values()))
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("scan", [reference_scan, fused_scan])
def test_empty_sequence_changes_nothing(scan):
    leaves, _, slope = problem(1, 2, 5)
    state = LIFState(leaves["spk"], leaves["mem"])
    cur = leaves["cur"][:0]
    spk, mem, last = scan(cur, leaves["w_rec"], leaves["beta"], leaves["thr"], slope, state)
    assert spk.shape == mem.shape == (0, 2, 5)
    assert torch.equal(last.mem, leaves["mem"])


def test_number_for_beta_and_threshold_and_default_state():
    cur, w_rec = torch.randn(6, 2, 4), torch.zeros(4, 4)
    for a, b in zip(
        reference_scan(cur, w_rec, 0.9, 1.0)[:2], fused_scan(cur, w_rec, 0.9, 1.0)[:2], strict=True
    ):
        torch.testing.assert_close(a, b)


def test_reset_carries_no_gradient():
    """With the surrogate switched off (slope → ∞) a spike must not reach back through the reset."""
    cur = torch.full((3, 1, 1), 1.5, dtype=torch.float64, requires_grad=True)
    _, mem, _ = fused_scan(cur, torch.zeros(1, 1, dtype=torch.float64), 0.5, 1.0, 1e12)
    (grad,) = torch.autograd.grad(mem[2].sum(), cur)
    torch.testing.assert_close(grad.flatten(), torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64))


def test_bf16_products_keep_float32_membranes():
    layer = RecurrentLIF(32)
    cur = torch.randn(10, 4, 32)
    spk, mem, _ = layer(cur)
    with torch.autocast("cpu", torch.bfloat16):
        spk_16, mem_16, _ = layer(cur)
    assert mem_16.dtype == torch.float32
    assert spk_16.dtype == torch.bfloat16
    assert (mem[0] - mem_16[0]).abs().max() < 1e-6  # no recurrence yet at the first step
    assert (spk != spk_16).float().mean() < 0.05
    mem_16.sum().backward()
    assert torch.isfinite(layer.w_rec.grad).all()


def test_dispatch():
    cur, w_rec = torch.randn(3, 1, 4), torch.zeros(4, 4)
    with forced_scan("reference"):
        recording = lif_scan(cur, w_rec.requires_grad_(), 0.9, 1.0)[0]
    assert recording.grad_fn.name() == "StackBackward0"
    with pytest.raises(RealSamError, match="reference, fused"), forced_scan("warp"):
        lif_scan(cur, w_rec, 0.9, 1.0)
    assert asked_scan() is None


@pytest.mark.parametrize(("value", "said"), [("reference", "reference"), ("warp", "one of")])
def test_the_environment_asks(value, said):
    code = "from realsam_edu.neurons.scan import asked_scan; print(asked_scan())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"REALSAM_SCAN": value},
        capture_output=True,
        text=True,
    )
    assert said in done.stdout + done.stderr
