"""Training: AdamW on streams of text with the state carried along, and a log of it all.

Gradients stop at the border of a batch (truncated backpropagation through time), the state does
not. What is read when is the business of a lesson: `reading.Reader` for one text,
`curriculum.Course` for phases. Step number, seed and lesson decide everything, so an interrupted
run resumes to the same numbers, bit for bit on a CPU.
"""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from ..generation.generate import generate
from ..model.environment import Environment, update_stress
from ..model.homeostasis import regulate
from ..model.output import rate_penalty
from ..neurons.lif import detach_state
from ..runtime.files import write_atomic
from ..runtime.settings import interrupt_flag, keep_memory, seed_all
from . import distributed, resume
from .config import TrainConfig
from .evaluate import evaluate
from .optimizer import MeanWeights, make_optimizer
from .streams import Reader

REFRESH = 1.0  # seconds between two looks at the numbers behind the bar; a GPU waits for each


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
        for readers in lesson.crowds:  # before anything has been learnt
            distributed.share(readers)
        self.optimizer = make_optimizer(model, config)
        self.mean = MeanWeights(model, config.average)
        self.learner = distributed.parallel(model)
        self.device = next(model.parameters()).device
        self.state = model.zero_state(distributed.share(lesson.readers))
        self.step, self.seconds, self.history = 0, 0.0, []
        self.recent, self.record = [], {}  # losses since the last validation; the last step
        self.pending = []  # numbers of the steps since, still on the device

    def _batch(self, number: int) -> list[torch.Tensor]:
        """Inputs and targets of the own readers, (B, T) each, on the device."""
        parts = map(distributed.rows, self.lesson.batch(number))
        if self.device.type == "cuda":  # from pinned memory the copy makes nobody wait
            return [part.pin_memory().to(self.device, non_blocking=True) for part in parts]
        return [part.to(self.device) for part in parts]

    def _learn(self, number: int):
        """Read one batch and collect its gradient; return loss and rates of all its readers."""
        config = self.config
        inputs, targets = self._batch(number)
        half = config.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            out = self.learner(inputs, targets, self.state)
        loss, rates = out.loss, distributed.shared_mean(out.rates)  # of all processes' texts
        if config.rate_weight > 0:
            loss = loss + config.rate_weight * rate_penalty(rates, config.target_rate)
        (loss / config.grad_accum).backward()
        regulate(self.model, rates)  # V3's thresholds; nothing elsewhere
        (met,) = distributed.shared_mean([out.loss.detach()])  # by all readers
        vocab = self.model.config.vocab
        self.state = update_stress(detach_state(out.state), met, inputs.shape[1], vocab)
        return met, rates

    def _advance(self) -> None:
        """Take one optimiser step; its numbers stay on the device until `_fetch` wants them."""
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = self.lesson.learning_rate(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        first, losses = self.step * config.grad_accum, []
        for i in range(config.grad_accum):
            with distributed.collecting(self.learner, last=i == config.grad_accum - 1):
                loss, rates = self._learn(first + i)
            losses.append(loss)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.mean.update_parameters(self.model)
        self.step += 1
        rate = torch.stack([rate.mean() for rate in rates]).mean().detach()
        felt = [self.state[-1].stress.mean()] if isinstance(self.state[-1], Environment) else []
        self.pending.append(torch.stack([rate, norm, *felt, *losses]))

    def _fetch(self) -> dict:
        """Wait for the device and take over the numbers of its last steps; return the last's."""
        if self.pending:
            for numbers in torch.stack(self.pending).tolist():
                losses = numbers[-self.config.grad_accum :]
                self.recent.append(sum(losses) / len(losses))
            rate, norm, stress, *_ = numbers
            stress = stress if isinstance(self.state[-1], Environment) else None
            self.record = {"loss": self.recent[-1], "rate": rate, "norm": norm, "stress": stress}
            self.pending = []
        return self.record

    def advance(self) -> dict:
        """Take one optimiser step; return its loss (nats per token), rate and gradient norm."""
        self._advance()
        return self._fetch()

    def run(self, on_step=None, progress: bool = True) -> bool:
        """Train until done or interrupted (Ctrl-C); return True if done.

        Args:
            on_step: called with (step, record) after every step, for which a GPU has to wait.
            progress: show a bar.
        """
        keep_memory()
        self.model.train()
        clock, per, shown = time.perf_counter(), self.config.tokens_per_step, 0.0
        bar = tqdm(
            total=self.config.steps * per, initial=self.step * per,
            unit="tok", unit_scale=True, disable=not progress or distributed.rank() > 0,
        )  # fmt: skip
        with interrupt_flag() as stop, bar:
            while self.step < self.config.steps and not distributed.any_of(stop.is_set()):
                self._advance()
                bar.update(per)
                if on_step is not None:
                    on_step(self.step, self._fetch())
                if self.step % self.config.eval_every == 0 or self.step == self.config.steps:
                    self._fetch()  # what the device has yet to do is training time, too
                    self.seconds += time.perf_counter() - clock
                    self._validate()
                    clock = time.perf_counter()
                if not bar.disable and time.perf_counter() > shown + REFRESH:
                    shown = time.perf_counter()
                    bar.set_postfix(_postfix(self._fetch(), self.lesson.phase), refresh=False)
            self._fetch()
            self.seconds += time.perf_counter() - clock
            if self.step < self.config.steps:
                self.save()
        return self.step == self.config.steps

    def _validate(self) -> None:
        entry, begun, lesson = distributed.on_first(self._measured)
        if distributed.rank() > 0:  # the first process has looked at it already
            self.lesson.load_state_dict(lesson)
        self.recent = []
        self.history.append(entry)
        if begun:
            self.state = self.model.zero_state(distributed.share(self.lesson.readers))
        distributed.on_first(self._write_log)
        self.save()

    def _measured(self) -> tuple[dict, bool, dict]:
        """Validate; return the entry of the log, whether a phase begins, the lesson's state."""
        lesson, listener = self.lesson, self.mean.module.eval()
        measured = evaluate(listener, lesson.val_tokens, streams=16)
        entry = {"step": self.step, "tokens": self.step * self.config.tokens_per_step}
        entry |= {"seconds": round(self.seconds, 1), "phase": lesson.phase}
        entry |= {"seq_len": lesson.seq_len, "loss": sum(self.recent) / len(self.recent)}
        entry["val"] = measured["nats_per_token"]
        entry |= {key: measured[key] for key in ("rate", "alive", "rates")}
        entry |= {"lr": lesson.learning_rate(self.step - 1), "norm": self.record["norm"]}
        entry |= {"stress": self.record["stress"], "thr": _thresholds(self.model)}
        if self.tokenizer is not None:
            start = "" if self.tokenizer.kind == "bpe" else self.tokenizer.chars[0]
            entry["sample"] = generate(listener, self.tokenizer, start, n=40, seed=self.step)
        return entry, lesson.observe(entry), lesson.state_dict()

    def _write_log(self) -> None:
        if self.log is not None:
            lines = "".join(json.dumps(entry) + "\n" for entry in self.history)
            write_atomic(self.log, lines.encode())

    def save(self) -> None:
        """Write everything needed to continue to the same numbers, if there is a file for it."""
        if self.resume_file is not None:
            self._fetch()
            resume.save(self)

    def restore(self) -> None:
        """Continue where `save` stopped; raises what `resume.restore` raises."""
        resume.restore(self)


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
    return [block.lif.thr.cpu().float().quantile(levels).tolist() for block in model.blocks]


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
