"""A run log as bytes for the page: a float32 column per quantity, NaN where nothing was logged."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from ..runtime.errors import RealSamError

FIELDS = ("loss", "val", "rate", "alive", "lr", "stress")
CARD = ("seq_len", "epochs", "train", "val", "perplexity", "ended")
SAMPLE = 600  # characters of a sample that travel with the page


def _column(log: Sequence[Mapping], name: str) -> np.ndarray:
    values = [np.nan if entry.get(name) is None else entry[name] for entry in log]
    return np.asarray(values, "<f4")


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


def phase_groups(log: Sequence[Mapping], phases: Sequence[Mapping] | None = None) -> list[dict]:
    """Each phase of the log as {"phase", "first", "last"}: the indices of its entries.

    What `phases`, the table of the result card, says about a phase is added to it. Phases are
    matched by name, in order, so a phase that returns finds its own line.
    """
    table = [dict(row) for row in phases or []]
    groups, at = [], 0
    for name, entries in groupby(log, key=lambda entry: entry.get("phase") or ""):
        size = len(list(entries))
        row = next((row for row in table if row.get("phase") == name), {})
        table = [other for other in table if other is not row]
        facts = {key: row[key] for key in CARD if row.get(key) is not None}
        seq_len = {"seq_len": log[at]["seq_len"]} if log[at].get("seq_len") else {}
        groups.append({"phase": name, "first": at, "last": at + size - 1} | seq_len | facts)
        at += size
    return groups


def _layers(log: Sequence[Mapping], name: str, depth: int) -> np.ndarray:
    """A quantity with one value (depth 1) or several per layer: (n, L) or (n, L, values)."""
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


def replay_traits(log, phases=None, control=None) -> dict:
    """Everything `CurriculumReplay` shows, as plain values and bytes.

    Raises:
        RealSamError: a log is empty, lacks tokens or loss, or is not that of one run.
    """
    log = check_log(log, ("tokens", "loss"))
    control = check_log(control, ("tokens", "loss"), "control log") if control else []
    columns = [_column(log, name) for name in ("tokens", *FIELDS)]
    beside = [_column(control, name) for name in ("tokens", "loss", "val")]
    names = {"phase": "name"}
    groups = [{names.get(k, k): v for k, v in g.items()} for g in phase_groups(log, phases)]
    return {
        "fields": ["tokens", *FIELDS],
        "numbers": np.stack(columns).tobytes(),
        "rates": _layers(log, "rates", 1).tobytes(),
        "phases": [{k: v for k, v in g.items() if k != "last"} for g in groups],
        "samples": [str(entry.get("sample") or "")[:SAMPLE] for entry in log],
        "control_numbers": np.stack(beside).tobytes() if control else b"",
    }


def recorded_traits(log) -> dict:
    """The thresholds and rates of a recorded run, as `Homeostasis` shows them.

    Raises:
        RealSamError: the log is empty or its entries hold no thresholds.
    """
    log = check_log(log, ("tokens", "thr", "rates"), "recorded run")
    thr, rates = _layers(log, "thr", 2), _layers(log, "rates", 1)  # (n, L, 3), (n, L)
    if thr.shape != (*rates.shape, 3):
        raise RealSamError(
            f"The recorded run has thresholds {thr.shape} and rates {rates.shape}; "
            "it needs the 5, 50 and 95 % quantiles and one rate for each layer."
        )
    return {
        "rec_tokens": _column(log, "tokens").tobytes(),
        "rec_thr": thr.tobytes(),
        "rec_rates": rates.tobytes(),
    }
