"""Checks judge by raising: no `assert`, and the same verdicts under `python -O`."""

import ast
import re
import subprocess
import sys

import pytest
import torch
from project import ROOT

from realsam_edu.checks.feedback import (
    WrongAnswer,
    call_student,
    expect,
    expect_no_mistake,
    expect_pair,
    expect_tensor,
    feedback,
)

CHECKS = sorted((ROOT / "realsam_edu/checks").glob("*.py"))


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: path.stem)
def test_no_check_judges_by_assert(path):
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    assert not [node.lineno for node in tree if isinstance(node, ast.Assert)]


def test_wrong_answers_are_refused_under_python_o():
    """There `assert` is gone: the tests of all notebooks' checks pass by `pytest.raises` alone."""
    tests = [str(path) for path in sorted((ROOT / "tests/checks").glob("test_nb*.py"))]
    words = [sys.executable, "-O", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    found = re.search(r"(\d+) passed", done.stdout)
    if done.returncode or found is None or int(found.group(1)) < 200:
        pytest.fail(done.stdout[-2000:])


def test_every_notebook_has_its_checks():
    books = {f"nb{path.name[:2]}" for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert {path.stem for path in CHECKS} == books | {"__init__", "feedback"}


@feedback
def check_double(fn) -> str:
    """A check as the notebooks' are."""
    expect(call_student(fn, 3) == 6, "3 gives 6.")
    return "twice as much."


def test_a_verdict_is_one_line(capsys):
    assert check_double(lambda x: 2 * x) is True
    assert capsys.readouterr().out == "✓ <lambda>: twice as much.\n"
    with pytest.raises(WrongAnswer, match=r"^3 gives 6\.$"):
        check_double(lambda x: x)
    with pytest.raises(WrongAnswer, match="Is a `return` missing"):
        check_double(lambda x: None)
    assert check_double(lambda x: ...) is False
    assert "not started" in capsys.readouterr().out


def test_what_came_instead_of_a_tensor_is_said():
    like = torch.zeros(2, 3)
    with pytest.raises(WrongAnswer, match="The mean is a float, not a tensor"):
        expect_tensor(1.0, like, "The mean")
    with pytest.raises(WrongAnswer, match=r"shape \(3,\); expected \(2, 3\)"):
        expect_tensor(like[0], like, "The mean")
    with pytest.raises(WrongAnswer, match="Return two things"):
        expect_pair(like, like)
    assert expect_pair((like, like), like) == (like, like)


def test_a_mistake_is_named_with_its_place():
    x = torch.tensor([1.0, 2.0])
    mistakes = [(2 * x, "it is doubled."), (-x, "the sign is turned.")]
    expect_no_mistake(x, mistakes)
    with pytest.raises(WrongAnswer, match=r"^Backward: the sign is turned\.$"):
        expect_no_mistake(-x, mistakes, "Backward")
    with pytest.raises(WrongAnswer, match=r"^It is doubled\.$"):
        expect_no_mistake(2 * x, mistakes)
