"""Checks of notebook 05: merges, the residual block, the tied readout, floors, the fair ruler."""

import math

import torch

from ..model.residual import TiedReadout
from ..model.v2 import ResidualBlock, V2Config
from ..neurons.lif import LIFState, zero_state
from ..runtime.settings import seed_all
from ..text.bpe_lesson import learn_merges, merge
from .feedback import (
    WrongAnswer,
    call_student,
    expect,
    expect_no_mistake,
    expect_tensor,
    feedback,
    same_numbers,
)

TEXT = "a low lake, a lower lane\nthe newest lake is the lowest lake of the lakes"
REPEATED = "is" + " the" * 3  # a word that comes again
WIDTH, EMBED, VOCAB = 12, 6, 9


@feedback
def check_learn_merges(fn) -> str:
    """Check `fn(text, n)` against `bpe_lesson.learn_merges`."""
    for text in (TEXT, REPEATED, "aaaa aaa"):
        mine, right = call_student(fn, text, 12), learn_merges(text, 12)
        expect(isinstance(mine, list), f"A list of pairs is expected, not a {type(mine).__name__}.")
        mine = [tuple(pair) for pair in mine]
        for at, (got, want) in enumerate(zip(mine, right, strict=False)):
            expect(got == want, f"Merge {at + 1} of {text!r} is {got}, expected {want}.")
        expect(len(mine) == len(right), f"{len(mine)} merges of {text!r}, expected {len(right)}.")
    return "the same merges on three texts."


def _stream() -> tuple[torch.Tensor, LIFState]:
    """A residual stream (T, B, N), and a state that has already fired."""
    rng = torch.Generator().manual_seed(2)
    mem = 2 * torch.randn(2, WIDTH, generator=rng)
    return torch.randn(10, 2, WIDTH, generator=rng), LIFState((mem > 1).float(), mem)


def _both(mine, theirs, *settings):
    """Build both classes with the same numbers at birth; compare the parameters."""
    models = []
    for cls, given in ((mine, settings), (theirs, settings)):
        seed_all(6)
        models.append(cls(*given))
    got, want = ({k: v.clone() for k, v in m.state_dict().items()} for m in models)
    shapes = [{k: tuple(v.shape) for k, v in found.items()} for found in (got, want)]
    expect(shapes[0] == shapes[1], f"The parameters are {shapes[0]}, expected {shapes[1]}.")
    for name in want:
        expect(torch.allclose(got[name], want[name]), f"{name} starts with other numbers.")
    return models


def _gradients(model, outputs, *leaves) -> list[torch.Tensor]:
    wanted = [*leaves, *model.parameters()]
    found = torch.autograd.grad(sum(o.square().sum() for o in outputs), wanted, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, wanted, strict=True)]


@feedback
def check_residual_block(cls) -> str:
    """Check a block class `(config)` against V2's."""
    mine, right = _both(cls, ResidualBlock, V2Config(hidden=WIDTH, dropout=0.3))
    for training in (False, True):
        x, state = _stream()
        for past in (zero_state(2, WIDTH, x), state):
            results = []
            for block in (mine.train(training), right.train(training)):
                seed_all(7)
                leaf = x.clone().requires_grad_()
                out, spk, after = block(leaf, past)
                grads = _gradients(block, (out,), leaf)
                results.append((out, spk, after.mem, grads))
            _explain_block(x, *results)
    return "the same stream, spikes, state and gradients."


def _explain_block(x, mine, right) -> None:
    (out, spk, mem, grads), (out_right, spk_right, mem_right, grads_right) = mine, right
    expect_tensor(out, out_right, "The stream")
    expect(same_numbers(spk, spk_right, 1e-5), "The spikes differ: the current is norm(x).")
    expect(
        not same_numbers(out, out_right - x, 1e-5), "The stream itself is missing: `x + fc_out(…)`."
    )
    expect(not same_numbers(out, x + spk_right, 1e-5), "The spikes go through `fc_out` first.")
    expect(
        same_numbers(out, out_right, 1e-5),
        "The stream differs: what `fc_out` hears is self.dropout(spk).",
    )
    expect(same_numbers(mem, mem_right, 1e-5), "The state is not that of the last step.")
    for got, want in zip(grads, grads_right, strict=True):
        expect(same_numbers(got, want, 1e-4), "Forward is right, but a gradient differs.")


