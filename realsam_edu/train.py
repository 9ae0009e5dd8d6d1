"""Training: contiguous streams of text with the state carried along, AdamW, and a log of it all.

The text is a circle; `batch_size` readers start at equal distances and each reads `seq_len` tokens
a step, for ever, keeping its state. Gradients stop at the step's border (truncated backpropagation
through time). Step number and seed decide everything, so an interrupted run resumes to the same
numbers, bit for bit on a CPU.
"""

import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from tqdm.auto import tqdm

from .checkpoint import pack, unpack
from .evaluate import evaluate
from .neurons import LIFState, detach_state
from .runtime import RealSamError, interrupt_flag, seed_all, write_atomic


@dataclass(frozen=True)
class TrainConfig:
    """One training run; together with model, data and machine it fixes every number."""

    steps: int  # optimiser steps
    batch_size: int = 32  # readers B
    seq_len: int = 128  # tokens T per reader and step
    lr: float = 6e-3  # peak learning rate
    warmup: int = 200  # steps of linear warm-up; a cosine to zero follows
    weight_decay: float = 0.1  # on matrices only
    clip: float = 1.0  # largest gradient norm
    target_rate: float = 0.10  # r*, the firing rate asked of every neuron
    rate_weight: float = 0.1  # weight of the rate penalty in the loss
    average: float = 0.999  # memory of the running mean of the weights; 0 keeps no mean
    seed: int = 0
    eval_every: int = 250  # steps between validations
    precision: str = "fp32"  # "bf16": matrix products in bfloat16, membranes stay float32

    def __post_init__(self):
        for name in ("steps", "batch_size", "seq_len", "eval_every"):
            if getattr(self, name) < 1:
                raise RealSamError(f"{name} is {getattr(self, name)}; it has to be at least 1.")


def rate_penalty(rates: list[torch.Tensor], target: float) -> torch.Tensor:
    """Return the mean of (r/r* − 1)² over all neurons.

    Two-sided and per neuron: silence costs 1, and a tenth of the neurons firing always costs more
    than all of them firing a tenth of the time, which costs nothing.
    """
    return torch.cat([(rate / target - 1.0) ** 2 for rate in rates]).mean()


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the learning rate of `step`: linear warm-up, then half a cosine down to zero."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.lr * 0.5 * (1.0 + math.cos(math.pi * done))


def windows(tokens: torch.Tensor, step: int, config: TrainConfig):
    """Return inputs and targets of `step`, (B, T) each, from readers on the circular text."""
    n, b, t = len(tokens), config.batch_size, config.seq_len
    starts = torch.arange(b) * n // b + step * t  # (B,)
    at = (starts[:, None] + torch.arange(t + 1)) % n  # (B, T+1)
    chunk = tokens[at]
    return chunk[:, :-1], chunk[:, 1:]


