"""A whole training, from the name of a version to a checkpoint with its card.

The command line and the notebooks go through here, so their numbers are the same.
"""

from dataclasses import dataclass

from .. import __version__, checkpoint
from ..model.versions import build
from ..runtime.provenance import stamp
from ..runtime.settings import has_bf16
from ..text import corpora, storybook
from ..text.token_files import Prepared
from ..text.tokenizer import CharTokenizer
from . import distributed
from .config import TrainConfig
from .curriculum import PHASES, WITHOUT, Schedule
from .evaluate import evaluate
from .loop import TrainResult, study
from .outputs import Outputs

VAL_TOKENS = 20_000  # word pieces per validation while training; the final figures use all


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


def schedule(
    mode: str, data: TrainingData, config: TrainConfig, curriculum: bool = True
) -> Schedule:
    """Return what is read when: one text for V1, phases for the others.

    Args:
        mode: "v1" to "v4".
        data: has a SHA-256 in its card.
        config: settings of the training.
        curriculum: False reads everything mixed from the start.
    """
    if mode == "v1":
        return Schedule.of_text(*data.texts["stories"], config)
    texts = {name: (text, val[:VAL_TOKENS]) for name, (text, val) in data.texts.items()}
    return Schedule(texts, config, data.card["sha256"], PHASES if curriculum else WITHOUT)


def chosen_precision(asked: str | None, device, begun: str | None = None) -> str | None:
    """Return what "auto" means here: bf16 on a device with units for it, else fp32.

    Args:
        asked: "fp32", "bf16", "auto" or None; all but "auto" come back as they are.
        device: where the training is to run.
        begun: what a run that is to be resumed began with; "auto" keeps it.
    """
    if asked != "auto":
        return asked
    return begun or ("bf16" if has_bf16(device) else "fp32")


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
    outputs: Outputs
    result: TrainResult


def train_version(
    mode: str, data: TrainingData, config: TrainConfig, device, outputs: Outputs, *,
    curriculum: bool = True, progress: bool = True, **given,
) -> Finished | None:  # fmt: skip
    """Train one model and save checkpoint, card and log; None if it was interrupted.

    Args:
        mode: "v1" to "v4".
        data, config: texts and settings.
        device: where to train; of several GPUs each process takes its own.
        outputs: where its things go, and whether to go on from a resume file; see
            `Outputs.claim` for what to ask before.
        curriculum: False reads everything mixed from the start.
        progress: show a bar.
        given: fields of the version's config that differ from its defaults.

    Raises:
        RealSamError: what `loop.study` and `checkpoint.save` raise.
    """
    model = build(mode, data.tokenizer.vocab_size, config.seed, **given)
    model = model.to(distributed.place(device))
    plan = schedule(mode, data, config, curriculum)
    result = study(
        model, plan, config, resume=outputs.resume, progress=progress, tokenizer=data.tokenizer,
        log=outputs.log, resume_file=outputs.resume_file,
    )  # fmt: skip
    if not result.done:
        return None
    checkpoint.round_to_half(model)  # measure what is saved

    def conclude() -> dict:
        card = _card(config, data, plan, result, outputs.command)
        card["results"] = measure(model, data, streams=1 if outputs.keep_weights else 16)
        if outputs.keep_weights:
            card = checkpoint.save(outputs.checkpoint, model, data.tokenizer, card)
        outputs.resume_file.unlink(missing_ok=True)  # only now is nothing left to lose
        return card

    return Finished(distributed.on_first(conclude), outputs, result)


def _card(config, data, plan: Schedule, result: TrainResult, command: str) -> dict:
    """What there is to say about a training before the model is measured."""
    origin, processes = stamp(), distributed.world()
    if processes > 1:
        origin["hardware"]["processes"] = processes
    return {
        "realsam_edu": __version__,
        "corpus": data.card,
        "training": vars(config) | {"tokens": config.steps * config.tokens_per_step},
        "phases": plan.table,
        "command": command,
        "minutes": round(result.seconds / 60, 1),
    } | origin
