"""The storybook: children's stories without end, whose entropy is known exactly."""

from .book import (
    LEVELS,
    Floor,
    documents,
    entropy,
    fingerprint,
    leaks,
    mean_and_error,
    nats,
    sample,
    scored,
)

__all__ = [
    "LEVELS",
    "Floor",
    "documents",
    "entropy",
    "fingerprint",
    "leaks",
    "mean_and_error",
    "nats",
    "sample",
    "scored",
]
