"""axe-core looks at a page: what a reader with a screen reader or weak eyes would stumble over."""

import json
import shutil
import sys

import pytest
from project import CI, ROOT

sys.path.insert(0, str(ROOT / "book"))
import assets

NAME = "axe-core"
GRAVE = ("serious", "critical")
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .map(({ id, impact, help, nodes }) => ({ id, impact, help,
    where: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`) }))"""


def source() -> str:
    """Return the script of axe-core, fetched once in the version of `book/package.json`."""
    wanted = json.loads((ROOT / "book/package.json").read_text(encoding="utf-8"))
    version = wanted["devDependencies"][NAME]
    folder, file = ROOT / "_build" / NAME, f"{version}.js"
    if not (folder / file).exists():
        npm = shutil.which("npm")
        if npm is None:
            (pytest.fail if CI else pytest.skip)("npm, which fetches axe-core, is not installed")
        assets.fetch(npm, NAME, version, wanted["integrity"][NAME], folder, {file: "axe.min.js"})
    return (folder / file).read_text(encoding="utf-8")


def grave(page) -> list[str]:
    """Return the serious and critical violations of a page as lines to read."""
    page.evaluate(source())
    found = [v for v in page.evaluate(RUN) if v["impact"] in GRAVE]
    return [f"{v['id']} ({v['impact']}): {v['help']}\n  " + "\n  ".join(v["where"]) for v in found]
