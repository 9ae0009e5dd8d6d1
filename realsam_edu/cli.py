"""`realsam`: train, generate, evaluate and inspect from the command line.

The same functions as in the notebooks, the same numbers. A mistake of the user is answered with one
sentence on standard error and exit code 2; Ctrl-C in a training ends it with code 130, resumable.
"""

import argparse
import json
import math
import shlex
import sys
from dataclasses import fields
from pathlib import Path

from . import __version__, checkpoint, corpora
from .evaluate import evaluate
from .generate import stream
from .runtime import RealSamError, data_dir, git_commit, hardware, pick_device, seed_all
from .tokenizer import CharTokenizer
from .train import TrainConfig, train
from .v1 import V1, V1Config

MODES = ("v1",)
EPOCHS = 20.0  # default length of a V1 training, in passes over the text


def _checkpoint_path(args) -> Path:
    return Path(args.checkpoint or data_dir() / "checkpoints" / "v1.safetensors")


def _corpus(args) -> corpora.Corpus:
    folder = Path(args.data_dir) / "cache" if args.data_dir else None
    return corpora.load(args.corpus, args.path, folder)


def _train_config(args, tokens: int) -> TrainConfig:
    names = {field.name for field in fields(TrainConfig)}
    given = {k: v for k, v in vars(args).items() if k in names and v is not None}
    draft = TrainConfig(**({"steps": 1} | given))
    steps = args.steps
    if steps is None:
        steps = math.ceil(args.epochs * tokens / (draft.batch_size * draft.seq_len))
    return TrainConfig(**(given | {"steps": steps}))


def _train(args) -> int:
    if args.mode not in MODES:
        raise RealSamError(f"There is no mode '{args.mode}'; choose one of {', '.join(MODES)}.")
    device = pick_device(args.device)
    corpus = _corpus(args)
    tokenizer = CharTokenizer.from_text(corpus.train + corpus.val)
    train_tokens, val_tokens = tokenizer.encode(corpus.train), tokenizer.encode(corpus.val)
    config = _train_config(args, len(train_tokens))
    seed_all(config.seed)
    model = V1(V1Config(vocab=tokenizer.vocab_size)).to(device)
    folder = Path(args.data_dir) if args.data_dir else data_dir()
    target = Path(args.out or folder / "checkpoints" / f"{args.mode}.safetensors")
    log = folder / "results" / f"{target.stem}.jsonl"
    resume_file = target.with_suffix(".resume")
    result = train(
        model, train_tokens, val_tokens, config,
        log=log, resume_file=resume_file, resume=args.resume,
    )  # fmt: skip
    if not result.done:
        print(f"Stopped; add --resume to the same command to go on from {resume_file}.")
        return 130
    card = _card(args, corpus, config, result.seconds)
    checkpoint.round_to_half(model)  # measure what is saved
    card["results"] = _results(model, train_tokens, val_tokens, corpus.val)
    card = checkpoint.save(target, model, tokenizer, card)
    checkpoint.write_card(folder / "results" / f"{target.stem}.json", card)
    resume_file.unlink(missing_ok=True)  # only now is nothing left to lose
    print(f"Saved {target}\n{json.dumps(card['results'], indent=1)}")
    return 0


def _card(args, corpus: corpora.Corpus, config: TrainConfig, seconds: float) -> dict:
    return {
        "realsam_edu": __version__,
        "corpus": {"name": corpus.name, "sha256": corpus.sha256, "source": corpus.source},
        "training": vars(config) | {"tokens": config.steps * config.batch_size * config.seq_len},
        "command": shlex.join(["realsam", *args.argv]),
        "minutes": round(seconds / 60, 1),
        "hardware": hardware(),
        "commit": git_commit(),
    }


def _results(model, train_tokens, val_tokens, val_text: str) -> dict:
    """Measure on the whole validation text, and on as much of the training text."""
    val = evaluate(model, val_tokens)
    seen = evaluate(model, train_tokens[: len(val_tokens)])
    return {"val": val, "train_nats_per_token": seen["nats_per_token"]} | {
        "floors": corpora.floors(val_text)
    }


