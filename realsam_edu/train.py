"""Training: AdamW on streams of text with the state carried along, and a log of it all.

Gradients stop at the border of a batch (truncated backpropagation through time), the state does
not. What is read when is the business of a lesson: `reading.Reader` for one text,
`curriculum.Course` for phases. Step number, seed and lesson decide everything, so an interrupted
run resumes to the same numbers, bit for bit on a CPU.
"""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from .checkpoint import pack, unpack
from .environment import Environment, feel
from .evaluate import evaluate
from .generate import generate
from .neurons import detach_state
from .reading import Reader
from .recipe import TrainConfig, make_optimizer, mean_weights, rate_penalty
from .runtime import RealSamError, interrupt_flag, seed_all, write_atomic


class Run:
    """A training run in progress: model, optimiser, mean weights, state, history.

    Args:
        model: trained in place.
        lesson: what is read when, see `reading.Reader`.
        config: see `TrainConfig`.
        log: JSONL file that receives one line per validation, or None.
        resume_file: where everything needed to go on is kept while the run lasts, or None.
        tokenizer: if given, every validation keeps a few words that the model wrote.
    """

    def __init__(self, model, lesson, config, *, log=None, resume_file=None, tokenizer=None):
        seed_all(config.seed)
        self.model, self.lesson, self.config = model, lesson, config
        self.log, self.resume_file = log and Path(log), resume_file and Path(resume_file)
        self.tokenizer = tokenizer
        self.optimizer = make_optimizer(model, config)
        self.mean = mean_weights(model, config.average)
        self.device = next(model.parameters()).device
        self.state = model.zero_state(lesson.readers)
        self.step, self.seconds, self.history = 0, 0.0, []
        self.recent = []  # losses since the last validation

    def _learn(self, number: int):
        """Read one batch and collect its gradient; return the model's output."""
        config = self.config
        inputs, targets = self.lesson.batch(number)
        half = config.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            out = self.model(inputs.to(self.device), targets.to(self.device), self.state)
        loss = out.loss
        if config.rate_weight > 0:
            loss = loss + config.rate_weight * rate_penalty(out.rates, config.target_rate)
        (loss / config.grad_accum).backward()
        vocab = self.model.config.vocab
        self.state = feel(detach_state(out.state), out.loss, inputs.shape[1], vocab)
        return out

    def advance(self) -> dict:
        """Take one optimiser step; return its loss (nats per token), rate and gradient norm."""
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = self.lesson.learning_rate(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        first = self.step * config.grad_accum
        outs = [self._learn(first + i) for i in range(config.grad_accum)]
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.mean.update_parameters(self.model)
        self.step += 1
        loss = sum(out.loss.item() for out in outs) / len(outs)
        rate = torch.stack([rate.mean() for rate in outs[-1].rates]).mean()
        return {"loss": loss, "rate": rate.item(), "norm": norm.item(), "stress": self.stress}

    @property
    def stress(self) -> float | None:
        """Mean stress of the readers; None for a model without environment."""
        felt = self.state[-1]
        return felt.stress.mean().item() if isinstance(felt, Environment) else None

    def run(self, on_step=None, progress: bool = True) -> bool:
        """Train until done or interrupted (Ctrl-C); return True if done.

        Args:
            on_step: called with (step, record) after every step.
            progress: show a bar.
        """
        self.model.train()
        clock, per = time.perf_counter(), self.config.tokens_per_step
        bar = tqdm(
            total=self.config.steps * per, initial=self.step * per,
            unit="tok", unit_scale=True, disable=not progress,
        )  # fmt: skip
        with interrupt_flag() as stop, bar:
            while self.step < self.config.steps and not stop.is_set():
                record = self.advance()
                self.recent.append(record["loss"])
                bar.update(per)
                if on_step is not None:
                    on_step(self.step, record)
                if self.step % self.config.eval_every == 0 or self.step == self.config.steps:
                    self.seconds += time.perf_counter() - clock
                    self._validate(record)
                    clock = time.perf_counter()
                bar.set_postfix(_postfix(record, self.lesson.phase))
            self.seconds += time.perf_counter() - clock
            if self.step < self.config.steps:
                self.save()
        return self.step == self.config.steps

    def _validate(self, record: dict) -> None:
        loss, self.recent = sum(self.recent) / len(self.recent), []
        lesson, listener = self.lesson, self.mean.module.eval()
        measured = evaluate(listener, lesson.val_tokens, streams=16)
        entry = {"step": self.step, "tokens": self.step * self.config.tokens_per_step}
        entry |= {"seconds": round(self.seconds, 1), "phase": lesson.phase}
        entry |= {"seq_len": lesson.seq_len, "loss": loss, "val": measured["nats_per_token"]}
        entry |= {key: measured[key] for key in ("rate", "alive", "rates")}
        entry |= {"lr": lesson.learning_rate(self.step - 1), "norm": record["norm"]}
        entry |= {"stress": record["stress"], "thr": _thresholds(self.model)}
        if self.tokenizer is not None:
            start = "" if self.tokenizer.kind == "bpe" else self.tokenizer.chars[0]
            entry["sample"] = generate(listener, self.tokenizer, start, n=40, seed=self.step)
        self.history.append(entry)
        if lesson.observe(entry):
            self.state = self.model.zero_state(lesson.readers)
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
        for index, part in enumerate(self.state):
            tensors |= {f"state.{index}.{k}": v for k, v in part._asdict().items()}
        tensors["rng"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state()
        card = self._identity() | {"lesson": self.lesson.state_dict()}
        card |= {"step": self.step, "seconds": self.seconds, "history": self.history}
        card["recent"] = self.recent
        pack(self.resume_file, tensors, card)

    def _identity(self) -> dict:
        """What has to be the same for a run to go on: settings, model, text."""
        config, model = asdict(self.config), asdict(self.model.config)
        version = {"version": type(self.model).__name__}
        return {"config": config, "model": version | model, "text": self.lesson.identity()}

    def restore(self) -> None:
        """Continue where `save` stopped.

        Raises:
            RealSamError: there is no such file, it is damaged, or it belongs to another run.
        """
        if not self.resume_file.is_file():
            raise RealSamError(
                f"There is nothing to resume at {self.resume_file}: the run is finished, or it was "
                "stopped before its first save; start it without --resume."
            )
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
        self.lesson.load_state_dict(card["lesson"])
        state, like = part("state."), self.model.zero_state(self.lesson.readers)
        self.state = tuple(
            type(entry)(*(state[f"{i}.{k}"].to(self.device) for k in entry._fields))
            for i, entry in enumerate(like)
        )
        torch.set_rng_state(tensors["rng"])
        if self.device.type == "cuda" and "rng_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng_cuda"])
        self.step, self.seconds, self.history = card["step"], card["seconds"], card["history"]
        self.recent = card["recent"]


