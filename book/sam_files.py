"""Sam for the pages: his weights, and the script that runs him, in ``book/static/sam``.

Over http a page loads ``v4.bin``; opened from a folder it may load scripts only, so ``v4.js`` holds
the same bytes as text. They are made from the committed checkpoints and from the package, and made
anew when one of these has changed.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from execute import ROOT, fingerprint

SAM = ROOT / "book" / "static" / "sam"
VERSIONS = ("v1", "v4")
WEIGHTS = tuple(f"{name}.{kind}" for name in VERSIONS for kind in ("bin", "js"))
FILES = (*WEIGHTS, "sam.js", "sam.css")
MADE_FROM = (
    "book/sam_files.py",
    *(f"data/checkpoints/{name}.safetensors" for name in VERSIONS),
    *(f"realsam_edu/{part}" for part in ("generation/browser.py", "model", "text", "widgets")),
    "realsam_edu/plots/palette.py",
)


def install() -> bool:
    """Make the files if they are missing or old; return whether anything was made."""
    stamp, wanted = SAM / "made-from.txt", fingerprint(MADE_FROM)
    whole = stamp.exists() and stamp.read_text() == wanted
    if whole and all((SAM / name).exists() for name in FILES):
        return False
    SAM.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for name in VERSIONS:
        _write_weights(name)
    _write_script()
    stamp.write_text(wanted)
    print(f"Sam for the pages made in {SAM.relative_to(ROOT)}.", flush=True)
    return True


def _write_weights(name: str) -> None:
    from realsam_edu import checkpoint
    from realsam_edu.generation.browser import pack

    loaded = checkpoint.load(ROOT / "data" / "checkpoints" / f"{name}.safetensors")
    data = pack(loaded.model, loaded.tokenizer, loaded.card)
    text = base64.b64encode(data).decode()
    _write(SAM / f"{name}.bin", data)
    script = f"(window.realsamFiles ??= {{}})[{json.dumps(name)}] = {json.dumps(text)};\n"
    _write(SAM / f"{name}.js", script.encode())


def _write_script() -> None:
    from realsam_edu.widgets import SamWriter
    from realsam_edu.widgets.base import classic

    script = classic(SamWriter._esm, "window.RealSam = { mount: mountSam };")
    _write(SAM / "sam.js", script.encode())
    _write(SAM / "sam.css", SamWriter._css.encode())


def _write(path: Path, data: bytes) -> None:
    from realsam_edu.runtime.files import write_atomic

    write_atomic(path, data)
