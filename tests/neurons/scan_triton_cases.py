"""The Triton scan against the readable loop; `test_scan_triton` runs this file in a process.

Whether Triton interprets its kernels is decided when it is imported, so this cannot share a process
with other tests. With TRITON_INTERPRET=1 it runs on the CPU, without on the GPU that is there.
"""

import os

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from realsam_edu.neurons import scan_triton
from realsam_edu.neurons.lif import LIFState
from realsam_edu.neurons.scan import reference_scan
from realsam_edu.neurons.scan_fused import fused_scan
from realsam_edu.neurons.scan_triton import triton_scan, why_not_triton

DEVICE = "cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda"


def problem(steps, batch, neurons, seed=0, numbers=False):
    """Random leaves on the device; with `numbers`, beta and thr are one number each."""
    rng = torch.Generator().manual_seed(seed)
    per_neuron = () if numbers else (neurons,)
    leaves = {
        "cur": torch.randn(steps, batch, neurons, generator=rng),
        "w_rec": torch.randn(neurons, neurons, generator=rng) * 0.5 / neurons**0.5,
        "beta": torch.rand(per_neuron, generator=rng),
        "thr": 0.5 + torch.rand(per_neuron, generator=rng),
        "spk": (torch.rand(batch, neurons, generator=rng) > 0.7).float(),
        "mem": torch.randn(batch, neurons, generator=rng),
    }
    return {name: leaf.to(DEVICE).requires_grad_() for name, leaf in leaves.items()}


def run(scan, leaves, slope=3.0, heard=(0, 1, 2, 3), silent=False):
    """Return all outputs, and the gradients of a random sum of those that are `heard`."""
    cur, w_rec, beta, thr, *past = leaves.values()
    spk, mem, last = scan(cur, w_rec, beta, thr, slope, None if silent else LIFState(*past))
    outs = spk, mem, last.spk, last.mem
    rng = torch.Generator().manual_seed(1)
    probes = [torch.randn(out.shape, generator=rng).to(DEVICE) for out in outs]
    total = sum((outs[i].float() * probes[i]).sum() for i in heard)
    if not total.requires_grad:
        return outs, [torch.zeros_like(leaf) for leaf in leaves.values()]
    grads = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    found = zip(grads, leaves.values(), strict=True)
    return outs, [torch.zeros_like(leaf) if grad is None else grad for grad, leaf in found]


def assert_same(mine, theirs, names, tolerance=1e-5):
    for name, a, b in zip(names, mine, theirs, strict=True):
        assert a.shape == b.shape, name
        gap = (a.float() - b.float()).abs().max() if a.numel() else 0.0
        assert gap <= tolerance * max(1e-3, b.abs().max() if b.numel() else 0.0), (name, gap)


def away_from_ties(mem, thr):
    return mem.numel() == 0 or (mem - thr).abs().min() > 1e-5


