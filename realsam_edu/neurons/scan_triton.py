"""The recurrent scan on a GPU: `scan_fused` with both of its loops moved into Triton kernels.

The kernels stand in `triton_kernels`; here is how they are started, and how to find out whether
they can run. Triton is imported at the first use, so the package works without it.
"""

import functools
import importlib.util

import torch
import torch.nn.functional as F

from ..runtime.errors import RealSamError
from .scan_fused import Loops, fused_scan, product_dtype, scan_with
from .surrogate import SLOPE


def _launch(kernel, tensors: tuple, shape: torch.Size, dtype: torch.dtype) -> None:
    """Run a kernel over recordings of `shape` (T, B, N), one program for 16 texts."""
    from .triton_kernels import TEXTS, launch_options

    steps, batch, neurons = shape
    grid = (-(-batch // TEXTS.value),)
    with torch.cuda.device_of(tensors[0]):  # Triton launches on the current GPU
        kernel[grid](*tensors, steps, batch, **launch_options(neurons, dtype.itemsize))


def _padded(w: torch.Tensor) -> torch.Tensor:
    """Return `w` (N, N) contiguous, with zeros up to whole tiles on both sides."""
    from .triton_kernels import launch_options

    extra = -len(w) % launch_options(len(w), w.dtype.itemsize)["width"]
    return F.pad(w, (0, extra, 0, extra)).contiguous()


def _forward_loop(cur, spk, mem, w_in, beta, thr) -> None:
    """`scan_fused._forward_loop` as one kernel."""
    from .triton_kernels import forward_kernel

    given = (x.contiguous() for x in (cur, _padded(w_in), beta, thr))
    _launch(forward_kernel, (*given, spk, mem), cur.shape, spk.dtype)


def _backward_loop(grad_spk, grad_mem, mem, d_mem, factor, w, beta, thr, slope) -> None:
    """`scan_fused._backward_loop` as one kernel."""
    from .triton_kernels import backward_kernel

    grads = (g if g is None else g.contiguous() for g in (grad_spk, grad_mem))
    given = mem, _padded(w), beta.contiguous(), thr.contiguous(), slope, *grads
    _launch(backward_kernel, (*given, d_mem, factor), mem[1:].shape, factor.dtype)


_KERNELS = Loops(_forward_loop, _backward_loop)


@functools.cache
def _installed() -> bool:
    """Look for Triton once, not at every layer of every step."""
    return importlib.util.find_spec("triton") is not None


@functools.cache
def _trial(device: torch.device, dtype: torch.dtype) -> str | None:
    """Run both kernels once on `device`; say what went wrong, None if they equal `fused_scan`.

    All numbers are multiples of 1/16, so that every sum is exact and the spikes have to be equal.
    """
    rng = torch.Generator().manual_seed(0)
    products = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad(), products:
            cur = (torch.randint(-8, 24, (4, 17, 512), generator=rng) / 16).to(device)
            w_rec = (torch.randint(-1, 2, (512, 512), generator=rng) / 4).to(device)
            cur.requires_grad_()
            mine = scan_with(_KERNELS, cur, w_rec, 0.5, 1.0)[:2]
            fused = fused_scan(cur, w_rec, 0.5, 1.0)[:2]
            grads = [torch.autograd.grad(mem.sum(), cur)[0] for _, mem in (mine, fused)]
    except Exception as error:  # no C compiler, a driver that is too old, too little memory, …
        return f"its trial run failed ({type(error).__name__}: {str(error).partition(chr(10))[0]})"
    close = (grads[0] - grads[1]).abs().max() <= 0.02 * grads[1].abs().max()
    equal = torch.equal(mine[0], fused[0]) and torch.equal(mine[1], fused[1])
    return None if equal and close else "its trial run gave other numbers than the fused scan"


def why_not_triton(cur: torch.Tensor) -> str | None:
    """Say in a few words why the kernels cannot run on `cur` (T, B, N); None means that they can.

    The first question on a GPU runs both kernels once and compares them with `fused_scan`. Tensors
    on the CPU are for tests: they need Triton's interpreter, TRITON_INTERPRET=1.
    """
    neurons = cur.shape[2]
    if neurons == 0 or neurons % 16:
        return f"{neurons} neurons are not a multiple of 16"
    if cur.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        return f"it has no kernel for {str(cur.dtype).removeprefix('torch.')}"
    if not _installed():
        return "Triton is not installed"
    import triton

    if triton.knobs.runtime.interpret:
        return None
    if not cur.is_cuda:
        return f"it needs a CUDA GPU, and the tensors are on '{cur.device.type}'"
    return _trial(cur.device, product_dtype(cur))


def triton_scan(cur, w_rec, beta, thr, slope=SLOPE, state=None):
    """Same numbers as `fused_scan` up to rounding; see `scan.lif_scan`.

    Products are summed in float32, also where autocast rounds their operands to bfloat16.

    Raises:
        RealSamError: the kernels cannot run here; `why_not_triton` says why without raising.
    """
    reason = why_not_triton(cur)
    if reason is not None:
        raise RealSamError(
            f"The Triton scan cannot run here: {reason}; "
            "set REALSAM_SCAN to fused, or unset it and the best path is chosen for you."
        )
    return scan_with(_KERNELS, cur, w_rec, beta, thr, slope, state)
