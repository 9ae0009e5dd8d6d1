"""`realsam ner`: find private data with spikes: train, evaluate, redact."""

import json
import shlex
import sys
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from ..ner import patterns, pipeline, saved
from ..ner.evaluate import compare, summary
from ..ner.find import THRESHOLD, Finder
from ..ner.labelled import labelled, type_names
from ..ner.labels import TYPES, type_map
from ..ner.redact import WAYS, Redactor, as_json, as_text
from ..ner.score import table
from ..runtime.files import atomic_file, decoded, empty_file
from ..runtime.settings import RUNS, data_dir, pick_device
from ..training.outputs import Outputs
from .flags import add_flags


def train(args) -> int:
    """Train a tagger and save it; return the exit code, 130 after Ctrl-C."""
    device = pick_device(args.device)
    where = Path(args.out) if args.out else RUNS / "ner.safetensors"
    outputs = Outputs(where, shlex.join(["realsam", *args.argv]), args.resume, args.overwrite)
    model, config = pipeline.prepared(**vars(args))
    outputs.claim()
    card = pipeline.train_tagger(model.to(device), config, outputs)
    if card is None:
        print("Stopped; add --resume to the same command to go on.")
        return 130
    print(f"Saved {outputs.checkpoint}: {card['parameters']:,} parameters, on held-out frames:")
    print(table(card["results"]["held_out"]))
    return 0


def _finder(path: str | None, args) -> Finder:
    """The tagger at `path`, or the one that comes with the project."""
    where = path or data_dir() / "checkpoints" / "ner.safetensors"
    return Finder(saved.load(where, pick_device(args.device))[0], args.threshold)


def evaluate(args) -> int:
    """Measure on a labelled file, beside others; return the exit code."""
    examples, counted = labelled(args.file), type_map(type_names(args.file))
    finders = {"spikes": _finder(args.checkpoint, args)}
    finders |= {Path(path).stem: _finder(path, args) for path in args.beside or ()}
    rivals = {"regular expressions": patterns.find}
    if args.presidio:
        from ..ner.presidio import own_patterns  # says it where Presidio is not installed

        rivals["Presidio's patterns"] = own_patterns()
    types = [name for name in TYPES if name in counted.values()]
    results = compare(finders, rivals, examples, types)
    own = results["spikes"]
    if args.json:
        print(json.dumps(own | {"type_map": counted, "beside": results}))
    else:
        print(table(own, counted))
        print(*summary(results), sep="\n")
        print(f"spikes read {own['characters_per_second']:,} characters per second")
    return 0


@contextmanager
def _writing(out: str | None):
    """Yield what takes the redacted text: a new file, all at once, or standard output."""
    if out is not None:
        with atomic_file(Path(out)) as file:
            yield lambda text: file.write(text.encode())
        return
    yield lambda text: sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def redact(args) -> int:
    """Redact what comes in at standard input; return the exit code."""
    redactor = Redactor(args.replace, args.seed, args.check)
    chunks = decoded(sys.stdin.buffer, "the input", as_it_is=True)
    first = next(chunks, "")  # what is no text is refused before anything is written
    if not first:
        raise empty_file("The input")
    finder = _finder(args.checkpoint, args)
    with _writing(args.out) as write:
        parts = redactor.passages(finder, chain([first], chunks))
        (as_json if args.json else as_text)(parts, write)
    return 0


def add_commands(command) -> None:
    """Add `ner` with its three commands."""
    text = "Find private data with spikes."
    tasks = command("ner", None, text).add_subparsers(dest="task", required=True, metavar="TASK")

    def task(name: str, run, text: str, *shared: str):
        sub = tasks.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        add_flags(sub, *shared)
        return sub

    sub = task("train", train, "Train a tagger on synthetic texts and save it.", "device")
    _add_training_flags(sub)
    sub = task("evaluate", evaluate, "Measure on labelled texts, beside others.", "device", "json")
    sub.add_argument("--file", required=True, help="labelled texts, presidio-research's schema")
    text = "another tagger to measure on the same texts; repeatable"
    sub.add_argument("--beside", action="append", metavar="CHECKPOINT", help=text)
    text = "measure Presidio's own patterns, too, where presidio-analyzer is installed"
    sub.add_argument("--presidio", action="store_true", help=text)
    _add_finding_flags(sub)
    text = "Redact the text at standard input; everything else stays as it was, byte for byte."
    sub = task("redact", redact, text, "device", "json")
    text = "what stands in the place of private data: ***, <PERSON>, or a made-up value"
    sub.add_argument("--replace", default="type", metavar="|".join(WAYS), help=text)
    text = "of the made-up values; the same seed gives the same value the same stand-in"
    sub.add_argument("--seed", type=int, default=0, help=text)
    text = "drop what fails the checksum or the format of its type"
    sub.add_argument("--check", action="store_true", help=text)
    sub.add_argument("--out", help="write to this file, all at once, not to standard output")
    _add_finding_flags(sub)


def _add_training_flags(sub) -> None:
    text = f"what kind of tagger: {', '.join(saved.KINDS)}"
    sub.add_argument("--kind", default="spikes", help=text)
    sub.add_argument("--hidden", type=int, help="neurons per block")
    sub.add_argument("--depth", type=int, help="blocks, every second one reads from the end")
    sub.add_argument("--steps", type=int, help="optimiser steps")
    sub.add_argument("--batch-size", type=int, help="rows per step")
    sub.add_argument("--seq-len", type=int, help="words per row")
    sub.add_argument("--lr", type=float, help="peak learning rate")
    sub.add_argument("--rate-weight", type=float, help="weight of the penalty on firing rates")
    sub.add_argument("--eval-every", type=int, help="steps between validations")
    sub.add_argument("--seed", type=int, help="same seed, same numbers on a CPU")
    text = "the checkpoint; card and log lie beside it; default: runs/ner.safetensors"
    sub.add_argument("--out", help=text)
    sub.add_argument("--resume", action="store_true", help="go on after an interruption")
    sub.add_argument("--overwrite", action="store_true", help="replace what an earlier run left")


def _add_finding_flags(sub) -> None:
    sub.add_argument("--checkpoint", help="default: data/checkpoints/ner.safetensors")
    text = "probability above which a word is private, between 0 and 1; less finds more"
    sub.add_argument("--threshold", type=float, default=THRESHOLD, help=text)
