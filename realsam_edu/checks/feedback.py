"""How checks speak: give a check your function, and it says what differs.

Every check compares with the package on fixed inputs. It prints one line starting with ✓ and
returns True, or raises `WrongAnswer` with a sentence on the first difference and, where the numbers
give it away, on the usual cause. A function that still returns `...` is an exercise not yet begun:
its check says so and returns False, so that an untouched notebook runs to its end.
"""

import functools
from collections.abc import Iterable

import torch


class WrongAnswer(AssertionError):
    """What a check found wrong, in a sentence; raised, since `python -O` drops `assert`."""


class _NotStarted(Exception):
    """The function under test returned the dots of its stub."""


def feedback(check):
    """Make `check(fn)` report the stub politely and print ✓ with its verdict otherwise."""

    @functools.wraps(check)
    def wrapper(fn, *args, **kwargs) -> bool:
        name = getattr(fn, "__name__", "your function")
        try:
            verdict = check(fn, *args, **kwargs)
        except _NotStarted:
            print(f"… {name}: not started. Replace the dots, run the cell, then this check again.")
            return False
        print(f"✓ {name}: {verdict}")
        return True

    return wrapper


def call_student(fn, *args, **kwargs):
    """Call `fn`; turn stubs and missing returns into something readable."""
    result = fn(*args, **kwargs)
    parts = result if isinstance(result, tuple) else (result,)
    if any(part is ... for part in parts):
        raise _NotStarted
    missing = any(part is None for part in parts)
    expect(not missing, "The function returned None. Is a `return` missing?")
    return result


def expect(right: bool, sentence: str) -> None:
    """Raise `WrongAnswer` with the sentence unless what is asked for is so."""
    if not right:
        raise WrongAnswer(sentence)


def same_numbers(mine, right, atol=1e-6) -> bool:
    """Return whether two tensors agree in shape and, within rounding, in value."""
    return mine.shape == right.shape and torch.allclose(mine, right, atol=atol, rtol=1e-5)


def expect_no_mistake(mine, mistakes: Iterable[tuple], where: str = "", atol=1e-6) -> None:
    """Name the mistake if `mine` equals the result of one: pairs of (wrong numbers, sentence)."""
    for wrong, sentence in mistakes:
        said = f"{where}: {sentence}" if where else sentence[0].upper() + sentence[1:]
        expect(not same_numbers(mine, wrong, atol), said)


def expect_tensor(value, like: torch.Tensor, what: str) -> torch.Tensor:
    """Return `value` if it is a tensor shaped like `like`; say what it is if not."""
    expect(isinstance(value, torch.Tensor), f"{what} is a {type(value).__name__}, not a tensor.")
    expect(
        value.shape == like.shape,
        f"{what} has shape {tuple(value.shape)}; expected {tuple(like.shape)}.",
    )
    return value


def expect_pair(result, like):
    """Return `(spk, mem)` if `result` is a pair of tensors shaped like `like`."""
    expect(isinstance(result, tuple) and len(result) == 2, "Return two things: `return spk, mem`.")
    spk, mem = result
    return expect_tensor(spk, like, "The spikes"), expect_tensor(mem, like, "The membrane")
