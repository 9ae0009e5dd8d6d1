"""`realsam`: train, generate, evaluate and inspect from the command line.

The same functions as in the notebooks, the same numbers. A mistake of the user is answered with one
sentence on standard error and exit code 2; Ctrl-C in a training ends it with code 130, resumable.
"""

import argparse
import json
import shlex
import sys
from itertools import islice
from pathlib import Path

from . import __version__, bench, checkpoint, corpora, distributed, runs
from .arrays import Prepared, text_length
from .curriculum import phase_line
from .evaluate import evaluate
from .experiments import COMPARISONS, compare, table_lines
from .generate import stream
from .prepare import STORYBOOK_CHARS, paths_by_name, prepare
from .runtime import RealSamError, data_dir, pick_device
from .tokenizer import SPECIALS

VOCAB = 4096  # tokens of the BPE
PROMPTS = {"characters": "ROMEO:", "bpe": "Once upon a time, there was a little dog. One day,"}


def _checkpoint_path(args) -> Path:
    if args.checkpoint:
        return Path(args.checkpoint)
    return data_dir() / "checkpoints" / f"{runs.known_mode(args.mode)}.safetensors"


def _names(wanted: str) -> list[str]:
    """Return the corpora that `--corpora` names, each once, without their phases."""
    return list(dict.fromkeys(item.partition(":")[0] for item in wanted.split(",")))


def _prepared(args, names: list[str], paths: dict) -> Prepared:
    """Return these corpora as tokens, preparing what has not been prepared yet."""
    return prepare(
        names, args.data_dir, VOCAB if args.vocab is None else args.vocab, paths,
        learn_from=args.learn_from.split(",") if args.learn_from else None,
        storybook_chars=args.storybook_chars,
    )  # fmt: skip


def _school(args) -> runs.Schooling:
    """Read the texts a training asks for."""
    wanted = args.corpora or ("shakespeare" if args.mode == "v1" else "storybook")
    if args.mode == "v1":
        path = paths_by_name(args.path, [wanted]).get(wanted)
        folder = Path(args.data_dir) / "cache" if args.data_dir else None
        return runs.letters(corpora.load(wanted, path, folder))
    sources, names = runs.sources(wanted), _names(wanted)
    return runs.words(_prepared(args, names, paths_by_name(args.path, names)), sources)


def _command_line(args) -> str:
    """Return what the user typed, for the card."""
    n = distributed.world()
    program = ["realsam"] if n == 1 else ["torchrun", f"--nproc-per-node={n}", "-m", "realsam_edu"]
    return shlex.join([*program, *args.argv])


def _train(args) -> int:
    mode, device = runs.known_mode(args.mode), pick_device(args.device)
    school = distributed.in_turn(lambda: _school(args))
    tokens = len(school.texts[school.main][0])
    given = {k: v for k, v in vars(args).items() if k not in ("mode", "epochs")}
    config = runs.recipe(mode, tokens, args.epochs, **given)
    if mode != "v1":
        print(phase_line())
    finished = runs.school_run(
        mode, school, config, device, out=args.out, folder=args.data_dir, resume=args.resume,
        curriculum=not args.no_curriculum, command=_command_line(args),
    )  # fmt: skip
    if finished is None:
        print("Stopped; add --resume to the same command to go on.")
        return 130
    print(runs.summary(finished))
    distributed.on_first(lambda: _plot(finished))
    return 0


def _compare(args) -> int:
    device, folder = pick_device(args.device), Path(args.data_dir) if args.data_dir else data_dir()
    given = {k: getattr(args, k) for k in ("steps", "batch_size", "lr", "eval_every", "precision")}
    table = compare(
        args.name, distributed.in_turn(lambda: _school(args)), device,
        mode=runs.known_mode(args.mode), epochs=args.epochs, seeds=args.seeds, folder=folder,
        command=_command_line(args), curriculum=not args.no_curriculum, **given,
    )  # fmt: skip
    print(*table_lines(table), sep="\n")
    return 0


