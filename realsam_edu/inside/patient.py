"""What the doctor examines: a model, and what it shows while it reads a few short passages."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..generation.generate import read_prompt
from ..model.wiring import wiring
from ..runtime.errors import RealSamError
from ..runtime.files import read_text
from ..text import storybook
from ..text.tokenizer import END_OF_TEXT
from .trace import Recorder

HERE = Path(__file__).parent
SHORTEST, LONGEST = 200, 6_000  # characters that are read
CHUNK = 64  # tokens that are read at once, as in training


class Read(NamedTuple):
    """What reading T tokens, all passages in a row, left behind; populations of N neurons."""

    spk: list[torch.Tensor]  # (T, N) of each population
    mem: list[torch.Tensor]  # (T, N)
    starts: list[int]  # where in T each passage begins
    losses: list[float]  # nats per token of each passage
    floors: list[float]  # the same for its own unigrams
    told: float  # nats per token that predictions differ from their own mean


class Patient:
    """A model, its tokenizer and its card, and what reading shows of them."""

    def __init__(self, model, tokenizer, card: dict, text: str | None):
        self.model, self.tokenizer, self.card = model, tokenizer, card
        self.wired, self.texts = wiring(model), passages(tokenizer, text)

        known = set(tokenizer.chars) if tokenizer.kind == "characters" else set("".join(self.texts))
        kept = ("".join(char for char in text if char in known) for text in self.texts)
        self.readable = [text for text in kept if len(text) > 1]
        if sum(map(len, self.readable)) < SHORTEST:
            raise RealSamError(
                f"The model knows too few characters of this text; the doctor needs {SHORTEST} to "
                "read, of the kind that it was trained on."
            )

    @cached_property
    def tokens(self) -> list[torch.Tensor]:
        """What is readable of the texts as tokens, (T,) each."""
        if self.tokenizer.kind == "characters":
            return [self.tokenizer.encode(text) for text in self.readable]
        end = torch.tensor([self.tokenizer.END])
        documents = (self.tokenizer.encode_document(text) for text in self.readable)
        return [torch.cat([end, tokens]) for tokens in documents]

    @cached_property
    def read(self) -> Read:
        """Read all texts, each from silence."""
        spk, mem, starts, losses, floors, told = [], [], [], [], [], []
        for tokens in self.tokens:
            layers, logits = self._read(tokens)  # (L, 2, T, N), (T, V)
            starts.append(sum(part.shape[1] for part in spk))
            spk.append(layers[:, 0])
            mem.append(layers[:, 1])
            log_p = logits[:-1].double().log_softmax(-1)  # (T − 1, V)
            losses.append(F.nll_loss(log_p, tokens[1:].to(log_p.device)).item())
            floors.append(unigram_floor(tokens[1:]))
            told.append((log_p.exp() * (log_p - log_p.exp().mean(0).log())).sum(-1).mean().item())
        spk, mem = (torch.cat(parts, 1).unbind(0) for parts in (spk, mem))
        return Read(list(spk), list(mem), starts, losses, floors, sum(told) / len(told))

    def layers(self):
        """Yield every population with its spikes and membranes, (T, N)."""
        return zip(self.wired.populations, self.read.spk, self.read.mem, strict=True)

    @torch.no_grad()
    def _read(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return spikes and membranes of a text, (L, 2, T, N), and the scores, (T, V)."""
        recorder, scores, state = Recorder(self.model), [], None

        def on_step(tokens, logits, state) -> None:
            scores.append(logits.clone())
            recorder.on_step(tokens, logits, state)

        device = next(self.model.parameters()).device
        with recorder.listening():
            for part in tokens.to(device).split(CHUNK):
                _, state = read_prompt(self.model, part[None], state, on_step)
        return torch.cat(recorder.layers, 2).to(device), torch.cat(scores)


def passages(tokenizer, text: str | None) -> list[str]:
    """Return what the doctor reads: `text`, or passages of the kinds the book trains on."""
    if text is not None:
        return [part for part in text[:LONGEST].split(END_OF_TEXT) if part.strip()]
    if tokenizer.kind == "characters":
        return [read_text(HERE / "passage.txt")]
    samples = (storybook.sample(level, 1_000, seed=0) for level in ("stories", "conversations"))
    told = (part for sample in samples for part in sample.split(END_OF_TEXT) if part.strip())
    return [read_text(HERE / "story.txt"), *told]


def unigram_floor(tokens: torch.Tensor) -> float:
    """Return the nats per token of a text for who knows how often it has each token, no more."""
    share = torch.bincount(tokens).double() / len(tokens)
    return -(share * share.log()).nan_to_num().sum().item()