class Run:
    """A training run in progress: model, optimiser, mean weights, state, history.

    Args:
        model: trained in place.
        train_tokens, val_tokens: (n,) int64.
        config: see `TrainConfig`.
        log: JSONL file that receives one line per validation, or None.
        resume_file: where everything needed to go on is kept while the run lasts, or None.

    Raises:
        RealSamError: the training text is shorter than one step of one reader.
    """

    def __init__(self, model, train_tokens, val_tokens, config, *, log=None, resume_file=None):
        if len(train_tokens) <= config.seq_len:
            raise RealSamError(
                f"The training text has {len(train_tokens)} tokens, one step needs more than "
                f"{config.seq_len}; use a longer text or a smaller seq_len."
            )
        seed_all(config.seed)
        self.model, self.config = model, config
        self.tokens, self.val_tokens = train_tokens, val_tokens
        self.log, self.resume_file = log and Path(log), resume_file and Path(resume_file)
        self.optimizer = _optimizer(model, config)
        self.mean = AveragedModel(model, avg_fn=partial(_lerp, config.average))
        self.device = next(model.parameters()).device
        self.state = model.zero_state(config.batch_size)
        self.step, self.seconds, self.history = 0, 0.0, []

    def advance(self) -> dict:
        """Take one optimiser step; return its loss (nats per token), rate and gradient norm."""
        config = self.config
        inputs, targets = windows(self.tokens, self.step, config)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config)
        half = config.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            out = self.model(inputs.to(self.device), targets.to(self.device), self.state)
        loss = out.loss + config.rate_weight * rate_penalty(out.rates, config.target_rate)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.mean.update_parameters(self.model)
        self.state = detach_state(out.state)
        self.step += 1
        rate = torch.stack([rate.mean() for rate in out.rates]).mean()
        return {"loss": out.loss.item(), "rate": rate.item(), "norm": norm.item()}

    def run(self, on_step=None, progress: bool = True) -> bool:
        """Train until done or interrupted (Ctrl-C); return True if done.

        Args:
            on_step: called with (step, record) after every step.
            progress: show a bar.
        """
        self.model.train()
        clock, recent = time.perf_counter(), []
        bar = tqdm(total=self.config.steps, initial=self.step, unit="step", disable=not progress)
        with interrupt_flag() as stop, bar:
            while self.step < self.config.steps and not stop.is_set():
                record = self.advance()
                recent.append(record["loss"])
                bar.update()
                if on_step is not None:
                    on_step(self.step, record)
                if self.step % self.config.eval_every == 0 or self.step == self.config.steps:
                    self.seconds += time.perf_counter() - clock
                    self._validate(sum(recent) / len(recent), record)
                    clock, recent = time.perf_counter(), []
                bar.set_postfix(loss=f"{record['loss']:.3f}", rate=f"{record['rate']:.1%}")
            self.seconds += time.perf_counter() - clock
            if self.step < self.config.steps:
                self.save()
        return self.step == self.config.steps

    def _validate(self, loss: float, record: dict) -> None:
        measured = evaluate(self.mean.module, self.val_tokens, streams=16)
        tokens = self.step * self.config.batch_size * self.config.seq_len
        entry = {"step": self.step, "tokens": tokens, "seconds": round(self.seconds, 1)}
        entry |= {"loss": loss, "val": measured["nats_per_token"], "rate": measured["rate"]}
        entry |= {"alive": measured["alive"], "lr": learning_rate(self.step - 1, self.config)}
        self.history.append(entry | {"norm": record["norm"]})
        self._write_log()
        self.save()

    def _write_log(self) -> None:
        if self.log is not None:
            lines = "".join(json.dumps(entry) + "\n" for entry in self.history)
            write_atomic(self.log, lines.encode())

    def save(self) -> None:
        """Write everything needed to continue to the same numbers, if there is a file for it."""
        if self.resume_file is None:
            return
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{k}": v for k, v in slots.items()}
        for index, layer in enumerate(self.state):
            tensors |= {f"state.{index}.{k}": v for k, v in layer._asdict().items()}
        tensors["rng"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state()
        card = self._identity()
        card |= {"step": self.step, "seconds": self.seconds, "history": self.history}
        pack(self.resume_file, tensors, card)

    def _identity(self) -> dict:
        """What has to be the same for a run to go on: settings, model, text."""
        text = hashlib.sha256(self.tokens.numpy().tobytes()).hexdigest()
        config, model = asdict(self.config), asdict(self.model.config)
        return {"config": config, "model": model, "text": {"text": text[:12]}}

    def restore(self) -> None:
        """Continue where `save` stopped.

        Raises:
            RealSamError: there is no such file, it is damaged, or it belongs to another run.
        """
        tensors, card = unpack(self.resume_file)
        mine = self._identity()
        wanted = {k: v for part in mine.values() for k, v in part.items()}
        saved = {k: v for name in mine for k, v in card[name].items()}
        other = [f"{k} {saved.get(k)} (now {v})" for k, v in wanted.items() if saved.get(k) != v]
        if other:
            raise RealSamError(
                f"{self.resume_file} belongs to a run with {', '.join(other)}; "
                "repeat its flags to resume it, or drop --resume to start anew."
            )

        def part(name: str) -> dict:
            return {k[len(name) :]: v for k, v in tensors.items() if k.startswith(name)}

        self.model.load_state_dict(part("model."))
        self.mean.load_state_dict(part("mean."))
        slots: dict[int, dict] = {}
        for key, value in part("adam.").items():
            index, name = key.split(".")
            slots.setdefault(int(index), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        state = part("state.")
        self.state = tuple(
            LIFState(state[f"{i}.spk"].to(self.device), state[f"{i}.mem"].to(self.device))
            for i in range(len(self.state))
        )
        torch.set_rng_state(tensors["rng"])
        if self.device.type == "cuda" and "rng_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng_cuda"])
        self.step, self.seconds, self.history = card["step"], card["seconds"], card["history"]


def _lerp(memory: float, mean: torch.Tensor, value: torch.Tensor, count) -> torch.Tensor:
    """Move the running mean towards `value`; the memory grows from short to `memory`."""
    return mean.lerp(value, 1.0 - min(memory, (1 + int(count)) / (10 + int(count))))


def _optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only, not on leaks, norms, biases or the token table."""
    table = model.encoder.table.weight
    matrices = [p for p in model.parameters() if p.ndim == 2 and p is not table]
    others = [p for p in model.parameters() if p.ndim != 2 or p is table]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.99))


@dataclass(frozen=True)
class TrainResult:
    """What `train` returns."""

    history: list[dict]  # one entry per validation
    seconds: float  # time spent training, validation not counted
    done: bool  # False if interrupted


def train(
    model,
    train_tokens,
    val_tokens,
    config: TrainConfig,
    *,
    log=None,
    resume_file=None,
    resume: bool = False,
    on_step=None,
    progress: bool = True,
) -> TrainResult:
    """Train `model` in place; at the end, or when interrupted, it holds the mean weights.

    Arguments as in `Run` and `Run.run`; `resume=True` continues from `resume_file`. That file
    stays: whoever has put the trained model in a safe place may delete it.
    """
    run = Run(model, train_tokens, val_tokens, config, log=log, resume_file=resume_file)
    if resume:
        run.restore()
    done = run.run(on_step, progress)
    model.load_state_dict(run.mean.module.state_dict())
    model.eval()
    return TrainResult(run.history, run.seconds, done)
