"""A whole training, from the name of a version to a checkpoint with its card.

The command line and the notebooks go through here, so their numbers are the same.
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path

from .. import __version__, checkpoint
from ..model.versions import build, known_mode
from ..runtime.files import write_json
from ..runtime.provenance import git_commit, hardware
from ..runtime.settings import data_dir
from ..text import corpora, storybook
from ..text.token_files import Prepared
from ..text.tokenizer import CharTokenizer
from . import distributed
from .config import EPOCHS, RECIPES, TrainConfig
from .curriculum import PHASES, WITHOUT, Course
from .evaluate import evaluate
from .loop import TrainResult, study
from .streams import Reader


def train_config(mode: str, tokens: int, epochs: float | None = None, **given) -> TrainConfig:
    """Return the settings of a training: the version's own, changed by what is given.

    Args:
        mode: "v1" to "v4".
        tokens: tokens of the text that epochs are counted in.
        epochs: passes over it; `EPOCHS` if None. `steps` in `given` overrules it.
        given: fields of `TrainConfig`; None means not given.
    """
    names = {field.name for field in fields(TrainConfig)}
    given = {k: v for k, v in given.items() if k in names and v is not None}
    settings = {"steps": 1} | RECIPES[known_mode(mode)] | given
    if "steps" not in given:
        passes = EPOCHS[mode] if epochs is None else epochs
        per_step = TrainConfig(**settings).tokens_per_step
        settings["steps"] = math.ceil(passes * tokens / per_step)
    return TrainConfig(**settings)


@dataclass
class TrainingData:
    """What a model learns from: tokenizer, texts, and how to measure on them.

    Attributes:
        tokenizer: gives the vocabulary.
        texts: `{phase: (train, val)}`; V1 has only "stories".
        chars: characters of the validation text of each phase.
        card: where the texts come from.
        floors: what the loss cannot fall below, in nats per token, by phase; or by counting (V1).
    """

    tokenizer: object
    texts: dict
    chars: dict[str, int]
    card: dict
    floors: dict[str, float]

    @property
    def main(self) -> str:
        """The phase that passes are counted in and results are reported on."""
        return "stories" if "stories" in self.texts else next(iter(self.texts))


def character_data(corpus: corpora.Corpus) -> TrainingData:
    """Return what V1 learns from: one text, character by character."""
    tokenizer = CharTokenizer.from_text(corpus.train + corpus.val)
    texts = {"stories": (tokenizer.encode(corpus.train), tokenizer.encode(corpus.val))}
    card = {"name": corpus.name, "sha256": corpus.sha256, "source": corpus.source}
    chars, floors = {"stories": len(corpus.val)}, corpora.floors(corpus.val)
    return TrainingData(tokenizer, texts, chars, card, floors)


def subword_data(prepared: Prepared, sources: dict[str, tuple[str, ...]]) -> TrainingData:
    """Return what V2 to V4 learn from: prepared corpora, phase by phase.

    Args:
        prepared: see `prepare.prepare`.
        sources: for each phase, the corpora whose text it reads.
    """
    texts, chars, floors = {}, {}, {}
    for phase, names in sources.items():
        pair = tuple(prepared.tokens(phase, split, names) for split in ("train", "val"))
        texts[phase], chars[phase] = pair, prepared.chars(phase, "val", names)
        if names == ("storybook",):
            floors[phase] = storybook_floor(phase, prepared.tokenizer)
    card = prepared.card() | {"sources": {phase: list(names) for phase, names in sources.items()}}
    return TrainingData(prepared.tokenizer, texts, chars, card, floors)


def storybook_floor(phase: str, tokenizer) -> float:
    """Return the exact entropy of a storybook phase in nats per token of this tokenizer."""
    exact = storybook.entropy(phase, tokens=lambda piece: len(tokenizer.encode(piece)))
    return exact.nats_per_token


def schedule(mode: str, data: TrainingData, config: TrainConfig, curriculum: bool = True):
    """Return what `Run` reads: one text for V1, a course in phases for the others."""
    if mode == "v1":
        return Reader(*data.texts["stories"], config)
    phases = PHASES if curriculum else WITHOUT
    return Course(data.texts, config, data.card["sha256"], phases)


def measure(model, data: TrainingData, streams: int = 1) -> dict:
    """Measure on the whole validation text, and on as much of the training text.

    With one stream the text is read as one; comparisons use sixteen, which is faster.
    """
    train, val = data.texts[data.main]
    measured = evaluate(model, val[:], streams, chars=data.chars[data.main])
    seen = evaluate(model, train[: len(val)], streams=16)
    results = {"val": measured, "train_nats_per_token": seen["nats_per_token"]}
    others = [phase for phase in data.texts if phase != data.main]
    if others:
        results["phases"] = {phase: _phase_val(model, data, phase) for phase in others}
    return results | {"floors": data.floors}


def _phase_val(model, data: TrainingData, phase: str) -> float:
    return evaluate(model, data.texts[phase][1][:40_000], streams=16)["nats_per_token"]


@dataclass
class Finished:
    """A training that came to an end, and where its things are."""

    card: dict
    checkpoint: Path
    log: Path
    result: TrainResult


def train_version(
    mode, data, config, device, *, out=None, folder=None, command="", resume=False,
    curriculum=True, model_settings=None, progress=True, keep_weights=True,
) -> Finished | None:  # fmt: skip
    """Train one model and save checkpoint, card and log; None if it was interrupted.

    Args:
        mode, data, config: version, texts, settings.
        device: where to train; of several GPUs each process takes its own.
        out: checkpoint file; `folder/checkpoints/MODE.safetensors` if None.
        folder: its `results` receives log and card; `data_dir()` if None.
        command: what the user typed, for the card.
        resume: go on from the file that an interrupted run left.
        curriculum: False reads everything mixed from the start.
        model_settings: fields of the version's config that differ from its defaults.
        progress: show a bar.
        keep_weights: False saves the log only, and measures in sixteen streams.
    """
    folder = Path(folder) if folder is not None else data_dir()
    target = Path(out) if out is not None else folder / "checkpoints" / f"{mode}.safetensors"
    results = folder / "results"
    model = build(mode, data.tokenizer.vocab_size, config.seed, **(model_settings or {}))
    model = model.to(distributed.place(device))
    course, resume_file = schedule(mode, data, config, curriculum), target.with_suffix(".resume")
    log = results / f"{target.stem}.jsonl"
    result = study(
        model, course, config, resume=resume, progress=progress, tokenizer=data.tokenizer,
        log=log, resume_file=resume_file,
    )  # fmt: skip
    if not result.done:
        return None
    checkpoint.round_to_half(model)  # measure what is saved

    def conclude() -> dict:
        card = _card(config, data, course, result, command)
        card["results"] = measure(model, data, streams=1 if keep_weights else 16)
        if keep_weights:
            card = checkpoint.save(target, model, data.tokenizer, card)
            write_json(results / f"{target.stem}.json", card)
        resume_file.unlink(missing_ok=True)  # only now is nothing left to lose
        return card

    return Finished(distributed.on_first(conclude), target, log, result)


def _card(config, data, course, result, command: str) -> dict:
    """What there is to say about a training before the model is measured."""
    processes = distributed.world()
    return {
        "realsam_edu": __version__,
        "corpus": data.card,
        "training": vars(config) | {"tokens": config.steps * config.tokens_per_step},
        "phases": course.table,
        "command": command,
        "minutes": round(result.seconds / 60, 1),
        "hardware": hardware() | ({"processes": processes} if processes > 1 else {}),
        "commit": git_commit(),
    }
