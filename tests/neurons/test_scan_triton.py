"""The Triton scan: its cases in their own process, what it compiles to, when it refuses."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from project import PATIENCE

from realsam_edu.neurons import scan_triton
from realsam_edu.neurons.scan_triton import triton_scan, why_not_triton
from realsam_edu.runtime.errors import RealSamError

CASES = Path(__file__).with_name("scan_triton_cases.py")
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed"
)


@needs_triton
@pytest.mark.parametrize("where", ["interpreter"] + ["gpu"] * torch.cuda.is_available())
def test_cases(where):
    env = os.environ | {"TRITON_INTERPRET": "1" if where == "interpreter" else "0"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def compiled(which: str, neurons: int, dtype: str):
    """Compile one kernel for an H100, which needs no H100."""
    import triton
    from triton.backends.compiler import GPUTarget

    from realsam_edu.neurons import triton_kernels as scan_kernels

    kernel = getattr(scan_kernels, f"{which}_kernel")
    options = scan_kernels.launch_options(neurons, {"fp32": 4, "bf16": 2}[dtype])
    settings = {name: options.pop(name) for name in ("num_warps", "num_stages")}
    narrow = {"w", "spk", "grad_spk", "rounded"}
    signature = {name: f"*{dtype if name in narrow else 'fp32'}" for name in kernel.arg_names}
    signature |= dict.fromkeys(options, "constexpr") | {"steps": "i32", "batch": "i32"}
    signature |= {"slope": "fp32"} if "slope" in signature else {}
    pointers = [i for i, kind in enumerate(signature.values()) if kind.startswith("*")]
    aligned = {(i,): [["tt.divisibility", 16]] for i in pointers}
    source = triton.compiler.ASTSource(kernel, signature, options, aligned)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options=settings)


@needs_triton
@pytest.mark.parametrize("which", ["forward", "backward"])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_compiles_for_a_gpu(which, dtype, tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel = compiled(which, 512, dtype)
    assert kernel.metadata.shared <= 99 * 1024  # what the smallest supported GPU has
    assert "async_copy" in kernel.asm["ttgir"]  # tiles of W_rec are on their way early
    assert "mma.sync" in kernel.asm["ptx"] or dtype == "fp32"
    assert "tf32" not in kernel.asm["ptx"]


@needs_triton
@pytest.mark.parametrize("which", ["forward", "backward"])
def test_no_spike_is_fetched_before_it_exists(which, tmp_path, monkeypatch):
    """With one tile the product has no loop; the loop over time must not be prefetched instead."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    ttgir = compiled(which, 32, "bf16").asm["ttgir"]
    assert "async_copy" not in ttgir
    assert ttgir.count("scf.for") == 1
    before, loop = ttgir.split("scf.for")
    assert "tt.load" not in before
    assert loop.rindex("barrier") > loop.rindex("tt.store")


@needs_triton
def test_compiled_once_for_any_length_and_batch():
    from realsam_edu.neurons import triton_kernels as scan_kernels

    for kernel in (scan_kernels.forward_kernel, scan_kernels.backward_kernel):
        plain = {param.name for param in kernel.params if param.do_not_specialize}
        assert plain == {"steps", "batch"}


@needs_triton
@pytest.mark.parametrize(
    ("cur", "reason"),
    [
        (torch.zeros(2, 1, 24), "24 neurons are not a multiple of 16"),
        (torch.zeros(2, 1, 16, dtype=torch.float64), "no kernel for float64"),
        (torch.zeros(2, 1, 16), "it needs a CUDA GPU, and the tensors are on 'cpu'"),
    ],
)
def test_says_why_not(cur, reason):
    assert reason in why_not_triton(cur)
    with pytest.raises(RealSamError, match=f"{reason}; set REALSAM_SCAN to fused"):
        triton_scan(cur, torch.zeros(cur.shape[2], cur.shape[2]), 0.5, 1.0)


def test_without_triton(monkeypatch):
    monkeypatch.setattr(scan_triton, "_installed", lambda: False)
    assert why_not_triton(torch.zeros(2, 1, 16)) == "Triton is not installed"
