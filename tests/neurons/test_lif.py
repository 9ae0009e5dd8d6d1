"""The reference step is snnTorch's neuron: values bit for bit, gradients within 1e-6."""

import pytest
import snntorch
import torch
from snntorch import surrogate

from realsam_edu.neurons.lif import lif_step, rlif_step
from realsam_edu.neurons.scan import reference_scan
from realsam_edu.neurons.surrogate import spike

STEPS, BATCH, NEURONS = 150, 3, 24


def _case(seed):
    """Return random current (T, B, N), β (N,), θ (N,), with which most neurons fire sometimes."""
    rng = torch.Generator().manual_seed(seed)
    cur = torch.rand(STEPS, BATCH, NEURONS, generator=rng)
    beta = 0.3 + 0.69 * torch.rand(NEURONS, generator=rng)
    thr = 0.6 + torch.rand(NEURONS, generator=rng)
    return cur, beta, thr


def _leaf(*tensors):
    return [t.clone().requires_grad_() for t in tensors]


def _leaky(beta, thr, slope):
    return snntorch.Leaky(
        beta=beta,
        threshold=thr,
        spike_grad=surrogate.fast_sigmoid(slope=slope),
        learn_beta=True,
        learn_threshold=True,
        reset_mechanism="subtract",
        reset_delay=True,
    )


def _rleaky(beta, thr, slope, w_rec):
    cell = snntorch.RLeaky(
        beta=beta,
        threshold=thr,
        linear_features=NEURONS,
        spike_grad=surrogate.fast_sigmoid(slope=slope),
        learn_beta=True,
        learn_threshold=True,
        reset_mechanism="subtract",
        reset_delay=True,
    )
    cell.recurrent.bias = None  # its recurrence has a bias, Eq. 1 has none
    cell.recurrent.weight = torch.nn.Parameter(w_rec.clone())
    return cell


def _loss(spk_rec, mem_rec):
    """Weigh every spike and every membrane by its own random number, so that no gradient hides."""
    rng = torch.Generator().manual_seed(99)
    weigh_spk, weigh_mem = torch.randn(2, *spk_rec.shape, generator=rng)
    return (spk_rec * weigh_spk + 0.1 * mem_rec * weigh_mem).mean()


def _assert_alive(spk_rec):
    rate = spk_rec.mean((0, 1))
    assert (rate > 0).float().mean() > 0.8 and rate.max() < 1, "the case must spike and be silent"


def _assert_gradients(mine, theirs):
    for a, b in zip(mine, theirs, strict=True):
        assert a is not None and b is not None and b.abs().max() > 0
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("slope", [2.0, 25.0])
def test_lif_step_is_leaky(seed, slope):
    cur0, beta0, thr0 = _case(seed)
    cur, beta, thr = _leaf(cur0, beta0, thr0)
    theirs, cur_theirs = _leaky(beta0, thr0, slope), cur0.clone().requires_grad_()
    mem = mem_theirs = torch.zeros(BATCH, NEURONS)
    mine, oracle = [], []
    for t in range(STEPS):
        spk, mem = lif_step(cur[t], mem, beta, thr, slope)
        spk_theirs, mem_theirs = theirs(cur_theirs[t], mem_theirs)
        assert torch.equal(spk, spk_theirs) and torch.equal(mem, mem_theirs), f"step {t}"
        mine.append((spk, mem))
        oracle.append((spk_theirs, mem_theirs))
    spk_rec, mem_rec = map(torch.stack, zip(*mine, strict=True))
    _assert_alive(spk_rec)
    _loss(spk_rec, mem_rec).backward()
    _loss(*map(torch.stack, zip(*oracle, strict=True))).backward()
    _assert_gradients(
        (cur.grad, beta.grad, thr.grad),
        (cur_theirs.grad, theirs.beta.grad, theirs.threshold.grad),
    )


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("scan", [False, True], ids=["steps", "reference_scan"])
def test_rlif_step_is_rleaky(seed, scan):
    cur0, beta0, thr0 = _case(seed)
    w0 = 0.5 * torch.randn(NEURONS, NEURONS, generator=torch.Generator().manual_seed(seed))
    w0 = w0 / NEURONS**0.5
    cur, beta, thr, w = _leaf(cur0, beta0, thr0, w0)
    theirs, cur_theirs = _rleaky(beta0, thr0, 2.0, w0), cur0.clone().requires_grad_()
    spk = mem = spk_theirs = mem_theirs = torch.zeros(BATCH, NEURONS)
    mine, oracle = [], []
    for t in range(STEPS):
        if not scan:
            spk, mem = rlif_step(cur[t], spk, mem, w, beta, thr, 2.0)
            mine.append((spk, mem))
        spk_theirs, mem_theirs = theirs(cur_theirs[t], spk_theirs, mem_theirs)
        oracle.append((spk_theirs, mem_theirs))
    if scan:
        spk_rec, mem_rec, _ = reference_scan(cur, w, beta, thr, 2.0)
    else:
        spk_rec, mem_rec = map(torch.stack, zip(*mine, strict=True))
    spk_oracle, mem_oracle = map(torch.stack, zip(*oracle, strict=True))
    assert torch.equal(spk_rec, spk_oracle) and torch.equal(mem_rec, mem_oracle)
    _assert_alive(spk_rec)
    _loss(spk_rec, mem_rec).backward()
    _loss(spk_oracle, mem_oracle).backward()
    _assert_gradients(
        (cur.grad, beta.grad, thr.grad, w.grad),
        (cur_theirs.grad, theirs.beta.grad, theirs.threshold.grad, theirs.recurrent.weight.grad),
    )


def test_spike_is_fast_sigmoid():
    x = torch.cat([torch.randn(1000), torch.zeros(1), torch.tensor([-0.0, 1e-30, -1e-30])])
    for slope in (0.5, 2.0, 25.0):
        a, b = _leaf(x, x)
        mine, theirs = spike(a, slope), surrogate.fast_sigmoid(slope=slope)(b)
        assert torch.equal(mine, theirs)
        mine.sum().backward()
        theirs.sum().backward()
        assert torch.equal(a.grad, b.grad)
