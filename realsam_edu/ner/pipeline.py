"""A whole training, from the kind of a tagger to a checkpoint with its card."""

import hashlib
from dataclasses import fields
from functools import partial
from itertools import islice

import torch

from .. import __version__
from ..checkpoint import round_to_half
from ..runtime.provenance import stamp
from ..runtime.settings import seed_all
from ..training.config import TrainConfig
from ..training.evaluate import firing
from ..training.outputs import Outputs
from . import saved
from .batches import Reading
from .evaluate import measure
from .find import Finder
from .pii.fill import examples
from .pii.frames import SPLITS, frames
from .tagger import TaggerConfig
from .train import Training

DEFAULTS = {"steps": 6000, "batch_size": 16, "seq_len": 128, "lr": 8e-3, "weight_decay": 0.01}
DEFAULTS |= {"target_rate": 0.12}  # the rate settles below what is asked
HELD_OUT = 10**9  # seed of the texts to validate on, of frames that are never learnt from
VALIDATED = 400  # texts per validation while training
MEASURED = 4000  # texts of the final figures


def prepared(kind: str = "spikes", **given) -> tuple:
    """Return `(model, config)` of a training: the defaults, changed by what is given.

    Args:
        kind: "spikes" or "lstm".
        given: fields of `TaggerConfig` and `TrainConfig`; None means not given, others are ignored.

    Raises:
        RealSamError: there is no such kind, or a setting is out of range.
    """
    given = {k: v for k, v in given.items() if v is not None}
    own = {field.name for field in fields(TaggerConfig)} - {"tags"}
    settings = {field.name for field in fields(TrainConfig)}
    config = TrainConfig(**DEFAULTS | {k: v for k, v in given.items() if k in settings})
    seed_all(config.seed)
    return saved.build(kind, **{k: v for k, v in given.items() if k in own}), config


def reading(model, config: TrainConfig) -> Reading:
    """Return what a tagger learns from: the frames of the training split, filled anew for ever."""
    shape = config.batch_size, config.seq_len
    return Reading(partial(examples, "train"), shape, model.config.rows, config.seed)


def held_out(count: int, seed: int = HELD_OUT) -> list:
    """Return texts of frames and names that no training sees."""
    return list(islice(examples("test", seed), count))


def data_card() -> dict:
    """Return what is learnt from: how many frames, and a digest of the first texts they give."""
    digest = hashlib.sha256()
    for example in islice(examples("train", 0), MEASURED):
        digest.update(f"{example.text} {example.spans}".encode())
    numbers = {split: len(frames(split)) for split in SPLITS}
    return {"frames": numbers, "sha256": digest.hexdigest()}


def train_tagger(model, config: TrainConfig, outputs: Outputs, progress: bool = True):
    """Train a tagger and save checkpoint, card and log; return the card, None if interrupted.

    Args:
        model: trained in place, on the device where it is.
        config: see `Training`.
        outputs: where its things go, and whether to go on from a resume file; `claim` it before.
        progress: show a bar.

    Raises:
        RealSamError: what `Training.restore` and `saved.save` raise.
    """
    texts, data = held_out(VALIDATED), data_card()

    def validate(mean) -> dict:
        found = measure(Finder(mean), texts)
        return {name: found[name] for name in ("span_f1", "char_f2")}

    training = Training(
        model, reading(model, config), config, validate=validate, identity=data,
        log=outputs.log, resume_file=outputs.resume_file,
    )  # fmt: skip
    if outputs.resume:
        training.restore()
    if not training.run(progress):
        return None
    model.load_state_dict(training.mean.module.state_dict())
    round_to_half(model.eval())  # measure what is saved
    card = _card(config, data, training, outputs.command)
    card = saved.save(outputs.checkpoint, model, card)
    outputs.resume_file.unlink(missing_ok=True)  # only now is nothing left to lose
    return card


@torch.inference_mode()
def held_out_firing(model, config: TrainConfig) -> dict:
    """Return how the neurons of a tagger fire on held-out texts, see `training.evaluate`."""
    shape, device = (config.batch_size, config.seq_len), next(model.parameters()).device
    batch = Reading(partial(examples, "test"), shape, model.config.rows, HELD_OUT).batch(0)
    rates = model.eval()(*(part.to(device) for part in batch)).rates
    return firing(torch.stack(rates))  # (L, N)


def _card(config: TrainConfig, data: dict, training: Training, command: str) -> dict:
    """What there is to say about a training, the results on held-out frames included."""
    results = {"held_out": measure(Finder(training.model), held_out(MEASURED, HELD_OUT + 1))}
    if training.model.kind == "spikes":
        results |= held_out_firing(training.model, config)
    return {
        "realsam_edu": __version__,
        "data": data,
        "training": vars(config) | {"words": config.steps * config.tokens_per_step},
        "results": results,
        "command": command,
        "minutes": round(training.seconds / 60, 1),
    } | stamp()
