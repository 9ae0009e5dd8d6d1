"""Text to numbers and back. V1 reads one character at a time, V2 to V4 read pieces of words.

The pieces are learnt by byte pair encoding (Sennrich et al. 2016, over bytes as in GPT-2): start
from the 256 bytes and merge the pair that stands side by side most often, again and again.
`bpe_lesson` does the same in thirty lines of Python; here the `tokenizers` library does it fast.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

import tokenizers
import torch

from ..runtime.errors import RealSamError

SPECIALS = ("<|endoftext|>", "<|user|>", "<|sam|>")  # tokens 0, 1 and 2
END_OF_TEXT = SPECIALS[0]  # stands after every document
SPELLED = re.compile("|".join(map(re.escape, SPECIALS)))  # a special as it is written
SMALLEST_VOCAB = len(SPECIALS) + 256  # the specials and every byte
LARGEST_VOCAB = 2**16  # a token is stored in two bytes
_MARKER = re.compile(r"(<\|user\|>|<\|sam\|>)")


class CharTokenizer:
    """One token per character.

    Args:
        chars: the alphabet; a character's token is its position in this string.
    """

    kind = "characters"

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


class BPETokenizer:
    """Byte-level byte pair encoding: any Unicode text, exactly, in pieces of words.

    A text is first cut before every space, so that a space belongs to the word after it and no
    token reaches from one word into the next; inside a word the learnt merges are applied. Every
    byte is a token of its own, so there is no text that cannot be written.

    Tokens 0, 1 and 2 are `<|endoftext|>`, `<|user|>` and `<|sam|>`. Only `encode_document` makes
    them; a text that merely contains their spelling never does.
    """

    kind = "bpe"
    END, USER, SAM = 0, 1, 2

    def __init__(self, tokenizer: tokenizers.Tokenizer):
        tokenizer.encode_special_tokens = True  # what looks like a special is plain text
        self._tokenizer = tokenizer

    @classmethod
    def train(cls, texts: Iterable[str], vocab: int = 4096) -> "BPETokenizer":
        """Learn a vocabulary of at most `vocab` tokens; the same texts give the same tokens.

        Args:
            texts: documents, read once, one at a time; the spelling of specials is left out.
            vocab: tokens in all. A small text may not have enough pairs to merge for so many.

        Raises:
            RealSamError: `vocab` is smaller than the specials and bytes, or above 65,536.
        """
        if not SMALLEST_VOCAB <= vocab <= LARGEST_VOCAB:
            raise RealSamError(
                f"A vocabulary of {vocab:,} tokens is not possible: 256 bytes and "
                f"{len(SPECIALS)} special tokens make at least {SMALLEST_VOCAB}, and at most "
                f"{LARGEST_VOCAB:,} fit into two bytes; choose a number in between, such as 4096."
            )
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=vocab,
            special_tokens=list(SPECIALS),
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(_pieces(texts), trainer)
        return cls(tokenizer)

    @classmethod
    def from_json(cls, text: str) -> "BPETokenizer":
        """Return the tokenizer that `to_json` wrote.

        Raises:
            RealSamError: `text` is not one of this kind.
        """
        try:
            tokenizer = tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # the library raises nothing more specific
            raise RealSamError(
                f"This is not a tokenizer ({error}); make one with `realsam data`."
            ) from None
        if [tokenizer.token_to_id(special) for special in SPECIALS] != [0, 1, 2]:
            raise RealSamError(
                f"This tokenizer lacks {', '.join(SPECIALS)} as its tokens 0, 1 and 2; "
                "make one with `realsam data`."
            )
        return cls(tokenizer)

    def to_json(self) -> str:
        """Return the tokenizer as JSON in the format of the `tokenizers` library."""
        return self._tokenizer.to_str(pretty=False)

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the JSON, in hexadecimal: two tokenizers are the same if this is."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def vocab_size(self) -> int:
        """Number of tokens V, specials included."""
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str) -> torch.Tensor:
        """Return the tokens of `text`, int64 of shape (n,), without any special token.

        Raises:
            RealSamError: `text` has half of a surrogate pair in it, which is no character.
        """
        return torch.tensor(self._encode([text])[0], dtype=torch.long)

    def encode_document(self, text: str) -> torch.Tensor:
        """Return the tokens of one document, int64 of shape (n,), the last one END.

        The markers `<|user|>` and `<|sam|>` become the tokens USER and SAM.
        """
        return self.encode_documents([text])

    def encode_documents(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the tokens of several documents one after another, each ended by END, (n,)."""
        parts = [_MARKER.split(text) for text in texts]  # text, marker, text, marker, text
        plain = iter(self._encode([part for split in parts for part in split[::2]]))
        tokens = []
        for split in parts:
            tokens += next(plain)
            for marker in split[1::2]:
                tokens.append(SPECIALS.index(marker))
                tokens += next(plain)
            tokens.append(self.END)
        return torch.tensor(tokens, dtype=torch.long)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        try:
            encoded = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        except (UnicodeEncodeError, TypeError):
            raise RealSamError(
                "The text has half of a surrogate pair in it; write it as UTF-8 to repair it."
            ) from None
        return [one.ids for one in encoded]

    def decode(self, tokens) -> str:
        """Return the text of an iterable of tokens, specials spelled out."""
        ids = [int(token) for token in tokens]
        return self._tokenizer.decode(ids, skip_special_tokens=False)

    def token_text(self, token: int) -> str:
        """Return what one token reads as; an incomplete character shows as �."""
        return self.decode([token])


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Yield what stands between the specials of each text: nothing is learnt from markers."""
    for text in texts:
        yield from filter(None, SPELLED.split(text))
