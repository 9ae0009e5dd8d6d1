"""A whole training, from the name of a version to a checkpoint with its card.

The command line and the notebooks go through here, so their numbers are the same.
"""

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path

from . import __version__, checkpoint, corpora, distributed, storybook
from .arrays import Prepared
from .curriculum import PHASES, WITHOUT, Course
from .evaluate import evaluate
from .recipe import RECIPES, TrainConfig
from .runtime import RealSamError, data_dir, git_commit, hardware, seed_all
from .tokenizer import CharTokenizer
from .train import Reader, TrainResult, study

MODES = tuple(checkpoint.MODELS)
EPOCHS = {"v1": 20.0, "v2": 4.0, "v3": 4.0, "v4": 4.0}  # passes over the text, or over the stories


def known_mode(mode: str) -> str:
    """Return `mode`, or raise `RealSamError` if there is no such version."""
    if mode not in MODES:
        raise RealSamError(f"There is no mode '{mode}'; choose one of {', '.join(MODES)}.")
    return mode


def recipe(mode: str, tokens: int, epochs: float | None = None, **given) -> TrainConfig:
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
class Schooling:
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


def letters(corpus: corpora.Corpus) -> Schooling:
    """Return V1's schooling: one text, character by character."""
    tokenizer = CharTokenizer.from_text(corpus.train + corpus.val)
    texts = {"stories": (tokenizer.encode(corpus.train), tokenizer.encode(corpus.val))}
    card = {"name": corpus.name, "sha256": corpus.sha256, "source": corpus.source}
    chars, floors = {"stories": len(corpus.val)}, corpora.floors(corpus.val)
    return Schooling(tokenizer, texts, chars, card, floors)


def words(prepared: Prepared, sources: dict[str, tuple[str, ...]]) -> Schooling:
    """Return the schooling of V2 to V4: prepared corpora, phase by phase.

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
    return Schooling(prepared.tokenizer, texts, chars, card, floors)


def storybook_floor(phase: str, tokenizer) -> float:
    """Return the exact entropy of a storybook phase in nats per token of this tokenizer."""
    exact = storybook.entropy(phase, tokens=lambda piece: len(tokenizer.encode(piece)))
    return exact.nats_per_token


def sources(wanted: str) -> dict[str, tuple[str, ...]]:
    """Read `--corpora`: names, each with all its phases or with those named after a colon.

    `tinystories,storybook:conversations` reads stories of one and conversations of the other.

    Raises:
        RealSamError: an unknown corpus, or a phase that it does not have.
    """
    found: dict[str, list[str]] = {}
    for item in wanted.split(","):
        name, _, chosen = item.partition(":")
        has = corpora.PHASES_OF[corpora.known(name)]
        for phase in chosen.split("+") if chosen else has:
            if phase not in has:
                raise RealSamError(
                    f"The corpus {name} has no phase '{phase}'; it has {', '.join(has)}."
                )
            found.setdefault(phase, []).append(name)
    order = [phase.name for phase in PHASES if phase.name in found]
    return {phase: tuple(found[phase]) for phase in order}


def lesson(mode: str, school: Schooling, config: TrainConfig, curriculum: bool = True):
    """Return what `Run` reads: one text for V1, a course in phases for the others."""
    if mode == "v1":
        return Reader(*school.texts["stories"], config)
    phases = PHASES if curriculum else WITHOUT
    return Course(school.texts, config, school.card["sha256"], phases)


def build(mode: str, vocab: int, seed: int, **given):
    """Return a new model of a version; the same seed gives the same weights."""
    cls, config = checkpoint.MODELS[known_mode(mode)]
    seed_all(seed)
    return cls(config(vocab=vocab, **given))


def measure(model, school: Schooling, streams: int = 1) -> dict:
    """Measure on the whole validation text, and on as much of the training text.

    With one stream the text is read as one; comparisons use sixteen, which is faster.
    """
    train, val = school.texts[school.main]
    measured = evaluate(model, val[:], streams, chars=school.chars[school.main])
    seen = evaluate(model, train[: len(val)], streams=16)
    results = {"val": measured, "train_nats_per_token": seen["nats_per_token"]}
    others = [phase for phase in school.texts if phase != school.main]
    if others:
        results["phases"] = {phase: _phase_val(model, school, phase) for phase in others}
    return results | {"floors": school.floors}


def _phase_val(model, school: Schooling, phase: str) -> float:
    return evaluate(model, school.texts[phase][1][:40_000], streams=16)["nats_per_token"]


@dataclass
class Finished:
    """A training that came to an end, and where its things are."""

    card: dict
    checkpoint: Path
    log: Path
    result: TrainResult


def school_run(
    mode, school, config, device, *, out=None, folder=None, command="", resume=False,
    curriculum=True, model_settings=None, progress=True, keep_weights=True,
) -> Finished | None:  # fmt: skip
    """Train one model and save checkpoint, card and log; None if it was interrupted.

    Args:
        mode, school, config: version, texts, settings.
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
    model = build(mode, school.tokenizer.vocab_size, config.seed, **(model_settings or {}))
    model = model.to(distributed.place(device))
    course, resume_file = lesson(mode, school, config, curriculum), target.with_suffix(".resume")
    log = results / f"{target.stem}.jsonl"
    result = study(
        model, course, config, resume=resume, progress=progress, tokenizer=school.tokenizer,
        log=log, resume_file=resume_file,
    )  # fmt: skip
    if not result.done:
        return None
    checkpoint.round_to_half(model)  # measure what is saved

    def conclude() -> dict:
        card = _card(config, school, course, result, command)
        card["results"] = measure(model, school, streams=1 if keep_weights else 16)
        if keep_weights:
            card = checkpoint.save(target, model, school.tokenizer, card)
            checkpoint.write_card(results / f"{target.stem}.json", card)
        resume_file.unlink(missing_ok=True)  # only now is nothing left to lose
        return card

    return Finished(distributed.on_first(conclude), target, log, result)


def _card(config, school, course, result, command: str) -> dict:
    """What there is to say about a training before the model is measured."""
    processes = distributed.world()
    return {
        "realsam_edu": __version__,
        "corpus": school.card,
        "training": vars(config) | {"tokens": config.steps * config.tokens_per_step},
        "phases": course.table,
        "command": command,
        "minutes": round(result.seconds / 60, 1),
        "hardware": hardware() | ({"processes": processes} if processes > 1 else {}),
        "commit": git_commit(),
    }


def summary(finished: Finished) -> str:
    """Return what a person wants to know about a training on one screen."""
    card, results = finished.card, finished.card["results"]
    val, tokens = results["val"], card["training"]["tokens"]
    speed = tokens / max(1e-9, finished.result.seconds)
    lines = [
        f"{card['version'].upper()}  {card['parameters']:,} parameters, "
        f"{tokens:,} tokens in {card['minutes']} minutes ({speed:,.0f} per second)",
        f"validation  {val['nats_per_token']:.4f} nats per token, perplexity "
        f"{val['perplexity']:.2f}, {val['bpc']:.3f} bits per character",
        f"training    {results['train_nats_per_token']:.4f} nats per token on as much text",
        f"firing      {val['rate']:.1%} on average, {val['moderate']:.1%} of the neurons between "
        "1 and 30 %",
    ]
    floors = ", ".join(f"{name} {nats:.4f}" for name, nats in results["floors"].items())
    if floors:
        lines.append(f"floors      {floors}")
    sample = json.dumps(finished.result.history[-1]["sample"], ensure_ascii=False)
    return "\n".join([*lines, f"it writes   {sample}", f"Saved {finished.checkpoint}"])
