"""Training: AdamW on streams of text with the state carried along, and a log of it all.

Gradients stop at the border of a batch (truncated backpropagation through time, Williams and Peng
1990, doi 10.1162/neco.1990.2.4.490), the state does not. What is read when is the business of a
`curriculum.Schedule`. Step number, seed and schedule decide everything, so an interrupted run
resumes to the same numbers, bit for bit on a CPU.
"""

import json
import math
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from ..generation.generate import generate
from ..model import environment
from ..model.homeostasis import regulate
from ..model.output import rate_penalty
from ..neurons.lif import detach_state
from ..runtime.errors import RealSamError
from ..runtime.files import write_atomic
from ..runtime.settings import interrupt_flag, keep_memory, seed_all
from ..runtime.tensor_file import pack, part, unpack
from . import distributed
from .config import TrainConfig
from .curriculum import Schedule, phase_line
from .divergence import expect_finite, weights_of
from .evaluate import evaluate
from .optimizer import MeanWeights, load_slots, make_optimizer, slots

REFRESH = 1.0  # seconds between two looks at the numbers behind the bar; a GPU waits for each


class Run:
    """A training run in progress: model, optimiser, mean weights, state, history.

    Args:
        model: trained in place.
        schedule: what is read when.
        config: see `TrainConfig`.
        log: JSONL file that receives one line per validation, or None.
        resume_file: where everything needed to go on is kept while the run lasts, or None.
        tokenizer: if given, every validation keeps a few words that the model wrote.

    Raises:
        RealSamError: the processes that train together cannot share a batch equally.
    """

    def __init__(
        self, model, schedule: Schedule, config: TrainConfig, *,
        log=None, resume_file=None, tokenizer=None,
    ):  # fmt: skip
        seed_all(config.seed)
        self.model, self.schedule, self.config = model, schedule, config
        self.log, self.resume_file = log and Path(log), resume_file and Path(resume_file)
        self.tokenizer = tokenizer
        for batch_size in schedule.batch_sizes:  # before anything has been learnt
            distributed.share(batch_size)
        self.optimizer = make_optimizer(model, config)
        self.mean = MeanWeights(model, config.average)
        self.parallel = distributed.parallel(model)  # called in place of the model
        self.device = next(model.parameters()).device
        self.state = model.zero_state(distributed.share(schedule.batch_size))
        self.step = 0
        self.seconds = 0.0
        self.history = []  # one entry per validation
        self.recent = []  # losses since the last validation
        self.record = {}  # what is known of the last step
        self.pending = []  # numbers of the steps since `_fetch`, still on the device

    def _batch(self, number: int) -> list[torch.Tensor]:
        """Inputs and targets of the own rows, (B, T) each, on the device."""
        parts = map(distributed.rows, self.schedule.batch(number))
        if self.device.type == "cuda":  # from pinned memory the copy makes nobody wait
            return [part.pin_memory().to(self.device, non_blocking=True) for part in parts]
        return [part.to(self.device) for part in parts]

    def _products(self):
        """The context in which matrix products have the precision of the settings."""
        if self.config.precision == "bf16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return nullcontext()

    def _learn(self, number: int):
        """Read one batch and collect its gradient; return loss and rates of the whole batch."""
        config = self.config
        inputs, targets = self._batch(number)
        with self._products():
            out = environment.read(self.parallel, inputs, targets, self.state, _of_all_texts)
        loss, rates = out.loss, distributed.shared_mean(out.rates)  # of all processes' texts
        if config.rate_weight > 0:
            loss = loss + config.rate_weight * rate_penalty(rates, config.target_rate)
        (loss / config.grad_accum).backward()
        regulate(self.model, rates)  # V3's thresholds; nothing elsewhere
        self.state = detach_state(out.state)
        return _of_all_texts(out.loss.detach()), rates

    def _advance(self) -> None:
        """Take one optimiser step; its numbers stay on the device until `_fetch` wants them."""
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.learning_rate(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        first, losses = self.step * config.grad_accum, []
        for i in range(config.grad_accum):
            with distributed.collecting(self.parallel, last=i == config.grad_accum - 1):
                loss, rates = self._learn(first + i)
            losses.append(loss)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.mean.update_parameters(self.model)
        self.step += 1
        numbers = {"losses": torch.stack(losses), "norm": norm}  # (grad_accum,), ()
        numbers["rate"] = torch.stack([rate.mean() for rate in rates]).mean().detach()
        if isinstance(self.state[-1], environment.Environment):
            numbers["stress"] = self.state[-1].stress.mean()
        self.pending.append(numbers)

    def _fetch(self) -> dict:
        """Wait for the device and take over the numbers of its last steps; return the last's."""
        if self.pending:
            names = self.pending[0]
            values = {k: torch.stack([step[k] for step in self.pending]).tolist() for k in names}
            self.recent += [sum(losses) / len(losses) for losses in values["losses"]]
            self.record = {"loss": self.recent[-1], "stress": None}
            self.record |= {k: values[k][-1] for k in names if k != "losses"}
            first = self.step - len(self.pending) + 1
            self.pending = []
            steps = zip(values["losses"], values["norm"], strict=True)
            for step, (losses, norm) in enumerate(steps, first):
                self._expect_finite(step, {"loss": sum(losses), "norm of the gradient": norm})
        return self.record

    def _settle(self) -> None:
        """Wait for the device, and look at the weights before they are measured or kept."""
        self._fetch()
        self._expect_finite(self.step, weights_of(self.model, self.mean.module))

    def _expect_finite(self, step: int, numbers: dict[str, float]) -> None:
        kept = ""
        if self.resume_file is not None and self.history:
            kept = f" The state of step {self.history[-1]['step']} is in {self.resume_file}."
        expect_finite(step, self.config.lr, numbers, kept)

    def advance(self) -> dict:
        """Take one optimiser step; return its loss (nats per token), rate and gradient norm."""
        self._advance()
        return self._fetch()

    def run(self, on_step=None, progress: bool = True) -> bool:
        """Train until done or interrupted (Ctrl-C); return True if done.

        Args:
            on_step: called with (step, record) after every step, for which a GPU has to wait.
            progress: show a bar.

        Raises:
            RealSamError: loss, gradient or weights are no longer finite; what was saved stays.
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
                    self._settle()  # what the device has yet to do is training time, too
                    self.seconds += time.perf_counter() - clock
                    self._validate()
                    clock = time.perf_counter()
                if not bar.disable and time.perf_counter() > shown + REFRESH:
                    shown = time.perf_counter()
                    bar.set_postfix(_postfix(self._fetch(), self.schedule.phase), refresh=False)
            self._settle()
            self.seconds += time.perf_counter() - clock
            if self.step < self.config.steps:
                self.save()
        return self.step == self.config.steps

    def _validate(self) -> None:
        entry, schedule = distributed.on_first(self._measured)
        if distributed.rank() > 0:  # the first process has looked at it already
            self.schedule.load_state_dict(schedule)
        self.recent = []
        self.history.append(entry)
        if "phase_ended" in entry:
            tqdm.write(phase_line(entry["phase_ended"]))
            if self.step < self.config.steps:  # the next phase has begun: other texts, in silence
                self.state = self.model.zero_state(distributed.share(self.schedule.batch_size))
        distributed.on_first(self._write_log)
        self.save()

    def _measured(self) -> tuple[dict, dict]:
        """Validate; return the entry of the log and what the schedule made of it."""
        schedule, model = self.schedule, self.mean.module.eval()
        measured = evaluate(model, schedule.val_tokens, streams=16)
        entry = {
            "step": self.step,
            "tokens": self.step * self.config.tokens_per_step,
            "seconds": round(self.seconds, 1),
            "phase": schedule.phase,
            "seq_len": schedule.seq_len,
            "loss": sum(self.recent) / len(self.recent),
            "val": measured["nats_per_token"],
            **{key: measured[key] for key in ("rate", "alive", "rates")},
            "lr": schedule.learning_rate(self.step - 1),
            "norm": self.record["norm"],
            "stress": self.record["stress"],
            "thr": _thresholds(self.model),
        }
        if self.tokenizer is not None:
            start = "" if self.tokenizer.kind == "bpe" else self.tokenizer.chars[0]
            entry["sample"] = generate(model, self.tokenizer, start, n=40, seed=self.step)
        ended = schedule.observe(entry)
        if ended is not None:  # so that the log has the table, too, as the run goes
            entry["phase_ended"] = ended
        return entry, schedule.state_dict()

    def _write_log(self) -> None:
        if self.log is not None:
            lines = "".join(json.dumps(entry) + "\n" for entry in self.history)
            write_atomic(self.log, lines.encode())

    def _identity(self) -> dict:
        """What has to be the same for a run to go on: settings, model, text."""
        model = {"version": type(self.model).__name__} | asdict(self.model.config)
        return {"config": asdict(self.config), "model": model, "text": self.schedule.identity()}

    def _check_identity(self, card: dict) -> None:
        """Refuse to go on with another run."""
        mine = self._identity()
        if not {*mine, "schedule"} <= card.keys():
            raise RealSamError(
                f"{self.resume_file} is no resume file, or that of another realsam_edu; begin anew "
                "with --overwrite in place of --resume."
            )
        wanted = {k: v for part in mine.values() for k, v in part.items()}
        saved = {k: v for name in mine for k, v in card[name].items()}
        other = [f"{k} {saved.get(k)} (now {v})" for k, v in wanted.items() if saved.get(k) != v]
        if other:
            raise RealSamError(
                f"{self.resume_file} belongs to a run with {', '.join(other)}; repeat its flags "
                "to resume it, or begin anew with --overwrite in place of --resume."
            )

    def state_dict(self) -> tuple[dict[str, torch.Tensor], dict]:
        """Return everything needed to go on to the same numbers: tensors by name, and a JSON card.

        The state is that of the whole batch, so that the run may go on with another number of
        processes; every process has to take part.
        """
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        tensors |= {f"adam.{k}": v for k, v in slots(self.optimizer).items()}
        for index, kept in enumerate(self.state):
            whole = {k: distributed.gather(v) for k, v in kept._asdict().items()}  # (B, …) each
            tensors |= {f"state.{index}.{k}": v for k, v in whole.items()}
        tensors["rng"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state()
        card = self._identity() | {"schedule": self.schedule.state_dict()}
        card |= {"step": self.step, "seconds": self.seconds, "history": self.history}
        return tensors, card | {"recent": self.recent}

    def load_state_dict(self, tensors: dict[str, torch.Tensor], card: dict) -> None:
        """Go on from what `state_dict` returned.

        Raises:
            RealSamError: it belongs to another run.
        """
        self._check_identity(card)
        self.model.load_state_dict(part(tensors, "model."))
        self.mean.load_state_dict(part(tensors, "mean."))
        load_slots(self.optimizer, part(tensors, "adam."))
        state = part(tensors, "state.")
        self.state = tuple(
            type(like)(*(distributed.rows(state[f"{i}.{k}"]).to(self.device) for k in like._fields))
            for i, like in enumerate(self.state)
        )
        torch.set_rng_state(tensors["rng"])
        if self.device.type == "cuda" and "rng_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng_cuda"])
        self.schedule.load_state_dict(card["schedule"])
        self.step, self.seconds = card["step"], card["seconds"]
        self.history, self.recent = card["history"], card["recent"]

    def save(self) -> None:
        """Write `state_dict` to the resume file, if there is one; every process takes part."""
        if self.resume_file is not None:
            self._fetch()
            tensors, card = self.state_dict()
            distributed.on_first(lambda: pack(self.resume_file, tensors, card))

    def restore(self) -> None:
        """Go on from the resume file.

        Raises:
            RealSamError: there is none, it is damaged, or it belongs to another run.
        """
        if self.resume_file is None or not self.resume_file.is_file():
            raise RealSamError(
                f"There is nothing to resume at {self.resume_file}: the run is finished, or it was "
                "stopped before its first save; start it without --resume."
            )
        self.load_state_dict(*unpack(self.resume_file))


def _of_all_texts(surprise: torch.Tensor) -> torch.Tensor:
    """The mean of what every process met with its own texts, ()."""
    return distributed.shared_mean([surprise])[0]


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


def study(
    model, schedule: Schedule, config: TrainConfig, *,
    resume=False, on_step=None, progress=True, **files,
) -> TrainResult:  # fmt: skip
    """Train `model` in place on a schedule; done or interrupted, it then holds the mean weights.

    Args:
        model, schedule, config: see `Run`.
        resume: continue from `resume_file`. That file stays: whoever has put the trained model in
            a safe place may delete it.
        on_step, progress: see `Run.run`.
        files: `log`, `resume_file`, `tokenizer`, see `Run`.

    Raises:
        RealSamError: what `Run` and `Run.restore` raise, or a file cannot be written.
    """
    run = Run(model, schedule, config, **files)
    if resume:
        run.restore()
    done = run.run(on_step, progress)
    model.load_state_dict(run.mean.module.state_dict())
    model.eval()
    return TrainResult(run.history, run.seconds, done)


def train(model, train_tokens, val_tokens, config: TrainConfig, **how) -> TrainResult:
    """Train `model` in place on one text, without phases; further arguments as in `study`.

    Args:
        model: V1 to V4.
        train_tokens, val_tokens: int64, (n,) each.
        config: see `TrainConfig`.

    Raises:
        RealSamError: a text is shorter than one window, or what `study` raises.
    """
    return study(model, Schedule.of_text(train_tokens, val_tokens, config), config, **how)
