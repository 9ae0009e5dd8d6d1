"""What is read when: one text, or words, phrases, sentences, stories, conversations, all mixed.

A `Phase` says how long the windows are and in which proportion the texts of a batch come from
where; those of earlier phases stay among them (replay), so that nothing learnt is forgotten. A
`Schedule` goes through the phases: the next one begins by itself when the validation loss has
converged, or when the phase has had its share of the tokens. Windows of 8 tokens come 8 times as
many side by side as windows of 64, so that every step learns from equally many tokens. A training
without phases, like V1's, is a schedule of a single one that has no name. Starting small is an old
idea (Elman 1993, doi 10.1016/0010-0277(93)90058-4) with old counter-evidence (Rohde and Plaut 1999,
doi 10.1016/S0010-0277(99)00031-1): `WITHOUT` is the control. Notebook 06 builds it.
"""

import copy
import hashlib
import json
import math
from dataclasses import asdict, dataclass

import torch

from ..runtime.errors import RealSamError
from .config import TrainConfig
from .evaluate import perplexity
from .optimizer import learning_rate
from .streams import fingerprint, streams

PATIENCE = 2  # validations without progress that end a phase
PROGRESS = 0.005  # share of the loss that a validation has to gain to count as progress


@dataclass(frozen=True)
class Phase:
    """One stage of growing up."""

    name: str | None  # whose validation text decides about convergence; None: no phases
    seq_len: int  # tokens per window
    share: float  # of all tokens, at most
    mix: dict[str, float]  # which texts are read, in which proportion


_ALL = {"stories": 0.6, "conversations": 0.25, "sentences": 0.1, "phrases": 0.05}
PHASES = (
    Phase("words", 8, 0.02, {"words": 1.0}),
    Phase("phrases", 16, 0.04, {"phrases": 0.75, "words": 0.25}),
    Phase("sentences", 32, 0.10, {"sentences": 0.75, "phrases": 0.15, "words": 0.1}),
    Phase("stories", 64, 0.50, {"stories": 0.8, "sentences": 0.15, "phrases": 0.05}),
    Phase("conversations", 64, 0.10, {"conversations": 0.6, "stories": 0.4}),
    Phase("mixed", 64, 1.0, _ALL),
)
WITHOUT = PHASES[-1:]  # the control: everything mixed from the first step to the last


def converged(vals, patience: int = PATIENCE, progress: float = PROGRESS) -> bool:
    """Tell whether a loss has stopped falling.

    Args:
        vals: the validations of a phase so far, in nats per token, oldest first.
        patience: how many validations in a row have to be without progress, at least 1.
        progress: share of the best loss before them that one of them has to gain to count as such.
    """
    if len(vals) <= patience:
        return False
    return min(vals[-patience:]) > (1.0 - progress) * min(vals[:-patience])


