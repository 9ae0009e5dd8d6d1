"""`realsam train` and `realsam compare`: what several processes can do together."""

import shlex
from pathlib import Path

from ..experiments.compare import COMPARISONS, Plan, Table, compare
from ..experiments.report.comparison import comparison_lines
from ..experiments.report.training import training_summary
from ..model.versions import MODES, known_mode
from ..runtime.files import atomic_file
from ..runtime.settings import RUNS, has_bf16, pick_device
from ..text import corpora
from ..training import distributed, pipeline
from ..training.config import train_config
from ..training.curriculum import phase_line
from ..training.outputs import Outputs
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


def _precision(args, device, where: Outputs | Table) -> str | None:
    """Return the precision that `--precision` means here; warn where it will be slow."""
    begun = where.begun_precision() if args.precision == "auto" else None
    precision = pipeline.chosen_precision(args.precision, device, begun)
    if precision == "bf16" and not has_bf16(device):
        print(
            f"This {device.type} has no units for bf16 and imitates them; the training will take "
            "many times longer than with --precision fp32."
        )
    return precision


def train(args) -> int:
    """Train, save, draw; return the exit code, 130 after Ctrl-C."""
    mode, device = known_mode(args.mode), pick_device(args.device)
    where = Path(args.out) if args.out else RUNS / f"{mode}.safetensors"
    outputs = Outputs(where, _command_line(args), args.resume, args.overwrite)
    distributed.on_first(outputs.claim)
    data = distributed.in_turn(lambda: _training_data(args))
    tokens = len(data.texts[data.main][0])
    given = vars(args) | {"precision": _precision(args, device, outputs)}
    given = {k: v for k, v in given.items() if k not in ("mode", "epochs")}
    config = train_config(mode, tokens, args.epochs, **given)
    if mode != "v1":
        print(phase_line())
    finished = pipeline.train_version(
        mode, data, config, device, outputs, curriculum=not args.no_curriculum
    )
    if finished is None:
        print("Stopped; add --resume to the same command to go on.")
        return 130
    print(training_summary(finished))
    distributed.on_first(lambda: _plot(finished))
    return 0


def run_comparison(args) -> int:
    """Run a comparison and print its table; return the exit code, 130 after Ctrl-C."""
    device, names = pick_device(args.device), ("steps", "batch_size", "lr", "eval_every", "epochs")
    where = Path(args.out) if args.out else RUNS / f"{args.name}.json"
    table = Table(where, _command_line(args), args.overwrite)
    settings = {name: getattr(args, name) for name in names}
    settings["precision"] = _precision(args, device, table)
    plan = Plan(args.name, known_mode(args.mode), args.seeds, not args.no_curriculum, settings)
    distributed.on_first(lambda: table.claim(plan))
    data = distributed.in_turn(lambda: _training_data(args))
    outcome = compare(plan, data, device, table)
    print(*comparison_lines(outcome), sep="\n")
    if len(outcome["rows"]) < len(list(plan.runs())):
        print("Stopped; the same command goes on from here.")
        return 130
    return 0


def _plot(finished: pipeline.Finished) -> None:
    """Draw the run beside its log, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure

        from ..plots.training import plot_curriculum
    except ImportError:
        return
    figure, target = Figure(figsize=(8, 4), layout="constrained"), finished.outputs.picture
    plot_curriculum({target.stem: finished.result.history}, ax=figure.subplots())
    with atomic_file(target) as file:
        figure.savefig(file, format="png", dpi=120)
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
    text = "the checkpoint; card and log lie beside it; default: runs/MODE.safetensors"
    sub.add_argument("--out", help=text)
    sub.add_argument("--resume", action="store_true", help="go on after an interruption")
    text = "Train every variant of a comparison with several seeds; again: go on where it stopped."
    sub = command("compare", run_comparison, text, "device", "corpus", "training")
    sub.add_argument("name", help=", ".join(COMPARISONS))
    sub.add_argument("--mode", default="v2", help="version, where the comparison leaves it open")
    sub.add_argument("--seeds", type=int, default=3, help="runs per variant")
    text = "the table, ….json; the logs lie beside it; default: runs/NAME.json"
    sub.add_argument("--out", help=text)


SHARED = (train, run_comparison)  # work for several processes; the others are for the first
