"""Checks of notebook 09: the repetition penalty, and its three exercises."""

import torch
from torch import nn

from ..generation.sampling import nucleus, penalised
from ..model.output import Output
from ..text.tokenizer import BPETokenizer
from .feedback import call_student, expect, expect_no_mistake, expect_tensor, feedback, same_numbers


@feedback
def check_penalised(fn) -> str:
    """Check `fn(scores, recent, penalty)` against `sampling.penalised`."""
    scores = torch.tensor([[3.0, -3.0, 0.5, -0.25, 0.0], [1.0, 2.0, -4.0, 8.0, -1.0]])
    given = scores.clone()
    for recent, penalty in (([0, 1], 2.0), ([3, 3, 2, 4, 3], 1.5), ([1], 1.0), ([], 1.2)):
        right = penalised(scores, recent, penalty)
        mine = expect_tensor(call_student(fn, scores, recent, penalty), right, "The scores")
        expect(torch.equal(scores, given), "The scores that came in were changed; copy them first.")
        ids = sorted(set(recent))
        divided, subtracted, often = scores.clone(), scores.clone(), scores.clone()
        divided[:, ids] /= penalty
        subtracted[:, ids] -= penalty
        for token in recent:
            often[:, token] = penalised(often, [token], penalty)[:, token]
        if not same_numbers(mine, right):
            expect_no_mistake(
                mine,
                (
                    (divided, "dividing a negative score makes its token *likelier*; multiply it."),
                    (often, "a token counts once, however often it came."),
                    (subtracted, "this subtracts; CTRL divides and multiplies."),
                    (scores, "nothing was penalised."),
                ),
            )
        expect(same_numbers(mine, right), f"For {recent} and ρ = {penalty:g} the numbers differ.")
    return "whatever came lately is less likely now, whatever the sign of its score."


# ---------------------------------------------------------------- exercises

BELIEFS = (
    ([0.1, 0.5, 0.15, 0.25], (0.7, 0.5, 0.8, 0.05, 1.0)),
    ([0.02, 0.03, 0.9, 0.05], (0.6, 0.92, 0.99)),
    ([0.4, 0.05, 0.35, 0.2], (0.3, 0.41, 0.75, 0.96)),
)


@feedback
def check_top_p(fn) -> str:
    """Check `fn(p, share)`: the smallest set that is enough, in place, adding up to one."""
    for numbers, shares in BELIEFS:
        p = torch.tensor(numbers)
        for share in shares:
            kept = nucleus(p[None], share)[0]
            right = kept / kept.sum()
            mine = call_student(fn, p.clone(), share)
            mine = expect_tensor(mine, right, "The result").float()
            if not same_numbers(mine, right, atol=1e-5):
                where = f"For {numbers} and a share of {share:g}"
                expect(not mine.isnan().any(), f"{where} nothing is left; one token always stays.")
                expect_no_mistake(mine, _wrong_nuclei(p, share, kept), where, 1e-5)
                said = [round(x, 3) for x in mine.tolist()]
                wanted = [round(x, 3) for x in right.tolist()]
                expect(False, f"{where}: expected {wanted}, got {said}.")
    return "at least one token, none too many, and every probability in its old place."


def _wrong_nuclei(p: torch.Tensor, share: float, kept: torch.Tensor):
    """Yield what plausible mistakes make of it, with what to say."""
    ranked, order = p.sort(descending=True)
    total = ranked.cumsum(0)
    yield kept, "what is left has to add up to 1 again."
    sorted_ones = ranked * (total - ranked < share - 1e-6)
    yield (
        sorted_ones / sorted_ones.sum(),
        "the probabilities come back in sorted order; put each in the place of its token.",
    )
    for keep, said in (
        (total <= share + 1e-6, "the token that crosses the share belongs to the set."),
        (
            torch.cat([torch.ones(1).bool(), (total <= share + 1e-6)[:-1]]),
            "that is one token more than needed: the set reaches the share without it.",
        ),
        (ranked >= share, "the share is of all kept tokens together, not of each."),
    ):
        mask = torch.zeros_like(p).scatter(0, order, keep.float())
        some = p * mask
        if not torch.equal(mask.bool(), kept > 0):
            yield some / some.sum(), said
            yield some, said


