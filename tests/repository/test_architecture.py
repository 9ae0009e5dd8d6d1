"""Who may import whom, and how large a part may be: the house, held to its own drawing."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

PACKAGE = ROOT / "realsam_edu"
LEVELS = (
    ("runtime",),
    ("neurons", "text", "plots"),
    ("model",),
    ("checkpoint", "generation"),
    ("training", "inside", "widgets"),
    ("ner", "experiments", "checks"),
    ("cli",),
)
LEVEL = {part: number for number, parts in enumerate(LEVELS) for part in parts}
DOORS = ("__init__", "__main__")  # version and entry point stand above and below everything
CORE = ("neurons", "model")  # what can be read in an evening
LONG = {}  # files above 400 lines, each with its reason
FAMILIES = ("scan",)  # three paths of one loop may share their first word


def part_of(path: Path, package: Path = PACKAGE) -> str:
    """The folder or file of the package that a module belongs to."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def imported_files(path: Path, package: Path = PACKAGE) -> list[tuple[str, ...]]:
    """Every module of the package that a file imports, as a path; names may stand at its end."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found += [tuple(parts[1:]) for parts in names if parts[0] == package.name]
        elif isinstance(node, ast.ImportFrom):
            base = list(path.relative_to(package).parts[:-1])
            if node.level:
                base = base[: len(base) - node.level + 1]
                base += node.module.split(".") if node.module else []
            elif node.module and node.module.split(".")[0] == package.name:
                base = node.module.split(".")[1:]
            else:
                continue
            found += [(*base, alias.name) for alias in node.names]
    return found


def upward_imports(package: Path) -> list[str]:
    """Every import of a part that does not lie lower than the part it stands in."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        mine = part_of(path, package)
        if mine in DOORS:
            continue
        for target in imported_files(path, package):
            theirs = target[0]
            if theirs in (mine, "__version__"):
                continue
            if LEVEL.get(theirs, len(LEVELS)) >= LEVEL[mine]:
                wrong.append(f"{path.relative_to(package)} imports {'.'.join(target)}")
    return wrong


def circles(package: Path) -> list[str]:
    """Files within one part that import each other in a circle, first found first."""
    files = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        files[parts[:-1] if parts[-1] == "__init__" else parts] = path
    graph = {}
    for name, path in files.items():
        targets = imported_files(path, package)
        graph[name] = {t if t in files else t[:-1] for t in targets} & files.keys() - {name}
    faces = {name for name, path in files.items() if path.name == "__init__.py"}
    wrong, seen = [], set()

    def visit(name, road):
        if name in road:
            wrong.append(" -> ".join(".".join(step) for step in (*road, name)))
        elif name not in seen:
            seen.add(name)
            for target in graph[name] - faces:
                visit(target, (*road, name))

    for name in sorted(graph.keys() - faces):
        visit(name, ())
    return wrong


def test_no_import_goes_upward():
    assert not upward_imports(PACKAGE)


def test_nobody_imports_the_checks_or_the_command():
    for path in PACKAGE.rglob("*.py"):
        mine = part_of(path)
        taken = {target[0] for target in imported_files(path)} & {"checks", "cli"} - {mine}
        assert not taken or mine == "__main__", path


def test_no_files_import_each_other_in_a_circle():
    assert not circles(PACKAGE)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("model/v1.py", "from ..training.distributed import rows"),
        ("text/corpora.py", "from realsam_edu.model import V1"),
        ("generation/generate.py", "import realsam_edu.cli"),
        ("experiments/compare.py", "from .. import checks"),
        ("inside/trace.py", "from ..training.loop import Run"),
    ],
)
def test_a_planted_upward_import_is_found(tmp_path, file, line):
    package = tmp_path / "realsam_edu"
    planted = package / file
    planted.parent.mkdir(parents=True)
    planted.write_text(f"def late():\n    {line}\n", encoding="utf-8")
    assert len(upward_imports(package)) == 1


