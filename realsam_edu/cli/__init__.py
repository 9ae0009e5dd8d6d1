"""`realsam`: train, generate, chat, evaluate and inspect from the command line.

The same functions as in the notebooks, the same numbers. A mistake of the user is answered with one
sentence on standard error and exit code 2; Ctrl-C in a training ends it with code 130, resumable.
"""

import argparse
import contextlib
import os
import sys

from .. import __version__
from ..experiments.bench import command as bench
from ..runtime.errors import RealSamError
from ..runtime.settings import show_anything
from ..training import distributed
from . import chat, data, export, look, measure, ner, train, write
from .flags import add_flags


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="realsam", description=__doc__.split("\n\n")[0])
    parser.add_argument("--version", action="version", version=f"realsam_edu {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run, text: str, *shared: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        add_flags(sub, *shared)
        return sub

    for group in (train, write, chat, measure, export, look, ner, data):
        group.add_commands(command)
    text = "Time training and writing beside rivals in one run."
    bench.add_flags(command("bench", bench.run, text, "device", "json"))
    return parser


def _answer(argv: list[str]) -> int:
    """Run one command; a mistake of the user costs one sentence."""
    args = _parser().parse_args(argv)
    args.argv = argv
    try:
        if args.run in train.SHARED:  # only these are work for several processes
            code = args.run(args)
        else:
            code = distributed.on_first(lambda: args.run(args))
        if sys.stdout is not None:
            sys.stdout.flush()  # what cannot be written is told here
        return code
    except RealSamError as error:
        print(f"realsam: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _write_no_more()
        return 0
    except OSError as error:
        if error.filename is not None:  # of a file, and no mistake of the user
            raise
        _write_no_more()
        print(f"realsam: Could not write the output: {error.strerror}.", file=sys.stderr)
        return 2


def _write_no_more() -> None:
    """Send nowhere what is still to be written, or Python complains about it when it leaves."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # no real standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: list[str] | None = None) -> int:
    """Run one command, together with the other processes if torchrun started some.

    Returns its exit code.
    """
    show_anything()
    with distributed.joined():
        return _answer(sys.argv[1:] if argv is None else argv)
