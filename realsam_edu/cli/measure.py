"""`realsam evaluate` and `realsam info`: what a trained model is, and how good."""

import json
from pathlib import Path

from .. import checkpoint
from ..runtime.files import read_text
from ..runtime.settings import pick_device
from ..text.token_files import text_length
from ..text.tokenizer import SPECIALS
from ..training.evaluate import evaluate as measure
from .flags import checkpoint_path


def evaluate(args) -> int:
    """Measure and print; return the exit code."""
    loaded = checkpoint.load(checkpoint_path(args), pick_device(args.device))
    tokens, chars = tokens_of(loaded.tokenizer, read_text(Path(args.text)))
    measured = measure(loaded.model, tokens, chars=chars)
    if args.json:
        print(json.dumps(measured))
    else:
        rates = ", ".join(f"{rate:.4f}" for rate in measured.pop("rates"))
        for name, value in measured.items():
            print(f"{name:15} {value:,}" if name == "tokens" else f"{name:15} {value:.4f}")
        print(f"{'rates':15} {rates}")
    return 0


def tokens_of(tokenizer, text: str):
    """Return the tokens of a text file and its characters; BPE reads it document by document."""
    if tokenizer.kind == "characters":
        return tokenizer.encode(text), None
    documents = [part.strip() for part in text.split(SPECIALS[tokenizer.END]) if part.strip()]
    return tokenizer.encode_documents(documents), sum(map(text_length, documents))


def info(args) -> int:
    """Print a card; return the exit code."""
    card = checkpoint.load(checkpoint_path(args)).card
    print(json.dumps(card, indent=None if args.json else 1, ensure_ascii=args.json))
    return 0


def add_commands(command) -> None:
    """Add `evaluate` and `info`."""
    text = "Measure a checkpoint on a text, its state carried along."
    sub = command("evaluate", evaluate, text, "checkpoint", "device", "json")
    sub.add_argument("--text", required=True, help="a UTF-8 text file")
    command("info", info, "Print a checkpoint's card.", "checkpoint", "json")
