"""Talking: a conversation whose whole history is the spiking state.

    <|endoftext|> <|user|> what you say <|sam|> what Sam says <|user|> … <|sam|> …

V2 to V4 have read conversations in this form, a special token before each turn. Nothing that was
said is read a second time: what Sam still knows of it is in his membranes, his last spikes and his
stress, as many numbers after the hundredth turn as after the first. The text of the turns is kept
for people, and Sam never sees it again. What a user types is encoded as plain text, so that nobody
can type a special token.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import torch

from ..model.environment import Environment, set_stress
from ..runtime.errors import RealSamError
from ..runtime.tensor_file import Kind, digest, is_kind, named, pack, unpack
from .generate import Observer, ends, pieces, read_prompt, read_token, stepper
from .sampling import RECENT, Sampling, sample_token, seeded

LONGEST = 120  # tokens of a reply, at most
CHAT = Kind(
    "realsam-chat-1",
    "saved chat",
    "correct the path",
    "it cannot go on",
    "give a file that a chat has saved",
)


@dataclass
class Turn:
    """What one said and the other answered."""

    user: str
    sam: str = ""
    ended: bool = False  # Sam ended the reply himself; else it was cut off


class Chat:
    """A conversation with V2, V3 or V4.

    Args:
        model: in evaluation mode.
        tokenizer: the one it was trained with.
        sampling: the rules of drawing; may be changed between and during replies.
        seed: same seed, same settings, same words of yours: same conversation.
        stress: hold V4's stress at this number in [0, 1]; None lets it feel.
        longest: tokens of a reply, at most.
        on_step: told of all that is read, see `generate.Observer`; may be changed at any time.

    Attributes:
        turns: what was said, for people.

    Raises:
        RealSamError: a model of characters, a setting out of range, stress for a model without it.
    """

    def __init__(
        self,
        model,
        tokenizer,
        sampling: Sampling = Sampling(),  # noqa: B008, it is frozen
        seed: int = 0,
        stress: float | None = None,
        longest: int = LONGEST,
        on_step: Observer | None = None,
    ):
        if tokenizer.kind != "bpe":
            raise RealSamError(
                "V1 reads characters and has never met a conversation, so it cannot chat; let it "
                "write with `realsam generate`, or chat with V4 (`--mode v4`)."
            )
        self.sampling, self.longest, self.on_step = sampling, longest, on_step
        self._model, self._tokenizer, self._ends = model, tokenizer, ends(tokenizer, "turn")
        self._steps, self._stress, self._seed = stepper(model), None, seed
        self._can_feel = isinstance(model.zero_state(1)[-1], Environment)
        self.turns: list[Turn] = []
        self.reset()
        self.stress = stress

    def reset(self) -> None:
        """Begin anew: silence, no turns, the random generator at its seed; settings stay."""
        self.seed = self._seed
        self._recent, self.turns = deque(maxlen=RECENT), []
        self._steps.load(self._held(self._model.zero_state(1)))

    @property
    def state(self) -> tuple:
        """All that Sam knows of the conversation, in the model's own form, batch 1."""
        return self._steps.state

    @property
    def temperature(self) -> float:
        """The temperature of `sampling`; setting it leaves the other rules."""
        return self.sampling.temperature

    @temperature.setter
    def temperature(self, temperature: float) -> None:
        self.sampling = replace(self.sampling, temperature=temperature)

    @property
    def seed(self) -> int:
        """Where the random generator started; setting it starts it again."""
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._rng, self._seed = seeded(seed), seed

    @property
    def stress(self) -> float | None:
        """The number that the stress is held at; None if Sam feels. Setting None lets it go."""
        return self._stress

    @stress.setter
    def stress(self, stress: float | None) -> None:
        if stress is not None:
            self._steps.load(set_stress(self.state, stress))
        self._stress = stress

    @property
    def felt(self) -> float | None:
        """V4's stress now; None for models without an environment."""
        return float(self.state[-1].stress) if self._can_feel else None

    def say(self, text: str) -> Iterator[str]:
        """Let Sam read what you say; return his reply, piece by piece.

        The reply ends where Sam ends his turn, after `longest` tokens, when you stop asking, or
        with the next call. What was told so far has been read: the conversation goes on from there.
        An interruption in the middle of a step, such as Ctrl-C, takes the whole turn back.

        Raises:
            RealSamError: there is nothing in `text`, or half of a surrogate pair.
        """
        words = self._tokenizer.encode(text.strip()).tolist()
        if not words:
            raise RealSamError("There is nothing to answer in an empty message; say something.")
        names = self._tokenizer
        start = [] if self.turns else [names.END]
        tokens = torch.tensor([[*start, names.USER, *words, names.SAM]])  # (1, T)
        before, device = self._snapshot(), next(self._model.parameters()).device
        logits, state = read_prompt(
            self._model, tokens.to(device), self.state, self.on_step, self._stress
        )
        self._steps.load(state)
        self._recent.extend(words)
        self.turns.append(Turn(text.strip()))
        return self._told(self.turns[-1], logits, before)

    def _told(self, turn: Turn, logits: torch.Tensor, before: tuple) -> Iterator[str]:
        for piece in pieces(self._tokenizer, self._reply(turn, logits, before)):
            turn.sam += piece
            yield piece

    @torch.no_grad()
    def _reply(self, turn: Turn, logits: torch.Tensor, before: tuple) -> Iterator[int]:
        """Yield tokens once they are read; the one that ends a turn is not."""
        for _ in range(self.longest):
            if not self.turns or self.turns[-1] is not turn:  # the conversation has gone on
                return
            try:
                token = sample_token(logits, self.sampling, self._rng, self._recent)  # (1,)
                if int(token) in self._ends:
                    turn.ended = True
                    return
                feels = self._can_feel and self._stress is None
                logits = read_token(self._steps, logits, token, feels, self.on_step)
            except BaseException:
                self._restore(before)
                raise
            self._recent.append(int(token))
            yield int(token)

    def _held(self, state: tuple) -> tuple:
        return state if self._stress is None else set_stress(state, self._stress)

    def _snapshot(self) -> tuple:
        return self.state, self._rng.get_state(), list(self._recent), list(self.turns)

    def _restore(self, before: tuple) -> None:
        state, rng, recent, self.turns = before
        self._steps.load(state)
        self._rng.set_state(rng)
        self._recent = deque(recent, RECENT)

    def save(self, path: str | Path) -> Path:
        """Write the conversation to one file: state, settings, turns, random generator.

        Raises:
            RealSamError: the name does not end in `.safetensors`, something else than a chat is
                there already, or it cannot be written.
        """
        path = named(path, CHAT)
        if path.exists() and not is_kind(path, CHAT):
            raise RealSamError(
                f"{path} is there already and is no saved chat; choose another name."
            )
        tensors = {f"state {i}": part for i, part in enumerate(chain(*self.state))}
        tensors["random"] = self._rng.get_state()  # uint8
        tensors["recent"] = torch.tensor(list(self._recent), dtype=torch.int64)
        settings = {"seed": self._seed, "stress": self._stress, "longest": self.longest}
        card = {
            "model": self._model_digest(),
            "version": type(self._model).__name__,
            "sampling": asdict(self.sampling),
            "settings": settings,
            "turns": [asdict(turn) for turn in self.turns],
        }
        pack(path, tensors, card, CHAT)
        return path

    def load(self, path: str | Path) -> None:
        """Go on with a saved conversation, its settings included; what was said here is dropped.

        Raises:
            RealSamError: there is none, it is damaged, or it was held with another model; then
                everything is as before.
        """
        tensors, card = unpack(Path(path), CHAT)
        if card.get("model") != self._model_digest():
            raise RealSamError(
                f"{path} is a chat with another model ({card.get('version')}); load it with the "
                "checkpoint that it was held with."
            )
        try:
            sampling, settings = Sampling(**card["sampling"]), card["settings"]
            turns = [Turn(**turn) for turn in card["turns"]]
            seed, stress, longest = (settings[name] for name in ("seed", "stress", "longest"))
            rng, recent = seeded(seed), tensors["recent"].tolist()
            rng.set_state(tensors["random"])
            state = self._state_from(tensors, recent)
            state = state if stress is None else set_stress(state, stress)
        except (KeyError, TypeError, ValueError, RuntimeError):
            raise RealSamError(f"{path} is not as a chat is saved; {CHAT.damaged}.") from None
        self._steps.load(state)
        self.sampling, self.turns, self._rng, self._recent = (
            sampling,
            turns,
            rng,
            deque(recent, RECENT),
        )
        self._seed, self._stress, self.longest = seed, stress, longest

    def _state_from(self, tensors: dict[str, torch.Tensor], recent: list[int]) -> tuple:
        """Put saved tensors into the form of this model's state; ValueError if they do not fit."""
        state, number = [], 0
        for part in self._model.zero_state(1):
            values = []
            for like in part:
                value = tensors[f"state {number}"]
                if (value.shape, value.dtype) != (like.shape, like.dtype) or value.isnan().any():
                    raise ValueError
                values.append(value.to(like.device))
                number += 1
            state.append(type(part)(*values))
        if not all(0 <= token < self._tokenizer.vocab_size for token in recent):
            raise ValueError
        return tuple(state)

    def _model_digest(self) -> str:
        return digest(type(self._model).__name__, self._model.state_dict())
