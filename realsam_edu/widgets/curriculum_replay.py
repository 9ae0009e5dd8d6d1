"""The widget that scrubs through a training run, and the run's log as bytes for the page."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import anywidget
import numpy as np
import traitlets as t

from .base import script, styles
from .run_log import check_log, column, per_layer

FIELDS = ("loss", "val", "rate", "alive", "lr", "stress")
CARD = ("seq_len", "epochs", "train", "val", "perplexity", "ended")
SAMPLE = 600  # characters of a sample that travel with the page


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


def replay_traits(log, phases=None, control=None) -> dict:
    """Everything `CurriculumReplay` shows, as plain values and bytes.

    Raises:
        RealSamError: a log is empty, lacks tokens or loss, or is not that of one run.
    """
    log = check_log(log, ("tokens", "loss"))
    control = check_log(control, ("tokens", "loss"), "control log") if control else []
    columns = [column(log, name) for name in ("tokens", *FIELDS)]
    beside = [column(control, name) for name in ("tokens", "loss", "val")]
    names = {"phase": "name"}
    groups = [{names.get(k, k): v for k, v in g.items()} for g in phase_groups(log, phases)]
    return {
        "fields": ["tokens", *FIELDS],
        "numbers": np.stack(columns).tobytes(),
        "rates": per_layer(log, "rates", 1).tobytes(),
        "phases": [{k: v for k, v in g.items() if k != "last"} for g in groups],
        "samples": [str(entry.get("sample") or "")[:SAMPLE] for entry in log],
        "control_numbers": np.stack(beside).tobytes() if control else b"",
    }


class CurriculumReplay(anywidget.AnyWidget):
    """Scrub through a training run: loss, firing rates, phase, and what Sam wrote just then.

    Args:
        log: the lines of `data/results/<run>.jsonl` as dictionaries.
        phases: the phase table of the run's card; None if there is none.
        control: the log of a run on the same budget of tokens without curriculum.
        val_label: what "val" was measured on, for the legend.

    `entry`, the validation shown, can be read and set from Python.

    Raises:
        RealSamError: a log is empty, or not that of one run.
    """

    _esm = script("curriculum_replay.js", "player.js", "chart.js")
    _css = styles("growth.css")
    fields = t.List(t.Unicode()).tag(sync=True)
    numbers = t.Bytes().tag(sync=True)  # (fields, n) float32
    rates = t.Bytes().tag(sync=True)  # (n, L) float32
    phases = t.List(t.Dict()).tag(sync=True)
    samples = t.List(t.Unicode()).tag(sync=True)
    control_numbers = t.Bytes().tag(sync=True)  # tokens, loss, val of the control
    val_label = t.Unicode("validation").tag(sync=True)
    entry = t.Int(0).tag(sync=True)
    autoplay = t.Bool(False).tag(sync=True)

    def __init__(self, log, phases=None, control=None, val_label="validation", entry=0, **kwargs):
        traits = replay_traits(log, phases, control)
        shown = int(np.clip(entry, 0, len(traits["samples"]) - 1))
        super().__init__(**(traits | {"val_label": val_label, "entry": shown} | kwargs))
