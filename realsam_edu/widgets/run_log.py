"""A run log as bytes for the page: a float32 column per quantity, NaN where nothing was logged."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..runtime.errors import RealSamError


def check_log(log: Sequence[Mapping], needs: Sequence[str], what: str = "log") -> list[Mapping]:
    """Return the log as a list; every entry has what `needs` names, and tokens only grow.

    Raises:
        RealSamError: the log is empty, an entry lacks a field, or the tokens go back.
    """
    log = list(log)
    if not log:
        raise RealSamError(f"The {what} is empty; train until the first validation, then look.")
    for i, entry in enumerate(log):
        missing = [name for name in needs if entry.get(name) is None]
        if missing:
            raise RealSamError(
                f"Entry {i} of the {what} has no {' and no '.join(missing)}; "
                "give the lines of data/results/<run>.jsonl as dictionaries."
            )
    if (np.diff([entry["tokens"] for entry in log]) < 0).any():
        raise RealSamError(
            f"The tokens of the {what} go back; give the lines of one run, in their order."
        )
    return log


def column(log: Sequence[Mapping], name: str) -> np.ndarray:
    """A quantity (n,) float32, one value per entry."""
    values = [np.nan if entry.get(name) is None else entry[name] for entry in log]
    return np.asarray(values, "<f4")


def per_layer(log: Sequence[Mapping], name: str, depth: int) -> np.ndarray:
    """A quantity with one value (depth 1) or several per layer: (n, L) or (n, L, values).

    Raises:
        RealSamError: the entries disagree on its shape.
    """
    known = [entry[name] for entry in log if entry.get(name)]
    if not known:
        return np.zeros((len(log), 0), "<f4")
    shapes = {np.shape(rows) for rows in known}
    if len(shapes) != 1 or len(next(iter(shapes))) != depth:
        raise RealSamError(
            f"The entries of the log disagree on the shape of '{name}': {sorted(shapes)}; "
            "give the log of one run."
        )
    empty = np.full(next(iter(shapes)), np.nan)
    rows = [empty if not entry.get(name) else np.asarray(entry[name], float) for entry in log]
    return np.stack(rows).astype("<f4")
