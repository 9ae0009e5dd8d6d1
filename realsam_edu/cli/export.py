"""`realsam export` and `realsam page`: Sam as a file for the browser, and what that costs."""

import json
from pathlib import Path

from .. import checkpoint
from ..generation.browser import MAGIC, pack
from ..runtime.errors import RealSamError
from ..runtime.files import read_text, try_to_write, write_atomic
from ..runtime.settings import RUNS
from .flags import checkpoint_path
from .measure import tokens_of
from .write import PROMPTS


def export(args) -> int:
    """Write the file that a page runs Sam from; return the exit code."""
    source = checkpoint_path(args)
    target = Path(args.out) if args.out else RUNS / f"{source.stem}.bin"
    loaded = checkpoint.load(source)
    _claim(target)
    data = pack(loaded.model, loaded.tokenizer, loaded.card)
    write_atomic(target, data)
    print(f"Wrote {target} ({len(data) / 1e6:.2f} MB)")
    return 0


def _claim(target: Path) -> None:
    """Make sure that the file can be written and that nothing but an older one is lost by it."""
    try_to_write(target)
    try:
        with target.open("rb") as file:
            begins = file.read(len(MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise RealSamError(
            f"Cannot read {target}, which is there already: {error.strerror}; choose another name."
        ) from None
    if begins != MAGIC:
        raise RealSamError(
            f"{target} is there already and was not made by `realsam export`; choose another name."
        )


def page(args) -> int:
    """Measure what a page's Sam loses and how fast it is; return the exit code."""
    from ..experiments import browser  # brings the widgets, which need not be installed

    loaded = checkpoint.load(checkpoint_path(args))
    if args.text is None and not args.speed:
        raise RealSamError("There is nothing to measure; give --text FILE, or --speed, or both.")
    found, text = {}, None if args.text is None else read_text(Path(args.text))
    table = browser.Table(Path(args.out) if args.out else RUNS / "browser.json")
    if text is not None:
        tokens, chars = tokens_of(loaded.tokenizer, text)
        found |= browser.measure_loss(loaded, tokens, chars, Path(args.text).name, text)
    if args.speed:
        found |= browser.measure_speed(loaded, PROMPTS[loaded.tokenizer.kind])
    row = table.keep(loaded.card["version"], found)
    print(json.dumps(row) if args.json else "\n".join(browser.lines(row)))
    return 0


def add_commands(command) -> None:
    """Add `export` and `page`."""
    text = "Write Sam as one file that runs in a browser."
    sub = command("export", export, text, "checkpoint")
    sub.add_argument("--out", help="the file; default: runs/ and the checkpoint's name, ….bin")
    text = "Measure Sam in the browser: what 8-bit weights cost, and tokens per second."
    sub = command("page", page, text, "checkpoint", "json")
    sub.add_argument("--text", help="a UTF-8 text file, to measure the loss on")
    text = "time writing in headless Chromium (needs playwright and Chromium)"
    sub.add_argument("--speed", action="store_true", help=text)
    sub.add_argument("--out", help="the table; default: runs/browser.json; its other rows stay")