def test_it_runs_here():
    assert why_not_triton(torch.zeros(1, 1, 16, device=DEVICE)) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    steps=st.integers(0, 6),
    batch=st.integers(1, 20),
    neurons=st.sampled_from([16, 32, 48]),
    seed=st.integers(0, 10_000),
    slope=st.sampled_from([0.5, 3.0, 25.0]),
    heard=st.sets(st.integers(0, 3), min_size=1),
    numbers=st.booleans(),
    silent=st.booleans(),
)
def test_equals_the_readable_loop(steps, batch, neurons, seed, slope, heard, numbers, silent):
    leaves = problem(steps, batch, neurons, seed, numbers)
    options = slope, sorted(heard), silent
    outs_a, grads_a = run(reference_scan, leaves, *options)
    assume(away_from_ties(outs_a[1], leaves["thr"]))
    outs_b, grads_b = run(triton_scan, leaves, *options)
    assert torch.equal(outs_a[0], outs_b[0])
    assert torch.equal(outs_a[2], outs_b[2])
    for a, b in zip(outs_a, outs_b, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    assert_same(grads_b, grads_a, leaves)


@pytest.mark.parametrize("heard", [[0], [1], [2], [3], [2, 3]])
def test_gradients_through_one_output_only(heard):
    leaves = problem(5, 18, 48, seed=3)
    _, grads_a = run(reference_scan, leaves, heard=heard)
    _, grads_b = run(triton_scan, leaves, heard=heard)
    assert_same(grads_b, grads_a, leaves)


def test_more_neurons_than_one_tile_is_wide():
    leaves = problem(3, 2, 528)  # 512 and 16 more
    outs_a, grads_a = run(reference_scan, leaves)
    assert away_from_ties(outs_a[1], leaves["thr"])
    outs_b, grads_b = run(triton_scan, leaves)
    assert torch.equal(outs_a[0], outs_b[0])
    assert_same(grads_b, grads_a, leaves)


def test_state_carried_across_calls():
    leaves = problem(6, 5, 32)
    weights = leaves["w_rec"], leaves["beta"], leaves["thr"], 3.0
    start = LIFState(leaves["spk"], leaves["mem"])
    spk, mem, last = triton_scan(leaves["cur"], *weights, start)
    _, _, middle = triton_scan(leaves["cur"][:2], *weights, start)
    spk_2, mem_2, last_2 = triton_scan(leaves["cur"][2:], *weights, middle)
    assert torch.equal(spk[2:], spk_2)
    assert torch.equal(mem[2:], mem_2)
    whole = torch.autograd.grad(last.mem.sum() + spk[2:].sum(), list(leaves.values()))
    parts = torch.autograd.grad(last_2.mem.sum() + spk_2.sum(), list(leaves.values()))
    assert_same(parts, whole, leaves)


def test_strided_tensors():
    """Batch-first memory, transposed weights, and the gradients of a sum, which are one number."""
    leaves = problem(4, 3, 16)
    cur = leaves["cur"].transpose(0, 1).contiguous().transpose(0, 1)  # (T, B, N), not contiguous
    weights = leaves["w_rec"].t(), leaves["beta"], leaves["thr"]
    grads = []
    for scan in (reference_scan, triton_scan):
        spk, mem, _ = scan(cur, *weights)
        total = spk.sum() + mem.sum()
        names = ("cur", "w_rec", "beta", "thr")
        grads.append(torch.autograd.grad(total, [leaves[name] for name in names]))
    assert_same(grads[1], grads[0], names)


def test_bf16_rounds_the_operands_only():
    leaves = problem(6, 18, 48)
    with torch.autocast(DEVICE, torch.bfloat16):
        outs, grads = run(triton_scan, leaves)
        fused, fused_grads = run(fused_scan, leaves)
        half, _ = run(triton_scan, leaves | {"cur": leaves["cur"].bfloat16()})
    assert (outs[0].dtype, outs[1].dtype, half[1].dtype) == (torch.bfloat16, *[torch.float32] * 2)
    rounded = leaves | {"w_rec": leaves["w_rec"].bfloat16().float()}
    rounded["spk"] = rounded["spk"].bfloat16().float()
    exact, _ = run(reference_scan, rounded)
    assert torch.equal(outs[0].float(), exact[0])  # spikes are exact, sums are float32
    torch.testing.assert_close(outs[1], exact[1], rtol=0, atol=1e-5)
    assert torch.equal(outs[0], fused[0])
    assert_same(grads, fused_grads, leaves, 0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_trial_run_accepts_these_kernels(dtype):
    with torch.inference_mode():  # as when the first thing Sam does is to generate
        assert scan_triton._trial(torch.zeros(1, device=DEVICE).device, dtype) is None


def test_trial_run_finds_wrong_numbers_and_failures(monkeypatch):
    trial = scan_triton._trial.__wrapped__  # without the cache
    launch = scan_triton._launch

    def forgets_a_step(kernel, tensors, shape, dtype):
        launch(kernel, tensors, torch.Size((shape[0] - 1, *shape[1:])), dtype)
        tensors[-2][-1], tensors[-1][-1] = 0, 0

    monkeypatch.setattr(scan_triton, "_launch", forgets_a_step)
    assert "other numbers" in trial(torch.device(DEVICE), torch.float32)

    def fails(*_):
        raise RuntimeError("no C compiler\nand more lines")

    monkeypatch.setattr(scan_triton, "_launch", fails)
    reason = trial(torch.device(DEVICE), torch.float32)
    assert reason == "its trial run failed (RuntimeError: no C compiler)"