def _plot(finished: runs.Finished) -> None:
    """Draw the run beside its log, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure

        from .plots_training import plot_curriculum
    except ImportError:
        return
    figure = Figure(figsize=(8, 4), layout="constrained")
    plot_curriculum({finished.checkpoint.stem: finished.result.history}, ax=figure.subplots())
    target = finished.log.with_suffix(".png")
    figure.savefig(target, dpi=120)
    print(f"Drew {target}")


def _generate(args) -> int:
    if args.n < 1:
        raise RealSamError(f"n is {args.n}; ask for at least 1 character.")
    loaded = checkpoint.load(_checkpoint_path(args), pick_device(args.device))
    kind = loaded.tokenizer.kind
    prompt = args.prompt if args.prompt is not None else PROMPTS[kind]
    pieces = stream(
        loaded.model, loaded.tokenizer, prompt, args.temperature, args.top_k, args.seed, args.stress
    )
    first = next(pieces, "")  # a bad prompt is refused before anything is printed
    print(prompt + first, end="", flush=True)
    for piece in islice(pieces, args.n - 1):
        print(piece, end="", flush=True)
    print()
    return 0


def _evaluate(args) -> int:
    loaded = checkpoint.load(_checkpoint_path(args), pick_device(args.device))
    tokens, chars = _tokens(loaded.tokenizer, corpora.read_text(Path(args.text)))
    measured = evaluate(loaded.model, tokens, chars=chars)
    if args.json:
        print(json.dumps(measured))
    else:
        rates = ", ".join(f"{rate:.4f}" for rate in measured.pop("rates"))
        for name, value in measured.items():
            print(f"{name:15} {value:,}" if name == "tokens" else f"{name:15} {value:.4f}")
        print(f"{'rates':15} {rates}")
    return 0


def _tokens(tokenizer, text: str):
    """Return the tokens of a text file and its characters; BPE reads it document by document."""
    if tokenizer.kind == "characters":
        return tokenizer.encode(text), None
    documents = [part.strip() for part in text.split(SPECIALS[tokenizer.END]) if part.strip()]
    return tokenizer.encode_documents(documents), sum(map(text_length, documents))


def _info(args) -> int:
    card = checkpoint.load(_checkpoint_path(args)).card
    print(json.dumps(card, indent=None if args.json else 1, ensure_ascii=args.json))
    return 0


def _data(args) -> int:
    names = _names(args.corpora)
    folder = Path(args.data_dir) if args.data_dir else data_dir()
    paths = paths_by_name(args.path, names)
    plain = [n for n in names if n in ("shakespeare", "tiny_shakespeare") and args.vocab is None]
    for name in plain:  # V1 reads these character by character
        corpus = corpora.load(name, paths.get(name), folder / "cache")
        print(
            f"{corpus.name}: {len(corpus.train):,} characters to train on, {len(corpus.val):,} "
            f"to validate on, sha256 {corpus.sha256[:12]}, {corpus.licence}, from {corpus.source}"
        )
    rest = [name for name in names if name not in plain]
    if rest:
        try:
            made = _prepared(args, rest, paths)
        except KeyboardInterrupt:
            print("Stopped; the same command goes on from here: what is finished stays.")
            return 130
        print(*made.report(), sep="\n")
    return 0


def _flags(sub: argparse.ArgumentParser, *shared: str) -> None:
    """Add what several commands have in common."""
    if "checkpoint" in shared:
        sub.add_argument("--mode", default="v1", help="which trained model: v1, v2, v3 or v4")
        sub.add_argument("--checkpoint", help="default: data/checkpoints/MODE.safetensors")
    if "device" in shared:
        sub.add_argument("--device", help="cuda, mps or cpu; default: the best one present")
    if "corpus" in shared:
        text = "a local copy of a corpus; repeatable"
        sub.add_argument("--path", action="append", metavar="NAME=PATH", help=text)
        sub.add_argument("--data-dir", help="default: the data folder of the checkout")
        sub.add_argument("--vocab", type=int, help=f"tokens of the BPE; default: {VOCAB}")
        sub.add_argument("--learn-from", help="corpora that teach the BPE; default: all")
        text = f"length of the stories; default: {STORYBOOK_CHARS:,}"
        sub.add_argument("--storybook-chars", type=int, default=STORYBOOK_CHARS, help=text)
    if "training" in shared:
        text = "comma-separated; NAME:PHASE+PHASE for some phases only; default: storybook"
        sub.add_argument("--corpora", "--corpus", help=f"{text}, for v1 shakespeare")
        text = f"passes over the text, or over its stories; default: {runs.EPOCHS}"
        sub.add_argument("--epochs", type=float, help=text)
        sub.add_argument("--steps", type=int, help="optimiser steps, in place of --epochs")
        text = "all texts mixed from the start"
        sub.add_argument("--no-curriculum", action="store_true", help=text)
        sub.add_argument("--batch-size", type=int, help="texts read side by side")
        sub.add_argument("--lr", type=float, help="peak learning rate")
        sub.add_argument("--eval-every", type=int, help="steps between validations")
        sub.add_argument("--precision", choices=("fp32", "bf16"), help="inside matrix products")
    if "json" in shared:
        sub.add_argument("--json", action="store_true", help="print one line of JSON")


def _training_commands(command) -> None:
    text = "Train a model and save it with its card."
    sub = command("train", _train, text, "device", "corpus", "training")
    sub.add_argument("--mode", default="v1", help=f"which version: {', '.join(runs.MODES)}")
    sub.add_argument("--seq-len", type=int, help="tokens per text and batch")
    sub.add_argument("--grad-accum", type=int, help="batches per optimiser step")
    sub.add_argument("--rate-weight", type=float, help="weight of the penalty on firing rates")
    sub.add_argument("--seed", type=int, help="same seed, same numbers on a CPU")
    sub.add_argument("--out", help="default: data/checkpoints/MODE.safetensors")
    sub.add_argument("--resume", action="store_true", help="go on after an interruption")
    text = "Train every variant of a comparison with several seeds; again: go on where it stopped."
    sub = command("compare", _compare, text, "device", "corpus", "training")
    sub.add_argument("name", help=", ".join(COMPARISONS))
    sub.add_argument("--mode", default="v2", help="version, where the comparison leaves it open")
    sub.add_argument("--seeds", type=int, default=3, help="runs per variant")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="realsam", description=__doc__.split("\n\n")[0])
    parser.add_argument("--version", action="version", version=f"realsam_edu {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run, text: str, *shared: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        _flags(sub, *shared)
        return sub

    _training_commands(command)
    sub = command("generate", _generate, "Let Sam write.", "checkpoint", "device")
    sub.add_argument("--prompt", help=f"what Sam reads first; default: {PROMPTS}")
    sub.add_argument("--n", type=int, default=400, help="pieces to write, at most")
    sub.add_argument("--temperature", type=float, default=0.8, help="0 is the likeliest piece")
    sub.add_argument("--top-k", type=int, help="draw among the k likeliest pieces only")
    sub.add_argument("--stress", type=float, help="hold V4's stress here (0 to 1)")
    sub.add_argument("--seed", type=int, default=0)
    text = "Measure a checkpoint on a text, its state carried along."
    sub = command("evaluate", _evaluate, text, "checkpoint", "device", "json")
    sub.add_argument("--text", required=True, help="a UTF-8 text file")
    command("info", _info, "Print a checkpoint's card.", "checkpoint", "json")
    text = "Fetch texts, learn a tokenizer, encode them; again: nothing to do."
    sub = command("data", _data, text, "corpus")
    sub.add_argument("--corpora", default="storybook", help="comma-separated names")
    text = "Time training and writing beside rivals in one run; again: go on where it stopped."
    bench.add_flags(command("bench", bench.run, text, "device", "json"))
    return parser


def _answer(argv: list[str]) -> int:
    """Run one command; a mistake of the user costs one sentence."""
    args = _parser().parse_args(argv)
    args.argv = argv
    try:
        if args.run in (_train, _compare):  # only these are work for several processes
            return args.run(args)
        return distributed.on_first(lambda: args.run(args))
    except RealSamError as error:
        print(f"realsam: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


def main(argv: list[str] | None = None) -> int:
    """Run one command, together with the other processes if torchrun started some.

    Returns its exit code.
    """
    with distributed.joined():
        return _answer(sys.argv[1:] if argv is None else argv)