class Schedule:
    """What is read when, and at which learning rate: phase after phase, for `loop.Run`.

    Args:
        texts: `{name: (train, val)}`, token sequences that can be indexed by a tensor of positions.
            A phase whose own text is missing or empty is left out, "mixed" if it has none at all.
        config: `batch_size` texts of `seq_len` tokens fix the tokens per batch.
        digest: tells these texts from others.
        phases: `PHASES` or `WITHOUT`; see `of_text` for a training without phases.

    Attributes:
        table: one row per phase that has ended.

    Raises:
        RealSamError: no text for any phase, or a text is shorter than one window.
    """

    def __init__(
        self, texts: dict, config: TrainConfig, digest: str, phases: tuple[Phase, ...] = PHASES
    ):
        self.config, self.digest = config, digest
        self.texts = {name: pair for name, pair in texts.items() if len(pair[0]) and len(pair[1])}
        self.phases = [phase for phase in phases if self._can_be_read(phase)]
        if not self.phases:
            raise RealSamError("There is no text to learn from; name a corpus that has some.")
        for name, pair in self.texts.items():
            if min(map(len, pair)) <= config.seq_len:
                raise RealSamError(
                    f"The text for {name} has {min(map(len, pair))} tokens, one window needs more "
                    f"than {config.seq_len}; use a longer text, a larger corpus or a smaller "
                    "seq_len."
                )
        self.index = 0  # of the present phase
        self.start = 0  # number of its first batch
        self.segment = 0, self._first_segment()  # steps that the learning rate's cosine spans
        self.cursors = dict.fromkeys(self.texts, 0)  # tokens each stream of a text has read
        self.vals, self.table = [], []

    @classmethod
    def of_text(cls, tokens: torch.Tensor, val_tokens: torch.Tensor, config: TrainConfig):
        """Return a schedule without phases: one text, (n,), from the first step to the last."""
        phase = Phase(None, config.seq_len, 1.0, {"training": 1.0})
        return cls({"training": (tokens, val_tokens)}, config, fingerprint(tokens), (phase,))

    def _can_be_read(self, phase: Phase) -> bool:
        """Whether there is text of the phase's own ("mixed" has none) and of its mix."""
        own = phase.name in (None, "mixed") or phase.name in self.texts
        return own and any(name in self.texts for name in phase.mix)

    def _first_segment(self) -> int:
        """The step up to which the first learning rate falls: where conversations are due."""
        names = [phase.name for phase in self.phases]
        if "conversations" not in names:
            return self.config.steps
        early = self.phases[: names.index("conversations")]
        return max(1, math.ceil(sum(phase.share for phase in early) * self.config.steps))

    @property
    def _now(self) -> Phase:
        return self.phases[self.index]

    @property
    def phase(self) -> str | None:
        """Name of the present phase; None in a training without phases."""
        return self._now.name

    @property
    def seq_len(self) -> int:
        """Tokens per window of the present phase."""
        return self._length(self._now)

    @property
    def batch_size(self) -> int:
        """Texts B side by side in the present phase."""
        return self._texts_of(self._now)

    @property
    def batch_sizes(self) -> list[int]:
        """The same for every phase, one after the other."""
        return [self._texts_of(phase) for phase in self.phases]

    def _length(self, phase: Phase) -> int:
        return min(phase.seq_len, self.config.seq_len)

    def _texts_of(self, phase: Phase) -> int:
        return self.config.batch_size * self.config.seq_len // self._length(phase)

    @property
    def val_tokens(self) -> torch.Tensor:
        """What the present phase is validated on; "mixed" is validated on stories."""
        name = self.phase if self.phase in self.texts else "stories"
        name = name if name in self.texts else next(iter(self.texts))
        return self.texts[name][1][:]

    def _rows(self) -> dict[str, int]:
        """How many rows of a batch come from which text."""
        mix = {name: part for name, part in self._now.mix.items() if name in self.texts}
        whole, edge, rows = sum(mix.values()), 0.0, {}
        for name, part in mix.items():
            before = round(edge)
            edge += part / whole * self.batch_size
            rows[name] = round(edge) - before
        return {name: count for name, count in rows.items() if count}

    def batch(self, number: int):
        """Return inputs and targets, (B, T) each, of the batch with this number."""
        length, parts = self.seq_len, []
        for name, count in self._rows().items():
            read = self.cursors[name] + (number - self.start) * length
            parts.append(streams(self.texts[name][0], count, read, length + 1))
        whole = torch.cat(parts)  # (B, T+1)
        return whole[:, :-1], whole[:, 1:]

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of an optimiser step; conversations start it anew."""
        return learning_rate(step, self.config, *self.segment)

    def observe(self, entry: dict) -> dict | None:
        """Take note of a validation; return the row of the phase that ends with it, or None.

        Unless it was the last step, a new phase begins then, and its texts begin in silence.

        Args:
            entry: has `step`, `loss` (in training) and `val`, in nats per token.
        """
        self.vals.append(entry["val"])
        last = self.index == len(self.phases) - 1
        begun = self.start // self.config.grad_accum
        share = (entry["step"] - begun) / self.config.steps
        done = entry["step"] == self.config.steps
        stopped = converged(self.vals)
        if self.phase is None or not (done or (not last and (stopped or share >= self._now.share))):
            return None
        row = self._row(entry, "converged" if stopped else "budget")
        self.table.append(row)
        if not done:
            self._next(entry["step"])
        return row

    def _row(self, entry: dict, ended: str) -> dict:
        """The row of the table for the present phase, which ends."""
        steps = entry["step"] - self.start // self.config.grad_accum
        own = self._rows().get(self.phase, self.batch_size) / self.batch_size  # share of its text
        tokens = steps * self.config.tokens_per_step
        text = self.texts.get(self.phase)
        epochs = tokens * own / len(text[0]) if text else None  # "mixed" has no text of its own
        return {
            "phase": self.phase,
            "seq_len": self.seq_len,
            "steps": steps,
            "tokens": tokens,
            "epochs": epochs and round(epochs, 3),
            "train": entry["loss"],
            "val": entry["val"],
            "perplexity": perplexity(entry["val"]),
            "ended": ended,
        }

    def _next(self, step: int) -> None:
        number = step * self.config.grad_accum
        for name in self._rows():
            self.cursors[name] += (number - self.start) * self.seq_len
        self.index, self.start, self.vals = self.index + 1, number, []
        if self.phase == "conversations":
            self.segment = (step, self.config.steps)
        elif self.phase == "mixed" and self.segment[1] != self.config.steps:
            self.segment = (self.segment[0], self.config.steps)

    def identity(self) -> dict:
        """Return what tells this schedule from another."""
        plan = json.dumps([asdict(phase) for phase in self.phases])
        names = "+".join(phase.name or "none" for phase in self.phases)
        digest = hashlib.sha256(plan.encode()).hexdigest()
        return {"text": self.digest[:12], "phases": f"{names} {digest[:8]}"}

    def state_dict(self) -> dict:
        """Return what has to be remembered over an interruption; JSON."""
        names = ("index", "start", "segment", "cursors", "vals", "table")
        return copy.deepcopy({name: getattr(self, name) for name in names})

    def load_state_dict(self, state: dict) -> None:
        """Go on from what `state_dict` returned."""
        for name, value in copy.deepcopy(state).items():
            setattr(self, name, value)


def phase_line(row: dict | None = None) -> str:
    """Return one line of the phase table; its heading if `row` is None."""
    if row is None:
        names = "phase          length   steps     tokens   epochs   train     val"
        return f"{names}  perplexity  ended"
    epochs = "     –" if row["epochs"] is None else f"{row['epochs']:6.2f}"
    return (
        f"{row['phase']:14} {row['seq_len']:6} {row['steps']:7} {row['tokens']:10,}   {epochs}  "
        f"{row['train']:6.3f}  {row['val']:6.3f}  {row['perplexity']:10.1f}  {row['ended']}"
    )
