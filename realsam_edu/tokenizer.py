"""Text to numbers and back. V1 reads one character at a time."""

import torch

from .runtime import RealSamError


class CharTokenizer:
    """One token per character.

    Args:
        chars: the alphabet; a character's token is its position in this string.
    """

    def __init__(self, chars: str):
        self.chars = chars
        self._token = {char: token for token, char in enumerate(chars)}

    @classmethod
    def from_text(cls, text: str) -> "CharTokenizer":
        """Return the tokenizer of every character that occurs in `text`, in code-point order."""
        return cls("".join(sorted(set(text))))

    @property
    def vocab_size(self) -> int:
        """Number of tokens V."""
        return len(self.chars)

    def encode(self, text: str) -> torch.Tensor:
        """Return the tokens of `text`, int64 of shape (len(text),).

        Raises:
            RealSamError: a character is not in the alphabet.
        """
        unknown = sorted(set(text) - self._token.keys())
        if unknown:
            shown = " ".join(repr(char) for char in unknown[:8])
            raise RealSamError(
                f"This model has never seen the character{'s' * (len(unknown) > 1)} {shown}; "
                f"its {self.vocab_size} characters are {self.chars!r}."
            )
        return torch.tensor([self._token[char] for char in text], dtype=torch.long)

    def decode(self, tokens) -> str:
        """Return the text of an iterable of tokens."""
        return "".join(self.chars[int(token)] for token in tokens)
