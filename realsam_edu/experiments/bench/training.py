"""How fast Sam learns: whole training steps, against rivals and against the machine itself.

A step is what `training.loop.Run` does for a batch: gradients cleared, forward, loss with the
penalty on firing rates where there are any, backward, gradients clipped, AdamW. Nobody has dropout,
everybody starts every step in silence. A product of two square matrices runs in the same rounds,
and shows what the machine can do when it does nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import torch
from torch import nn

from ...inside.energy import training_multiply_adds
from ...model.output import rate_penalty
from ...model.v1 import V1, V1Config
from ...model.v4 import V4, V4Config
from ...neurons.scan import forced_scan
from ...runtime.settings import keep_memory, seed_all
from ...training.config import TrainConfig
from ...training.optimizer import make_optimizer
from ..rivals.gpt import gpt_of_equal_parameters
from ..rivals.lstm import lstm_of_equal_parameters, lstm_of_equal_width
from ..rivals.other_neurons import NorsePopulation, SpikingJellyPopulation, with_neurons
from ..rivals.size import count_parameters
from ..rivals.snntorch import SnnTorchV1, SnnTorchV4
from .timing import faster, in_a_child, memory_now, memory_peak, race, summary


@dataclass(frozen=True)
class Workload:
    """What is run: Sam's version and size, the batch, the matrix product, the rounds."""

    version: str  # v1 or v4
    settings: dict  # fields of the version's config
    batch_size: int  # texts B
    seq_len: int  # tokens T per text
    product: int = 2048  # rows and columns of the square matrices
    rounds: int = 7

    def sam(self) -> nn.Module:
        """Return a new Sam, always the same, without dropout."""
        seed_all(0)
        if self.version == "v1":
            return V1(V1Config(dropout=0.0, readout_dropout=0.0, **self.settings))
        return V4(V4Config(**self.settings))

    @property
    def tokens(self) -> int:
        """Tokens per training step."""
        return self.batch_size * self.seq_len


def workload_of(version: str, device: torch.device, quick: bool) -> Workload:
    """Return what `realsam bench` runs; `quick` is tiny and says nothing about speed."""
    if quick:
        sizes = {"vocab": 64, "embed": 16, "hidden": 32}
        sizes |= {"depth": 2} if version == "v4" else {}
        return Workload(version, sizes, 2, 6, product=128, rounds=2)
    if version == "v1":
        return Workload("v1", {}, 32, 128)
    return Workload("v4", {}, 256 if device.type == "cuda" else 32, 64)


@dataclass(frozen=True)
class Entrant:
    """One row of the table: how it is called, made and run."""

    label: str
    build: Callable[[nn.Module, Workload], nn.Module]  # from Sam
    needs: str | None = None  # a library
    path: str | None = None  # REALSAM_SCAN
    precision: str = "fp32"


def _snntorch(sam, workload):
    return (SnnTorchV1 if workload.version == "v1" else SnnTorchV4)(sam)


def _sam(sam, workload):
    return sam


SPIKING = {
    "snntorch": Entrant("snnTorch, step by step", _snntorch, "snntorch"),
    "snntorch_bf16": Entrant(
        "snnTorch, step by step, bf16", _snntorch, "snntorch", precision="bf16"
    ),
    "reference": Entrant("Sam, readable loop", _sam, path="reference"),
    "fused": Entrant("Sam, fused loop", _sam, path="fused"),
    "bf16": Entrant("Sam, fused loop, bf16", _sam, path="fused", precision="bf16"),
    "triton": Entrant("Sam, Triton kernel", _sam, path="triton"),
    "triton_bf16": Entrant("Sam, Triton kernel, bf16", _sam, path="triton", precision="bf16"),
}
OTHERS = {
    "spikingjelly": Entrant(
        "SpikingJelly, same wiring",
        lambda sam, _: with_neurons(sam, SpikingJellyPopulation),
        "spikingjelly",
    ),
    "norse": Entrant(
        "Norse, same wiring", lambda sam, _: with_neurons(sam, NorsePopulation), "norse"
    ),
    "lstm_equal_width": Entrant("LSTM of equal width", lambda sam, _: lstm_of_equal_width(sam)),
    "lstm_equal_parameters": Entrant(
        "LSTM of equal parameters", lambda sam, _: lstm_of_equal_parameters(sam)
    ),
    "gpt_equal_parameters": Entrant(
        "GPT of equal parameters",
        lambda sam, workload: gpt_of_equal_parameters(sam, workload.seq_len),
    ),
}
ENTRANTS = {"v1": SPIKING, "v4": SPIKING | OTHERS}


def installed(library: str) -> bool:
    """Return whether a library of that import name is here."""
    return find_spec(library) is not None


def why_absent(entrant: Entrant, sam: nn.Module, device: torch.device) -> str | None:
    """Return why an entrant cannot run here, in a few words, or None if it can."""
    if entrant.needs is not None and not installed(entrant.needs):
        return "not installed"
    if entrant.path == "triton":
        try:
            from ...neurons import scan_triton
        except ImportError:
            return "not installed"
        neurons = sam.config.hidden
        return scan_triton.why_not_triton(torch.zeros(1, 1, neurons, device=device))
    return None


