"""`realsam doctor`: look into a trained model."""

import json
import math
from pathlib import Path

from .. import checkpoint
from ..inside.doctor import FAULT, diagnose
from ..runtime.files import read_text
from ..runtime.settings import pick_device
from .flags import checkpoint_path


def doctor(args) -> int:
    """Print what the doctor finds; return 1 if there is a fault, else 0."""
    loaded = checkpoint.load(checkpoint_path(args), pick_device(args.device))
    text = None if args.text is None else read_text(Path(args.text))
    findings = diagnose(loaded, text)
    if args.json:
        rows = [finding._asdict() for finding in findings]
        finite = [
            {k: None if v in (-math.inf, math.inf) else v for k, v in r.items()} for r in rows
        ]
        print(json.dumps(finite))
    else:
        print("\n".join(map(str, findings)))
    return int(any(finding.verdict == FAULT for finding in findings))


def add_commands(command) -> None:
    """Add `doctor`."""
    text = "Examine a trained model: exit code 0 if it is well, 1 if there are faults."
    sub = command("doctor", doctor, text, "checkpoint", "device", "json")
    sub.add_argument("--text", help="a UTF-8 text file to read; default: passages of the book")
