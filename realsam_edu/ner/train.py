"""Training the tagger: the loop, its log, stopping and going on.

What is learnt at a step is decided by seed and step alone, so an interrupted training resumes to
the same numbers, bit for bit on a CPU. Optimiser, learning rate, running mean and files are those
of Sam himself.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn
from tqdm.auto import tqdm

from ..model.output import rate_penalty
from ..runtime.errors import RealSamError
from ..runtime.files import write_atomic
from ..runtime.settings import interrupt_flag, keep_memory, seed_all
from ..runtime.tensor_file import pack, part, unpack
from ..training.config import TrainConfig
from ..training.divergence import expect_finite, weights_of
from ..training.optimizer import MeanWeights, learning_rate, load_slots, make_optimizer, slots
from .batches import Reading


class Training:
    """A training in progress: model, optimiser, mean weights, history.

    Args:
        model: a tagger, trained in place.
        reading: what is learnt from, see `batches.Reading`.
        config: `seq_len` words in each of `batch_size` rows; see `TrainConfig`.
        validate: takes a model, returns what the log is to say about it.
        log: JSONL file that receives one line per validation, or None.
        resume_file: where everything needed to go on is kept while the training lasts, or None.
        identity: what else has to be the same for a training to go on.
    """

    def __init__(
        self, model, reading: Reading, config: TrainConfig, *,
        validate: Callable, log=None, resume_file=None, identity=None,
    ):  # fmt: skip
        seed_all(config.seed)
        self.model, self.reading, self.config, self.validate = model, reading, config, validate
        self.log, self.resume_file = log and Path(log), resume_file and Path(resume_file)
        model_card = {"kind": model.kind} | asdict(model.config)
        self.identity = {"config": asdict(config), "model": model_card, "data": identity or {}}
        self.optimizer = make_optimizer(model, config)
        self.mean = MeanWeights(model, config.average)
        self.device = next(model.parameters()).device
        self.step, self.seconds = 0, 0.0
        self.history: list[dict] = []  # one entry per validation
        self.recent: list[float] = []  # losses since the last validation

    def advance(self) -> dict:
        """Take one optimiser step; return its loss (nats per word), rate and gradient norm."""
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config)
        self.optimizer.zero_grad(set_to_none=True)
        out = self.model(*(piece.to(self.device) for piece in self.reading.batch(self.step)))
        loss, rates = out.loss, out.rates
        if rates and config.rate_weight > 0:
            loss = loss + config.rate_weight * rate_penalty(rates, config.target_rate)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.mean.update_parameters(self.model)
        self.step += 1
        numbers = {"loss": out.loss.item(), "norm of the gradient": norm.item()}
        self._expect_finite(numbers)
        self.recent.append(numbers["loss"])
        return {"loss": numbers["loss"], "rate": mean_rate(rates), "norm": norm.item()}

    def _expect_finite(self, numbers: dict[str, float]) -> None:
        kept = ""
        if self.resume_file is not None and self.history:
            kept = f" The state of step {self.history[-1]['step']} is in {self.resume_file}."
        expect_finite(self.step, self.config.lr, numbers, kept)

    def run(self, progress: bool = True) -> bool:
        """Train until done or interrupted (Ctrl-C); return True if done.

        Raises:
            RealSamError: loss, gradient or weights are no longer finite; what was saved stays.
        """
        keep_memory()
        self.model.train()
        config, clock = self.config, time.perf_counter()
        bar = tqdm(total=config.steps, initial=self.step, unit="step", disable=not progress)
        with interrupt_flag() as stop, bar:
            while self.step < config.steps and not stop.is_set():
                record = self.advance()
                bar.update()
                bar.set_postfix(loss=f"{record['loss']:.3f}", rate=f"{record['rate']:.1%}")
                if self.step % config.eval_every == 0 or self.step == config.steps:
                    self._expect_finite(weights_of(self.model, self.mean.module))
                    self.seconds += time.perf_counter() - clock
                    self._validate(record)
                    clock = time.perf_counter()
        self.seconds += time.perf_counter() - clock
        if self.step < config.steps:
            self.save()
        return self.step == config.steps

    def _validate(self, record: dict) -> None:
        entry = {
            "step": self.step,
            "words": self.step * self.config.tokens_per_step,
            "seconds": round(self.seconds, 1),
            **record,
            "loss": sum(self.recent) / len(self.recent),
            "lr": learning_rate(self.step - 1, self.config),
            **self.validate(self.mean.module.eval()),
        }
        self.recent = []
        self.history.append(entry)
        if self.log is not None:
            lines = "".join(json.dumps(entry) + "\n" for entry in self.history)
            write_atomic(self.log, lines.encode())
        self.save()

    def save(self) -> None:
        """Write everything needed to go on to the resume file, if there is one."""
        if self.resume_file is None:
            return
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"mean.{k}": v for k, v in self.mean.state_dict().items()}
        tensors |= {f"adam.{k}": v for k, v in slots(self.optimizer).items()}
        tensors["rng"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state()
        card = {name: getattr(self, name) for name in ("step", "seconds", "history", "recent")}
        pack(self.resume_file, tensors, card | self.identity)

    def restore(self) -> None:
        """Go on from the resume file.

        Raises:
            RealSamError: there is none, it is damaged, or it belongs to another training.
        """
        if self.resume_file is None or not self.resume_file.is_file():
            raise RealSamError(
                f"There is nothing to resume at {self.resume_file}: the training is finished, or "
                "it was stopped before its first save; start it without --resume."
            )
        tensors, card = unpack(self.resume_file)
        other = _differences(self.identity, card)
        if other:
            raise RealSamError(
                f"{self.resume_file} belongs to a training with {', '.join(other)}; repeat its "
                "flags to resume it, or begin anew with --overwrite in place of --resume."
            )
        self.model.load_state_dict(part(tensors, "model."))
        self.mean.load_state_dict(part(tensors, "mean."))
        load_slots(self.optimizer, part(tensors, "adam."))
        torch.set_rng_state(tensors["rng"])
        if self.device.type == "cuda" and "rng_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng_cuda"])
        self.step, self.seconds = card["step"], card["seconds"]
        self.history, self.recent = card["history"], card["recent"]


def mean_rate(rates: list[torch.Tensor]) -> float:
    """Return the mean firing rate of all neurons; 0 where nobody spikes."""
    return torch.cat(rates).mean().item() if rates else 0.0


def _differences(mine: dict[str, dict], card: dict) -> list[str]:
    """What the card of a resume file says otherwise."""
    return [
        f"{key} {(card.get(name) or {}).get(key)} (now {value})"
        for name, wanted in mine.items()
        for key, value in wanted.items()
        if (card.get(name) or {}).get(key) != value
    ]
