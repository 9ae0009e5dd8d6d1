"""The recurrent LIF loop as two GPU kernels, forward and backward; importing this needs Triton.

One program looks after `TEXTS` texts for all T steps. Texts do not hear each other, so programs
never wait for each other, and a whole pass is one kernel, not several per step. Each step streams
W_rec (N, N) through the multiprocessor in tiles of (depth, width): at N=512 it is too large to be
kept there (1 MiB in float32, 512 KiB in bfloat16), but all programs share the copy in the L2 cache.
The kernels write the recordings as they go, and read the step before back from them.

Three things that are easy to get wrong:

- **Who sees what.** S[t] is written by all threads of a program, and each of them needs all of it
  in step t+1. `tl.debug_barrier` is CUDA's `__syncthreads`: what a thread of the program wrote
  before it, to memory too, all of them see after it. No other program reads those rows.
- **Prefetching.** Triton loads the tiles of a product ahead of time, within the loop over tiles.
  The loop over time has `num_stages=1`: there it must not, since S[t] does not exist yet.
- **Compiling.** `steps` and `batch` are run-time numbers without special cases, so a kernel is
  compiled once for N and the dtype, not again for every length of text.
"""

import triton
import triton.language as tl

TEXTS = tl.constexpr(16)  # the fewest rows that a tensor core takes
INTERPRETED = tl.constexpr(triton.knobs.runtime.interpret)


def launch_options(neurons: int, itemsize: int) -> dict:
    """Return tile sizes and launch settings for N neurons and products of `itemsize` bytes.

    A tile of W_rec has at most 32 KiB, so that two of them, one in use and one on its way, fit into
    the 99 KiB of shared memory that a small GPU has.
    """
    width = max(32, min(512, triton.next_power_of_2(neurons)))  # neurons computed at once
    return {
        "neurons": neurons,
        "width": width,
        "depth": 64 // itemsize,  # rows of W_rec in a tile
        "num_warps": 8 if width > 128 else 4,
        "num_stages": 3,
    }


@triton.jit
def _product(
    x, w, rows, batch, first, neurons: tl.constexpr, width: tl.constexpr, depth: tl.constexpr
):
    """Return the columns from `first` of x @ w, (TEXTS, width), for the given rows of x.

    x (batch, neurons) holds spikes or errors; w is square, its sides padded with zeros to a
    multiple of `width`. The sum is float32 whatever the dtype of x and w.
    """
    padded: tl.constexpr = (neurons + width - 1) // width * width
    columns = first + tl.arange(0, width)
    total = tl.zeros((TEXTS, width), tl.float32)
    for start in range(0, neurons, depth):
        ks = start + tl.arange(0, depth)
        there = (rows[:, None] < batch) & (ks[None, :] < neurons)
        part = tl.load(x + rows[:, None] * neurons + ks[None, :], there, other=0.0)
        tile = tl.load(w + ks[:, None] * padded + columns[None, :])
        if INTERPRETED:  # the interpreter takes bfloat16 for the whole numbers that encode it
            part, tile = part.to(tl.float32), tile.to(tl.float32)
        total = tl.dot(part, tile, total, input_precision="ieee")
    return total


@triton.jit(do_not_specialize=["steps", "batch"])
def forward_kernel(
    cur, w, beta, thr, spk, mem, steps, batch,
    neurons: tl.constexpr, width: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    """Fill rows 1 to T of the recordings `spk` and `mem`, (T+1, B, N); row 0 is the past.

    `cur` is (T, B, N), `w` the transposed W_rec, padded.
    """
    slab = tl.cast(batch, tl.int64) * neurons  # numbers in one step: T·B·N may pass 2³¹
    rows = tl.program_id(0) * TEXTS + tl.arange(0, TEXTS)
    for t in tl.range(0, steps, num_stages=1):
        past = t * slab
        for first in range(0, neurons, width):
            ns = first + tl.arange(0, width)
            here = (rows[:, None] < batch) & (ns[None, :] < neurons)
            at = past + rows[:, None] * neurons + ns[None, :]
            now = tl.load(cur + at, here, other=0.0)  # on its way while the product runs
            before = tl.load(mem + at, here, other=0.0)
            leak = tl.load(beta + ns, ns < neurons, other=0.0)[None, :]
            level = tl.load(thr + ns, ns < neurons, other=0.0)[None, :]
            rec = _product(spk + past, w, rows, batch, first, neurons, width, depth)
            new = leak * before + now - tl.where(before > level, level, 0.0) + rec  # Eq. 1
            tl.store(mem + slab + at, new, here)
            fired = tl.where(new > level, 1.0, 0.0)  # Eq. 2
            tl.store(spk + slab + at, fired.to(spk.dtype.element_ty), here)
        tl.debug_barrier()


@triton.jit(do_not_specialize=["steps", "batch"])
def backward_kernel(
    mem, w, beta, thr, slope, grad_spk, grad_mem, d_mem, rounded, steps, batch,
    neurons: tl.constexpr, width: tl.constexpr, depth: tl.constexpr,
):  # fmt: skip
    """Fill rows T−1 to 0 of `d_mem` (T+1, B, N) with ∂L/∂U[t]; row T holds zeros.

    `rounded` is the same in the dtype of the products, `w` is W_rec, padded. `grad_spk` and
    `grad_mem` (T, B, N) are what arrives from the recordings; None is nothing.
    """
    slab = tl.cast(batch, tl.int64) * neurons
    rows = tl.program_id(0) * TEXTS + tl.arange(0, TEXTS)
    for back in tl.range(0, steps, num_stages=1):
        past = (steps - 1 - back) * slab
        for first in range(0, neurons, width):
            ns = first + tl.arange(0, width)
            here = (rows[:, None] < batch) & (ns[None, :] < neurons)
            at = past + rows[:, None] * neurons + ns[None, :]
            leak = tl.load(beta + ns, ns < neurons, other=0.0)[None, :]
            level = tl.load(thr + ns, ns < neurons, other=0.0)[None, :]
            now = tl.load(mem + slab + at, here, other=0.0)
            error = leak * tl.load(d_mem + slab + at, here, other=0.0)
            if grad_mem is not None:
                error += tl.load(grad_mem + at, here, other=0.0)
            if grad_spk is not None:
                seen = tl.load(grad_spk + at, here, other=0.0)
            caused = _product(rounded + slab + past, w, rows, batch, first, neurons, width, depth)
            hill = 1.0 + slope * tl.abs(now - level)
            hill = 1.0 / (hill * hill)  # Eq. 3
            if grad_spk is not None:
                error += seen.to(tl.float32) * hill
            error += caused * hill
            tl.store(d_mem + at, error, here)
            if rounded.dtype.element_ty != tl.float32:  # else `rounded` is `d_mem` itself
                tl.store(rounded + at, error.to(rounded.dtype.element_ty), here)
        tl.debug_barrier()
