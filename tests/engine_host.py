"""Where the engine of Sam runs in tests: node, or a page of Chromium; both are asked in one way."""

import base64
import json
import subprocess

from project import ROOT
from widget_page import UNPACK

from realsam_edu.widgets.base import ENGINE, script

CALLS = ROOT / "tests" / "widgets" / "engine_calls.js"
ANSWERS = """
import { createInterface } from "node:readline";
const module = await import(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const [name, given] = JSON.parse(line);
  let said;
  try {
    said = { value: (await module[name](given)) ?? null };
  } catch (error) {
    said = { error: error.message };
  }
  process.stdout.write(JSON.stringify(said) + "\\n");
}
"""
ASK = """async ([name, given]) => {
  try {
    return { value: (await engine[name](given)) ?? null };
  } catch (error) {
    return { error: error.message };
  }
}"""


class EngineError(Exception):
    """What the engine said of something that is wrong."""


def module() -> str:
    """The engine, as every page gets it, and what the tests ask of it."""
    *parts, last = ENGINE
    return script(last, *parts) + CALLS.read_text(encoding="utf-8")


class _Host:
    def __call__(self, name: str, **given):
        """Call one of the functions of `engine_calls.js`; return what it returns, or raise."""
        said = self.ask(name, given)
        if "error" in said:
            raise EngineError(said["error"])
        return said["value"]

    def open(self, data: bytes, **given) -> dict:
        return self("open", b64=base64.b64encode(data).decode(), **given)


class NodeHost(_Host):
    """A node process that answers line by line."""

    def __init__(self, node: str, folder, code: str | None = None):
        (folder / "engine.mjs").write_text(code or module(), encoding="utf-8")
        (folder / "answers.mjs").write_text(ANSWERS, encoding="utf-8")
        words = [node, str(folder / "answers.mjs"), str(folder / "engine.mjs")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(words, text=True, encoding="utf-8", **pipes)

    def ask(self, name: str, given: dict) -> dict:
        self.process.stdin.write(json.dumps([name, given]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class PageHost(_Host):
    """A page of Chromium."""

    def __init__(self, chromium):
        self.page = chromium.new_page()
        self.page.evaluate(UNPACK)
        self.page.evaluate("async (code) => { window.engine = await load(code); }", module())

    def ask(self, name: str, given: dict) -> dict:
        return self.page.evaluate(ASK, [name, given])

    def close(self):
        self.page.close()