def _generate(args) -> int:
    if args.n < 1:
        raise RealSamError(f"n is {args.n}; ask for at least 1 character.")
    loaded = checkpoint.load(_checkpoint_path(args), pick_device(args.device))
    letters = stream(
        loaded.model, loaded.tokenizer, args.prompt, args.temperature, args.top_k, args.seed
    )
    first = next(letters)  # a bad prompt is refused before anything is printed
    print(args.prompt + first, end="", flush=True)
    for letter, _ in zip(letters, range(args.n - 1), strict=False):
        print(letter, end="", flush=True)
    print()
    return 0


def _evaluate(args) -> int:
    loaded = checkpoint.load(_checkpoint_path(args), pick_device(args.device))
    tokens = loaded.tokenizer.encode(corpora.read_text(Path(args.text)))
    measured = evaluate(loaded.model, tokens)
    if args.json:
        print(json.dumps(measured))
    else:
        for name, value in measured.items():
            print(f"{name:15} {value:,}" if name == "tokens" else f"{name:15} {value:.4f}")
    return 0


def _info(args) -> int:
    card = checkpoint.load(_checkpoint_path(args)).card
    print(json.dumps(card, indent=None if args.json else 1, ensure_ascii=args.json))
    return 0


def _data(args) -> int:
    for name in args.corpora.split(","):
        args.corpus = name
        corpus = _corpus(args)
        print(
            f"{corpus.name}: {len(corpus.train):,} characters to train on, {len(corpus.val):,} "
            f"to validate on, sha256 {corpus.sha256[:12]}, {corpus.licence}, from {corpus.source}"
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="realsam", description=__doc__.split("\n\n")[0])
    parser.add_argument("--version", action="version", version=f"realsam_edu {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run, text: str, *shared: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        if "checkpoint" in shared:
            sub.add_argument("--checkpoint", help="default: data/checkpoints/v1.safetensors")
        if "device" in shared:
            sub.add_argument("--device", help="cuda, mps or cpu; default: the best one present")
        if "corpus" in shared:
            sub.add_argument("--path", help="a local copy of the corpus")
            sub.add_argument("--data-dir", help="default: the data folder of the checkout")
        if "json" in shared:
            sub.add_argument("--json", action="store_true", help="print one line of JSON")
        return sub

    sub = command("train", _train, "Train a model and save it with its card.", "device", "corpus")
    sub.add_argument("--mode", default="v1", help=f"which version: {', '.join(MODES)}")
    sub.add_argument("--corpus", default="shakespeare", help=", ".join(corpora.CORPORA))
    sub.add_argument("--epochs", type=float, default=EPOCHS, help="passes over the text")
    sub.add_argument("--steps", type=int, help="optimiser steps, in place of --epochs")
    sub.add_argument("--batch-size", type=int, help="texts read side by side")
    sub.add_argument("--seq-len", type=int, help="tokens per text and step")
    sub.add_argument("--lr", type=float, help="peak learning rate")
    sub.add_argument("--seed", type=int, help="same seed, same numbers on a CPU")
    sub.add_argument("--eval-every", type=int, help="steps between validations")
    sub.add_argument("--precision", choices=("fp32", "bf16"), help="inside matrix products")
    sub.add_argument("--out", help="default: data/checkpoints/MODE.safetensors")
    sub.add_argument("--resume", action="store_true", help="go on after an interruption")

    sub = command("generate", _generate, "Let Sam write.", "checkpoint", "device")
    sub.add_argument("--prompt", default="ROMEO:", help="what Sam reads first")
    sub.add_argument("--n", type=int, default=400, help="characters to write")
    sub.add_argument("--temperature", type=float, default=0.8, help="0 is the likeliest letter")
    sub.add_argument("--top-k", type=int, help="draw among the k likeliest letters only")
    sub.add_argument("--seed", type=int, default=0)

    text = "Measure a checkpoint on a text, its state carried along."
    sub = command("evaluate", _evaluate, text, "checkpoint", "device", "json")
    sub.add_argument("--text", required=True, help="a UTF-8 text file")
    command("info", _info, "Print a checkpoint's card.", "checkpoint", "json")
    sub = command("data", _data, "Fetch and check texts.", "corpus")
    sub.add_argument("--corpora", default="shakespeare", help="comma-separated names")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(argv)
    args.argv = argv
    try:
        return args.run(args)
    except RealSamError as error:
        print(f"realsam: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
