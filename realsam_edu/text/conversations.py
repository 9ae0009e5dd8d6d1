"""Records of the public conversation sets, told as turns: `<|user|>…<|sam|>…<|user|>…`."""

import re

from .tokenizer import SPELLED

_STRAIGHT = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--", "…": "...", "\u00a0": " "}


def _misread(char: str) -> str:
    """Return what `char` looks like after its UTF-8 bytes were read as Windows-1252."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in char.encode())


_REPAIR = {_misread(char): straight for char, straight in _STRAIGHT.items()} | {"â€": '"'}
_TYPOGRAPHY = re.compile("|".join(map(re.escape, [*_REPAIR, *_STRAIGHT])))


def clean(text: str) -> str:
    """Return `text` with straight quotes and dashes, and without the spelling of special tokens.

    Quotes that were once read in the wrong encoding (`â€œ`, frequent in TinyStories) are repaired.
    """
    if not text.isascii():
        text = _TYPOGRAPHY.sub(lambda m: _REPAIR.get(m[0]) or _STRAIGHT[m[0]], text)
    return SPELLED.sub("", text).strip()


def told(turns: list[str]) -> str:
    """Return turns of user and Sam, by turns, as one document; "" if Sam never answers."""
    turns = [clean(turn) for turn in turns]
    if "" in turns:
        turns = turns[: turns.index("")]
    turns = turns[: len(turns) // 2 * 2]  # the last word is Sam's
    return "".join(
        f"<|user|>{ask}<|sam|>{answer}" for ask, answer in zip(turns[::2], turns[1::2], strict=True)
    )


def alpaca(record: dict) -> tuple[str, str]:
    """Return (key, document) of a record with `instruction`, `input` and `output`."""
    answer = "" if "<nooutput>" in record["output"].lower() else record["output"]
    return record["instruction"], told([f"{record['instruction']}\n{record['input']}", answer])


def dolly(record: dict) -> tuple[str, str]:
    """Return (key, document) of a record with `instruction`, `context` and `response`."""
    ask = f"{record['instruction']}\n{record['context']}"
    return record["instruction"], told([ask, record["response"]])


def oasst(record: dict, lang: str | None = "en") -> tuple[str, str]:
    """Return (key, document) of an OpenAssistant tree: the thread that people ranked best.

    From the root on, the reply of the best rank follows (the first one where none is ranked), so
    that no message is told twice.

    Args:
        record: a tree with `prompt`, whose messages have `text`, `role`, `replies`.
        lang: leave a message in another language, and what follows it, out; None keeps all.

    Raises:
        KeyError: a message has no text in its field `text` or `role`, named by the error.
    """
    node, turns, role = record["prompt"], [], "prompter"
    while node and _text(node, "role") == role and lang in (None, node.get("lang", lang)):
        turns.append(_text(node, "text"))
        replies = [reply for reply in node.get("replies") or [] if not reply.get("deleted")]
        node = min(replies, key=_rank, default=None)
        role = "assistant" if role == "prompter" else "prompter"
    return record.get("message_tree_id") or record["prompt"]["text"], told(turns)


def _text(message: dict, field: str) -> str:
    if not isinstance(message.get(field), str):
        raise KeyError(field)
    return message[field]


def _rank(message: dict) -> float:
    rank = message.get("rank")
    return float("inf") if rank is None else rank


# name: (fields that a record has to have, of which type, how it is told)
FORMS = {
    "alpaca": (("instruction", "input", "output"), str, alpaca),
    "dolly": (("instruction", "context", "response"), str, dolly),
    "oasst": (("prompt",), dict, oasst),
}
