"""The same neurons finding private data in texts (notebook 11)."""

from .labelled import Example, Span, labelled, write_labelled
from .pii import examples