@feedback
def check_tied_readout(cls) -> str:
    """Check a readout class `(neurons, embed, vocab)` against `residual.TiedReadout`."""
    mine, right = _both(cls, TiedReadout, WIDTH, EMBED, VOCAB)
    rng, results = torch.Generator().manual_seed(3), []
    x, table = torch.randn(4, 2, WIDTH, generator=rng), torch.randn(VOCAB, EMBED, generator=rng)
    bias = torch.randn(VOCAB, generator=rng)
    for model in (mine, right):
        model.load_state_dict(model.state_dict() | {"bias": bias})
        leaves = [x.clone().requires_grad_(), table.clone().requires_grad_()]
        out = call_student(model, *leaves)
        results.append((out, _gradients(model, (out,), *leaves)))
    (out, grads), (want, grads_right) = results
    expect_tensor(out, want, "The scores")
    factor = right.scale.item()
    mistakes = [
        ((want - bias) / factor + bias, "The learned scale is missing."),
        (want - bias, "The bias of each token is missing."),
    ]
    expect_no_mistake(out, mistakes, atol=1e-5)
    expect(same_numbers(out, want, 1e-5), "The scores differ: is the stream normalised first?")
    for got, there in zip(grads, grads_right, strict=True):
        expect(same_numbers(got, there, 1e-4), "Forward is right, but a gradient differs.")
    return "the same scores, and the same gradient of the table."


# ---------------------------------------------------------------- exercises


@feedback
def check_apply_merges(fn) -> str:
    """Check `fn(word, merges)`: the pieces of a word, merges applied in the order of learning."""
    merges = [("h", "e"), (" ", "t"), (" t", "he"), ("t", "h"), ("a", "a"), ("he", "n")]
    for word in (" then", "the", "aaaaa", "hehe", "", "x"):
        pieces = list(word)
        for pair in merges:
            pieces = merge(pieces, pair)
        mine = list(call_student(fn, word, list(merges)))
        expect("".join(mine) == word, f"The pieces {mine} of {word!r} do not make the word again.")
        if mine == pieces:
            continue
        sentence = f"{word!r} has the pieces {pieces}, got {mine}."
        if mine == _longest_first(word, merges):
            sentence += " Not the longest piece first, but the merges in the order of learning."
        elif mine == _once(word, merges):
            sentence += " A pair may occur several times in a word."
        elif mine == list(word):
            sentence += " No merge was applied."
        raise WrongAnswer(sentence)
    return "six words, piece by piece."


def _longest_first(word: str, merges) -> list[str]:
    known, pieces = {a + b for a, b in merges}, []
    while word:
        size = next(n for n in range(len(word), 0, -1) if n == 1 or word[:n] in known)
        pieces, word = [*pieces, word[:size]], word[size:]
    return pieces


def _once(word: str, merges) -> list[str]:
    pieces = list(word)
    for a, b in merges:
        for i in range(len(pieces) - 1):
            if (pieces[i], pieces[i + 1]) == (a, b):
                pieces[i : i + 2] = [a + b]
                break
    return pieces


@feedback
def check_floor(fn) -> str:
    """Check `fn(template, chances)`: nats per token of a one-sentence grammar, END included."""
    cases = [
        ("{who} saw {what} .", {"who": [0.5, 0.5], "what": [0.25] * 4}),
        ("{who} ran and {who} sang .", {"who": [0.7, 0.2, 0.1]}),
        ("the end", {}),
        ("{who} slept .", {"who": [0.5, 0.5], "what": [0.25] * 4}),
        ("{who} , {who} and {who} sang .", {"who": [0.6, 0.4]}),
    ]
    for template, chances in cases:
        slots = [word[1:-1] for word in template.split() if word.startswith("{")]
        entropy = {name: -sum(p * math.log(p) for p in ps) for name, ps in chances.items()}
        once, again = sum(map(entropy.get, set(slots))), sum(map(entropy.get, slots))
        listed, tokens = sum(entropy.values()), len(template.split()) + 1
        mine = float(call_student(fn, template, chances))
        if math.isclose(mine, once / tokens, rel_tol=1e-4, abs_tol=1e-6):
            continue
        sentence = f"For {template!r} got {mine:.4f}, expected {once / tokens:.4f}."
        if math.isclose(mine, again / tokens, rel_tol=1e-4):
            sentence += " A place that was filled before is no second choice: it costs nothing."
        elif math.isclose(mine, listed / tokens, rel_tol=1e-4):
            sentence += " A name that the template never uses is no choice."
        elif math.isclose(mine, once / (tokens - 1), rel_tol=1e-4):
            sentence += " The end of the text is a token too."
        elif math.isclose(mine, once, rel_tol=1e-4):
            sentence += " Divide by the number of tokens."
        elif math.isclose(mine, once / tokens / math.log(2), rel_tol=1e-4):
            sentence += " That is in bits; use the natural logarithm."
        raise WrongAnswer(sentence)
    return "five grammars, to four digits."