class ScriptedSam(nn.Module):
    """Says what it is told to, and writes down in its state every token that it reads.

    The state is all that it has read, so a state that is lost, or text that is read twice, shows.
    """

    def __init__(self, vocab: int, replies: list[list[int]], sam: int):
        super().__init__()
        self.vocab, self.replies, self.sam = vocab, replies, sam
        self.body = nn.Parameter(torch.zeros(1))  # so that it has a device

    def zero_state(self, batch: int) -> tuple[torch.Tensor]:
        """Return the state that has read nothing."""
        return (torch.zeros(batch, 0, dtype=torch.long),)

    def step(self, token: torch.Tensor, state: tuple[torch.Tensor]):
        """Read one token (1,); favour the next one of the reply that is due."""
        read = torch.cat([state[0], token[None].long()], 1)  # (1, T)
        return nn.functional.one_hot(self._next(read[0]), self.vocab)[None].float(), (read,)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read tokens (1, T), one after the other."""
        state, scores = state or self.zero_state(1), []
        for token in tokens.unbind(1):
            logits, state = self.step(token, state)
            scores.append(logits)
        return Output(torch.stack(scores, 1), None, state, [])

    def _next(self, read: torch.Tensor) -> torch.Tensor:
        turns = (read == self.sam).sum().item()
        if not turns:
            return torch.tensor(0)
        reply = self.replies[min(turns, len(self.replies)) - 1]
        said = len(read) - 1 - (read == self.sam).nonzero()[-1].item()
        return torch.tensor(reply[min(said, len(reply) - 1)])


SAID = ("Hi, I am Mia.", "<|endoftext|><|sam|>", "And you?")


@feedback
def check_answer(fn) -> str:
    """Check `fn(model, tokenizer, state, text) -> (reply, state)`: one turn, nothing read twice."""
    words = BPETokenizer.train(["Hi, I am Mia. And you? Hello Mia! I am Sam. Yes."], 270)
    end, user, sam = words.END, words.USER, words.SAM
    answers = [words.encode(text).tolist() for text in ("Hello Mia!", "Yes.", "I am Sam.")]
    replies = [[*a, stop] for a, stop in zip(answers, (user, end, sam), strict=True)]
    model, state = ScriptedSam(words.vocab_size, replies, sam), None
    wanted = [end]
    for text, answer in zip(SAID, answers, strict=True):
        result = call_student(fn, model, words, state, text)
        expect(isinstance(result, tuple) and len(result) == 2, "Return `reply, state`.")
        reply, state = result
        expect(isinstance(state, tuple), "Give back the model's state as it is, a tuple.")
        given = words.encode(text).tolist()
        before, wanted = wanted, [*wanted, user, *given, sam, *answer]
        read = state[0][0].tolist()
        _expect_read(words, read, before, given, answer)
        expect(
            isinstance(reply, str) and reply == words.decode(answer),
            f"The reply is {reply!r}; Sam said {words.decode(answer)!r}. The mark that ends a "
            "turn is no part of it.",
        )
        expect(read == wanted, "Sam did not read the tokens of this turn, each once, in order.")
    return "three turns, every token read once, and what was typed stayed text."


def _expect_read(words, read: list[int], before: list[int], given: list[int], answer) -> None:
    """Name what is wrong with the tokens that were read up to the end of a turn."""
    end, user, sam = words.END, words.USER, words.SAM
    turn = [user, *given, sam]
    expect(
        read != [*before[1:], *turn, *answer], "A conversation begins with `<|endoftext|>`, once."
    )
    expect(
        read != [*before, *turn, *answer[:-1]],
        "The last token of the reply was shown but never read: Sam would not know that he said it.",
    )
    expect(
        not any(read == [*before, *turn, *answer, stop] for stop in (end, user, sam)),
        "The mark that ends the reply was read too; the next turn brings its own `<|user|>`.",
    )
    if before != [end]:
        _expect_same_past(words, read, before, [*turn, *answer])
    _expect_turn(words, read[len(before) :], given)


def _expect_same_past(words, read: list[int], before: list[int], now: list[int]) -> None:
    """Check that the turns before were read once, and are still known."""
    expect(
        read[: len(before)] == before,
        "The state of the turns before is gone: go on from the `state` that came in.",
    )
    expect(
        read != [*before, words.END, *now],
        "Only the first turn begins with `<|endoftext|>`; the state knows it already.",
    )
    expect(
        read.count(words.USER) <= before.count(words.USER) + 1,
        "Something was read a second time, or what was typed became special tokens.",
    )


def _expect_turn(words, read: list[int], given: list[int]) -> None:
    """Check the form of what was read in a turn."""
    expect(read[:1] == [words.USER], "A turn begins with the token `<|user|>`.")
    expect(
        read[1 : 1 + len(given)] == given,
        "What was typed did not arrive as plain text; `tokenizer.encode` makes no special tokens, "
        "`encode_document` does.",
    )
    expect(
        read[1 + len(given) :][:1] == [words.SAM],
        "After what was typed comes the token `<|sam|>`: it is his turn.",
    )


@feedback
def check_kept(fn) -> str:
    """Check `fn(depth, neurons, width) -> (sam, each, first)`: state, cache, and who is smaller."""
    for depth, neurons, width in ((6, 512, 256), (1, 10, 7), (3, 100, 300), (2, 9, 2)):
        said = call_student(fn, depth, neurons, width)
        expect(
            isinstance(said, tuple) and len(said) == 3, "Return three numbers: sam, each, first."
        )
        sam, each, first = said
        where = f"For {depth} layers, {neurons} neurons and width {width}"
        expect(sam != depth * neurons + 1, "Sam: a neuron keeps its membrane *and* its last spike.")
        expect(sam != 2 * depth * neurons, "Sam: the stress is part of the state too.")
        right = 2 * depth * neurons + 1
        expect(sam == right, f"{where} Sam keeps {right:,} numbers; got {sam}.")
        expect(each != depth * width, "The transformer keeps a key *and* a value.")
        expect(
            depth == 1 or each != 2 * width,
            "Each layer of the transformer has keys and values of its own.",
        )
        expect(
            each == 2 * depth * width, f"{where} a token adds {2 * depth * width:,}; got {each}."
        )
        number = right // each + 1
        expect(
            not (right % each == 0 and first == right // each),
            f"{where}: after {first} tokens both keep the same; asked is for *more*.",
        )
        expect(first == number, f"{where} the cache is larger from token {number} on; got {first}.")
    return "Sam's memory is a constant; the cache passes it within a few words."
