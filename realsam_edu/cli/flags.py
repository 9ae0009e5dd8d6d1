"""What several commands have in common: flags, and how they are read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..model.versions import known_mode
from ..runtime.errors import RealSamError
from ..runtime.settings import data_dir
from ..text import corpora
from ..text.prepare import STORYBOOK_CHARS
from ..training.config import EPOCHS, PRECISIONS

VOCAB = 4096  # tokens of the BPE


def checkpoint_path(args) -> Path:
    """Return the file that `--checkpoint` or `--mode` means."""
    if args.checkpoint:
        return Path(args.checkpoint)
    return data_dir() / "checkpoints" / f"{known_mode(args.mode)}.safetensors"


def paths_by_name(values: Sequence[str] | None, names: Sequence[str]) -> dict[str, str]:
    """Return the paths that `--path NAME=PATH` (or `--path PATH` for one corpus) gave, by corpus.

    Raises:
        RealSamError: a path is for no corpus in `names`, or one does not know for which.
    """
    paths = {}
    for value in values or ():
        name, _, path = value.partition("=")
        if len(names) == 1 and name not in corpora.CORPORA:
            name, path = names[0], value
        takers = [taker for taker in names if not corpora.known(taker).written]
        if not path or name not in takers:
            raise RealSamError(
                f"--path {value} is for none of the corpora that take one here "
                f"({', '.join(takers) or 'none'}); write --path NAME=PATH."
            )
        paths[name] = path
    return paths


def add_flags(sub: argparse.ArgumentParser, *shared: str) -> None:
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
        text = f"passes over the text, or over its stories; default: {EPOCHS}"
        sub.add_argument("--epochs", type=float, help=text)
        sub.add_argument("--steps", type=int, help="optimiser steps, in place of --epochs")
        text = "all texts mixed from the start"
        sub.add_argument("--no-curriculum", action="store_true", help=text)
        sub.add_argument("--batch-size", type=int, help="texts read side by side")
        sub.add_argument("--lr", type=float, help="peak learning rate")
        sub.add_argument("--eval-every", type=int, help="steps between validations")
        text = "of matrix products; auto: bf16 where there are units for it; default: fp32"
        sub.add_argument("--precision", choices=("auto", *PRECISIONS), help=text)
        text = "replace what an earlier run left there"
        sub.add_argument("--overwrite", action="store_true", help=text)
    if "json" in shared:
        sub.add_argument("--json", action="store_true", help="print one line of JSON")
