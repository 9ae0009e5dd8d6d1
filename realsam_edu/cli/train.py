"""`realsam train` and `realsam compare`: what several processes can do together."""

import shlex
from pathlib import Path

from ..experiments.compare import COMPARISONS, compare, table_lines
from ..model.versions import MODES, known_mode
from ..runtime.settings import data_dir, pick_device
from ..text import corpora
from ..training import distributed, pipeline
from ..training.curriculum import phase_line
from .data import prepared
from .flags import paths_by_name


def _training_data(args) -> pipeline.TrainingData:
    """Read the texts a training asks for."""
    wanted = args.corpora or ("shakespeare" if args.mode == "v1" else "storybook")
    if args.mode == "v1":
        path = paths_by_name(args.path, [wanted]).get(wanted)
        folder = Path(args.data_dir) / "cache" if args.data_dir else None
        return pipeline.character_data(corpora.load_corpus(wanted, path, folder))
    chosen = corpora.parse(wanted)
    made = prepared(args, list(chosen), paths_by_name(args.path, list(chosen)))
    return pipeline.subword_data(made, corpora.by_level(chosen))


def _command_line(args) -> str:
    """Return what the user typed, for the card."""
    n = distributed.world()
    program = ["realsam"] if n == 1 else ["torchrun", f"--nproc-per-node={n}", "-m", "realsam_edu"]
    return shlex.join([*program, *args.argv])


def train(args) -> int:
    """Train, save, draw; return the exit code, 130 after Ctrl-C."""
    mode, device = known_mode(args.mode), pick_device(args.device)
    data = distributed.in_turn(lambda: _training_data(args))
    tokens = len(data.texts[data.main][0])
    given = {k: v for k, v in vars(args).items() if k not in ("mode", "epochs")}
    config = pipeline.train_config(mode, tokens, args.epochs, **given)
    if mode != "v1":
        print(phase_line())
    finished = pipeline.train_version(
        mode, data, config, device, out=args.out, folder=args.data_dir, resume=args.resume,
        curriculum=not args.no_curriculum, command=_command_line(args),
    )  # fmt: skip
    if finished is None:
        print("Stopped; add --resume to the same command to go on.")
        return 130
    print(pipeline.summary(finished))
    distributed.on_first(lambda: _plot(finished))
    return 0


def run_comparison(args) -> int:
    """Run a comparison and print its table; return the exit code."""
    device, folder = pick_device(args.device), Path(args.data_dir) if args.data_dir else data_dir()
    given = {k: getattr(args, k) for k in ("steps", "batch_size", "lr", "eval_every", "precision")}
    table = compare(
        args.name, distributed.in_turn(lambda: _training_data(args)), device,
        mode=known_mode(args.mode), epochs=args.epochs, seeds=args.seeds, folder=folder,
        command=_command_line(args), curriculum=not args.no_curriculum, **given,
    )  # fmt: skip
    print(*table_lines(table), sep="\n")
    return 0


def _plot(finished: pipeline.Finished) -> None:
    """Draw the run beside its log, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure

        from ..plots.training import plot_curriculum
    except ImportError:
        return
    figure = Figure(figsize=(8, 4), layout="constrained")
    plot_curriculum({finished.checkpoint.stem: finished.result.history}, ax=figure.subplots())
    target = finished.log.with_suffix(".png")
    figure.savefig(target, dpi=120)
    print(f"Drew {target}")


def add_commands(command) -> None:
    """Add `train` and `compare`."""
    text = "Train a model and save it with its card."
    sub = command("train", train, text, "device", "corpus", "training")
    sub.add_argument("--mode", default="v1", help=f"which version: {', '.join(MODES)}")
    sub.add_argument("--seq-len", type=int, help="tokens per text and batch")
    sub.add_argument("--grad-accum", type=int, help="batches per optimiser step")
    sub.add_argument("--rate-weight", type=float, help="weight of the penalty on firing rates")
    sub.add_argument("--seed", type=int, help="same seed, same numbers on a CPU")
    sub.add_argument("--out", help="default: data/checkpoints/MODE.safetensors")
    sub.add_argument("--resume", action="store_true", help="go on after an interruption")
    text = "Train every variant of a comparison with several seeds; again: go on where it stopped."
    sub = command("compare", run_comparison, text, "device", "corpus", "training")
    sub.add_argument("name", help=", ".join(COMPARISONS))
    sub.add_argument("--mode", default="v2", help="version, where the comparison leaves it open")
    sub.add_argument("--seeds", type=int, default=3, help="runs per variant")


SHARED = (train, run_comparison)  # work for several processes; the others are for the first
