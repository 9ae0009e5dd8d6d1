"""Synthetic texts with private data in them: the project's own frames, filled and labelled."""

from ..labelled import Example, Span, labelled, write_labelled
from .fill import examples

__all__ = ["Example", "Span", "examples", "labelled", "write_labelled"]
