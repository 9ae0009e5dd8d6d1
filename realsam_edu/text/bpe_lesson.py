"""Byte pair encoding in some thirty lines, to be read. `tokenizer.BPETokenizer` is the fast one."""

from collections import Counter


def learn_merges(text: str, n: int) -> list[tuple[str, str]]:
    """Return the first `n` merges of `text`, the most frequent pair each time."""
    words = Counter(text.replace(" ", "\n ").split("\n"))  # a space belongs to the word after it
    pieces = {word: list(word) for word in words}
    merges = []
    for _ in range(n):
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(pieces[word], pieces[word][1:], strict=False):
                pairs[pair] += count
        if not pairs:
            break  # every word is one piece
        merges.append(max(pairs, key=pairs.get))  # of equals, the one that was met first
        pieces = {word: merge(parts, merges[-1]) for word, parts in pieces.items()}
    return merges


def merge(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """Return `parts` with every neighbouring `pair` joined, from left to right."""
    joined = []
    for part in parts:
        if joined and (joined[-1], part) == pair:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def segment(sentence: str, merges: list[tuple[str, str]]) -> list[list[str]]:
    """Return the pieces of `sentence` before the first merge and after each that changed it."""
    steps = [list(sentence)]
    for pair in merges:
        parts = merge(steps[-1], pair)
        if parts != steps[-1]:
            steps.append(parts)
    return steps