def test_a_planted_circle_is_found(tmp_path):
    folder = tmp_path / "realsam_edu" / "model"
    folder.mkdir(parents=True)
    for name, line in (
        ("a", "from .b import x"),
        ("b", "from . import c"),
        ("c", "from .a import x"),
    ):
        (folder / f"{name}.py").write_text(line + "\n", encoding="utf-8")
    assert len(circles(tmp_path / "realsam_edu")) == 1


def test_every_part_has_its_level():
    parts = {part_of(path) for path in PACKAGE.rglob("*.py")} - set(DOORS)
    assert parts <= LEVEL.keys()
    assert len(list(PACKAGE.glob("*.py"))) <= 4


def test_plots_know_no_torch():
    for path in (PACKAGE / "plots").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "torch" for name in names), path.name


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_core_can_be_read_in_an_evening():
    assert sum(lines(path) for part in CORE for path in (PACKAGE / part).rglob("*.py")) <= 1500


def test_a_long_file_has_its_reason():
    long = {str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py") if lines(p) > 400}
    assert long == LONG.keys()


@pytest.mark.parametrize("folder", ["realsam_edu", "book"])
def test_no_function_is_longer_than_a_screen(folder):
    for path in (ROOT / folder).rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                size = node.end_lineno - node.lineno + 1
                assert size <= 40, f"{path.relative_to(ROOT)}: {node.name} has {size} lines"


def test_a_face_only_hands_names_on():
    for path in PACKAGE.rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if path.parent not in (PACKAGE, PACKAGE / "cli", PACKAGE / "text" / "storybook"):
            assert lines(path) <= 40, path
            assert all(isinstance(n, ast.Expr | ast.ImportFrom | ast.Assign) for n in body), path


def test_no_file_is_another_with_a_suffix():
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        names = {path.stem for path in folder.glob("*.py")} - set(DOORS)
        for name in names - set(FAMILIES):
            taken = [other for other in names if other.startswith(f"{name}_")]
            assert not taken, f"{folder.name}: {name} and {taken}"


def private_uses(path: Path) -> list[str]:
    """Names with a leading underscore that a file takes from another file of the package."""
    tree, modules, wrong = ast.parse(path.read_text(encoding="utf-8")), set(), []
    for node in ast.walk(tree):
        ours = isinstance(node, ast.ImportFrom) and (
            node.level or (node.module or "").split(".")[0] == PACKAGE.name
        )
        for alias in node.names if ours else ():
            modules.add(alias.asname or alias.name)
            if alias.name.startswith("_") and not alias.name.startswith("__"):
                wrong.append(f"{path.name} imports {alias.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            private = node.attr.startswith("_") and not node.attr.startswith("__")
            if private and node.value.id in modules and not node.value.id[0].isupper():
                wrong.append(f"{path.name} uses {node.value.id}.{node.attr}")
    return wrong


def test_no_private_name_leaves_its_file():
    found = [use for path in PACKAGE.rglob("*.py") for use in private_uses(path)]
    assert not found


def test_the_table_of_ideas_is_true():
    """CONTRIBUTING says where each idea stands: the file is there, and it defines the name."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| [^|]+ \| `([\w/]+\.(?:py|txt))` \| (?:`(\w+)`)? *\|$", text, re.MULTILINE
    )
    assert len(rows) >= 30
    for file, name in rows:
        source = (PACKAGE / file).read_text(encoding="utf-8")
        defined = re.search(rf"^(?:def|class) {name}\b|^{name}\b.*=", source, re.MULTILINE)
        assert not name or defined, f"{file} does not define {name}"


def test_the_command_starts_without_what_only_notebooks_need():
    """Its package alone has no widgets and no figures, and both are slow and large to load."""
    code = "import sys, realsam_edu.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("matplotlib", "anywidget", "ipywidgets", "faker", "datasets", "playwright"):
        assert name not in done.stdout.split(), name