def _postfix(record: dict, phase: str | None) -> dict:
    """What stands behind the bar; the bar itself shows tokens per second and time left."""
    loss = record["loss"]
    shown = {"phase": phase} if phase is not None else {}
    shown |= {"loss": f"{loss:.3f}", "ppl": f"{math.exp(min(loss, 20.0)):.1f}"}
    shown["rate"] = f"{record['rate']:.1%}"
    return shown | ({} if record["stress"] is None else {"stress": f"{record['stress']:.2f}"})


def _thresholds(model: nn.Module) -> list[list[float]] | None:
    """Where 5, 50 and 95 % of each layer's thresholds lie; None if they cannot move."""
    if not getattr(model.config, "eta", 0.0):
        return None
    levels = torch.tensor([0.05, 0.5, 0.95])
    return [block.lif.thr.cpu().quantile(levels).tolist() for block in model.blocks]


@dataclass(frozen=True)
class TrainResult:
    """What `train` returns."""

    history: list[dict]  # one entry per validation
    seconds: float  # time spent training, validation not counted
    done: bool  # False if interrupted


def study(model, lesson, config: TrainConfig, *, resume=False, on_step=None, progress=True, **kept):
    """Train `model` in place on a lesson; done or interrupted, it then holds the mean weights.

    Args:
        model, lesson, config: see `Run`.
        resume: continue from `resume_file`. That file stays: whoever has put the trained model in
            a safe place may delete it.
        on_step, progress: see `Run.run`.
        kept: `log`, `resume_file`, `tokenizer`, see `Run`.

    Returns:
        A `TrainResult`.
    """
    run = Run(model, lesson, config, **kept)
    if resume:
        run.restore()
    done = run.run(on_step, progress)
    model.load_state_dict(run.mean.module.state_dict())
    model.eval()
    return TrainResult(run.history, run.seconds, done)


def train(model, train_tokens, val_tokens, config: TrainConfig, **how) -> TrainResult:
    """Train `model` in place on one text, without phases; arguments as in `study`.

    Raises:
        RealSamError: the training text is shorter than one step of one reader.
    """
    return study(model, Reader(train_tokens, val_tokens, config), config, **how)
