"""Words with their forms, and the pools they are drawn from."""

import math


class Entry:
    """One word of a pool: its forms, "" being the one in a dictionary, and the key of its kind."""

    __slots__ = ("forms", "key")

    def __init__(self, forms: dict[str, str], key: str = ""):
        self.forms = forms
        self.key = key

    def __repr__(self) -> str:
        return self.forms[""]


class Pool:
    """Words that can stand in one place, all as likely unless `weights` says otherwise."""

    def __init__(self, entries: list[Entry], group: str, weights: list[float] | None = None):
        self.entries = entries
        self.group = group
        total = sum(weights) if weights else len(entries)
        self.p = [w / total for w in weights] if weights else [1 / total] * len(entries)
        self.uniform = weights is None
        self.entropy = -sum(p * math.log(p) for p in self.p)
        self._index = {entry: i for i, entry in enumerate(entries)}

    def __contains__(self, entry: Entry) -> bool:
        return entry in self._index

    def nats(self, entry: Entry) -> float:
        """Return −ln p of one word."""
        return -math.log(self.p[self._index[entry]])
