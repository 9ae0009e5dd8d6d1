"""Sam in the page, measured: what int8 weights cost on a text, and how fast Chromium writes.

One table, a row for each version: `realsam page` writes it, and measures of a row that are not made
anew stay as they are. The committed one is `data/results/browser.json`.
"""

import base64
import hashlib
import json
import shutil
from pathlib import Path

import torch

from ..checkpoint import Checkpoint
from ..generation.browser import dequantised, pack
from ..runtime.errors import RealSamError
from ..runtime.files import read_text, try_to_write, write_json
from ..runtime.provenance import stamp
from ..training.evaluate import evaluate
from ..widgets.base import ENGINE, script

FORMAT = "realsam-browser-1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TOKENS = {"characters": 20_000, "bpe": 2_000}  # timed, after half as many to warm up
# What runs in the page. The module comes as text, for nothing is loaded from anywhere.
TIMED = """async ([code, data, prompt, n]) => {
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { loadSam, writing } = await import(address);
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const began = performance.now();
  const sam = loadSam(bytes);
  const loaded = performance.now();
  const writer = writing(sam, prompt, { seed: 0 });
  writer.next();
  const first = performance.now();
  for (let k = 0; k < n / 2; k++) writer.next();
  const before = performance.now();
  for (let k = 0; k < n; k++) writer.next();
  const seconds = (performance.now() - before) / 1000;
  return {
    load_ms: loaded - began, first_token_ms: first - loaded, tokens_per_second: n / seconds,
  };
}"""


def measure_loss(loaded: Checkpoint, tokens: torch.Tensor, chars, name: str, text: str) -> dict:
    """Measure a model on a text, as it is and with the int8 weights of the page.

    Args:
        loaded: the model and all about it.
        tokens: (n,) of the text.
        chars: how many characters they stand for; None if each is one.
        name: of the text's file.
        text: what was in it.

    Returns:
        `loss`: `float32` and `int8` (nats per token, bits per character, rate), `cost_nats`, and
        what was read.
    """
    kept = ("nats_per_token", "bpc", "rate")
    models = {"float32": loaded.model, "int8": dequantised(loaded.model)}
    found = {kind: evaluate(model, tokens, chars=chars) for kind, model in models.items()}
    rows = {kind: {part: one[part] for part in kept} for kind, one in found.items()}
    cost = rows["int8"]["nats_per_token"] - rows["float32"]["nats_per_token"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    about = {"name": name, "sha256": digest, "characters": len(text), "tokens": len(tokens)}
    return {"loss": {**rows, "cost_nats": cost, "text": about, **stamp()}}


def chromium_path() -> str | None:
    """Return where Chromium or Chrome is installed, None if it is not."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def measure_speed(loaded: Checkpoint, prompt: str) -> dict:
    """Time writing in headless Chromium, one page and no other work.

    Args:
        loaded: the model and all about it.
        prompt: what it reads first.

    Returns:
        `speed`: tokens per second, milliseconds to load the file and to the first token after it;
        `bytes`: size of the file.

    Raises:
        RealSamError: playwright or Chromium is not installed.
    """
    path = chromium_path()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        raise RealSamError("--speed needs Chromium and `pip install playwright`; leave it out.")
    kind, data = loaded.tokenizer.kind, pack(loaded.model, loaded.tokenizer, loaded.card)
    *parts, last = ENGINE
    code = script(last, *parts) + "export { loadSam, writing };\n"
    given = [code, base64.b64encode(data).decode(), prompt, TOKENS[kind]]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        timed = browser.new_page().evaluate(TIMED, given)
        about = {"browser": f"Chromium {browser.version}", "tokens": TOKENS[kind]}
        browser.close()
    return {"speed": {**timed, **about, **stamp()}, "bytes": len(data)}


class Table:
    """The table of all versions on disk.

    Raises:
        RealSamError: it cannot be written, or what is there is no such table.
    """

    def __init__(self, path: Path):
        try_to_write(path)
        self.path, self.rows = path, {"format": FORMAT}
        if path.exists():
            try:
                self.rows = json.loads(read_text(path))
                known = self.rows.get("format") == FORMAT
            except (json.JSONDecodeError, AttributeError):
                known = False
            if not known:
                raise RealSamError(f"{path} is no table of `realsam page`; choose another name.")

    def keep(self, version: str, found: dict) -> dict:
        """Write what was found of a version; return its whole row."""
        self.rows[version] = self.rows.get(version, {}) | found
        write_json(self.path, self.rows)
        return self.rows[version]


def lines(row: dict) -> list[str]:
    """Return a row in words."""
    said = []
    if "loss" in row:
        loss = row["loss"]
        before, after = (loss[kind]["nats_per_token"] for kind in ("float32", "int8"))
        told = f"{before:.4f} nats per token in float32, {after:.4f} in int8"
        said.append(f"loss    {told}: {loss['cost_nats']:+.4f}")
    if "speed" in row:
        speed = row["speed"]
        said.append(
            f"speed   {speed['tokens_per_second']:,.0f} tokens per second, loaded in "
            f"{speed['load_ms']:.0f} ms, first token {speed['first_token_ms']:.0f} ms later"
        )
    return said