def training_step(model: nn.Module, batch, config: TrainConfig, path: str | None = None):
    """Return a function that takes one training step on `batch`, (inputs, targets) (B, T)."""
    optimizer, device = make_optimizer(model, config), batch[0].device

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        half = config.precision == "bf16"
        with forced_scan(path):
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                out = model(*batch)
            loss = out.loss
            if out.rates:
                loss = loss + config.rate_weight * rate_penalty(out.rates, config.target_rate)
            loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()

    return step


def prepared(entrant: Entrant, workload: Workload, device: torch.device):
    """Return an entrant's model and its training step."""
    sam = workload.sam()
    model = entrant.build(sam, workload).to(device).train()
    rng = torch.Generator().manual_seed(1)
    shape = 2, workload.batch_size, workload.seq_len
    batch = torch.randint(sam.config.vocab, shape, generator=rng).to(device)
    config = TrainConfig(
        steps=1,
        batch_size=workload.batch_size,
        seq_len=workload.seq_len,
        precision=entrant.precision,
    )
    return model, training_step(model, tuple(batch), config, entrant.path)


def _peak(name: str, workload: Workload, device: str) -> float | None:
    """Memory in MB that two training steps add in this process, see `peak_memory`."""
    entrant, device = ENTRANTS[workload.version][name], torch.device(device)
    before = 0.0
    for size in (workload_of(workload.version, device, quick=True), workload):
        _, step = prepared(entrant, size, device)
        step()
        step()
        before = before or memory_now()
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    return None if before is None else max(memory_peak() - before, 0.0)


def peak_memory(names, workload: Workload, device: torch.device) -> dict[str, float | None]:
    """Return the MB that two training steps of each take, in a process of its own.

    On a CPU, what they add to a process that has just trained the same thing in tiny: libraries are
    loaded then, and the rest is weights, gradients, AdamW's means and what the backward keeps.
    """
    return {name: in_a_child(_peak, name, workload, str(device)) for name in names}


def _product(size: int, dtype: torch.dtype, device: torch.device):
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return partial(torch.mm, a, b, out=torch.empty_like(a))


def measure_training(workload: Workload, device: torch.device, memory: bool = True) -> dict:
    """Return the section of the table for one version; ratios above 1 are faster than the rival."""
    keep_memory()  # as in a training of Sam, for everybody
    entrants, sam = ENTRANTS[workload.version], workload.sam()
    not_run = {name: why_absent(entrant, sam, device) for name, entrant in entrants.items()}
    not_run = {name: reason for name, reason in not_run.items() if reason is not None}
    models, runs = {}, {}
    for name in entrants.keys() - not_run.keys():
        models[name], runs[name] = prepared(entrants[name], workload, device)
    products = {"product": torch.float32, "product_bf16": torch.bfloat16}
    runs |= {name: _product(workload.product, dtype, device) for name, dtype in products.items()}
    order = [name for name in (*entrants, *products) if name in runs]
    times = race({name: runs[name] for name in order}, device, workload.rounds, settle=1)
    del runs
    peaks = peak_memory(models, workload, device) if memory else dict.fromkeys(models)
    rows = {
        name: {"label": entrants[name].label, "parameters": count_parameters(models[name])}
        | summary(times[name])
        | {"tokens_per_second": workload.tokens / summary(times[name])["seconds"]}
        | {"peak_mb": peaks[name]}
        for name in order
        if name in models
    }
    section = {"parameters": count_parameters(sam), "batch_size": workload.batch_size}
    section |= {"seq_len": workload.seq_len, "rounds": workload.rounds, "rows": rows}
    section["not_run"] = {entrants[name].label: reason for name, reason in not_run.items()}
    return section | ratios(times) | shares(times, training_multiply_adds(sam), workload)


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """Return `X_over_snntorch` of everybody, and `fused_over_X` of the readable loop and others.

    With the Triton kernel in the race, the latter are `triton_over_X`.
    """
    runners = [name for name in times if not name.startswith("product")]
    found = {}
    if "snntorch" in times:
        theirs = times["snntorch"]
        found |= {
            f"{name}_over_snntorch": faster(times[name], theirs)
            for name in runners
            if name != "snntorch"
        }
    best = "triton" if "triton" in times else "fused"
    pairs = [(best, name) for name in runners if name == "reference" or name in OTHERS]
    pairs += [("bf16", "fused"), ("bf16", "snntorch_bf16"), ("triton", "fused")]
    for mine, other in pairs:
        if mine in times and other in times:
            found[f"{mine}_over_{other}"] = faster(times[mine], times[other])
    return found


def shares(times: dict[str, list[float]], weights: int, workload: Workload) -> dict:
    """Return the operations per second of Sam's step and the machine, and one by the other."""
    step, product = 6 * weights * workload.tokens, 2 * workload.product**3

    def speed(name: str, operations: int) -> float:
        return operations / summary(times[name])["seconds"]

    def share(name: str, machine: str) -> float:
        return step / product * faster(times[name], times[machine])

    best, half = ("triton", "triton_bf16") if "triton" in times else ("fused", "bf16")
    return {
        "multiply_adds_per_token": weights,
        "flops": speed(best, step),
        "flops_bf16": speed(half, step),
        "product": {"size": workload.product, "flops": speed("product", product)}
        | {"flops_bf16": speed("product_bf16", product)},
        "share_of_peak": share(best, "product"),
        "bf16_share_of_peak": share(half, "product"),
        "bf16_share_of_bf16_peak": share(half, "product_bf16"),
    }
