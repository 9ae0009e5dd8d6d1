"""The checks of notebook 09 accept right answers in any style and name the plausible wrong ones."""

import pytest
import torch
from checks.answers import fails, is_not_started, passes

from realsam_edu.checks import nb09 as checks
from realsam_edu.generation.generate import read_prompt
from realsam_edu.generation.sampling import penalised

# ---------------------------------------------------------------- penalty


def by_mask(scores, recent, penalty):
    heard = torch.zeros(scores.shape[-1]).bool()
    heard[list(recent)] = True
    hushed = torch.where(scores > 0, scores / penalty, scores * penalty)
    return torch.where(heard, hushed, scores)


def in_place(scores, recent, penalty):
    scores[:, list(recent)] *= 2
    return scores


def every_time(scores, recent, penalty):
    for token in recent:
        scores = penalised(scores, [token], penalty)
    return scores


def only_divides(scores, recent, penalty):
    scores = scores.clone()
    scores[:, sorted(set(recent))] /= penalty
    return scores


def subtracts(scores, recent, penalty):
    scores = scores.clone()
    scores[:, sorted(set(recent))] -= penalty
    return scores


@pytest.mark.parametrize("fn", [penalised, by_mask])
def test_right_penalties(fn, capsys):
    passes(checks.check_penalised, fn, capsys)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (in_place, "copy them first"),
        (every_time, "counts once"),
        (only_divides, "likelier"),
        (subtracts, "subtracts"),
        (lambda scores, recent, penalty: scores.clone(), "Nothing was penalised"),
        (lambda scores, recent, penalty: scores[0], "shape"),
        (lambda scores, recent, penalty: scores / penalty, "differ"),
    ],
)
def test_wrong_penalties(fn, says):
    fails(checks.check_penalised, fn, says)


# ---------------------------------------------------------------- top-p


def with_sort(p, share):
    ranked, order = p.sort(descending=True)
    kept = ranked * (ranked.cumsum(0) - ranked < share)
    return torch.zeros_like(p).scatter(0, order, kept / kept.sum())


def with_a_loop(p, share):
    kept, total = torch.zeros_like(p), 0.0
    for token in sorted(range(len(p)), key=lambda i: -p[i]):
        kept[token] = p[token]
        total += float(p[token])
        if total >= share - 1e-7:
            break
    return kept / total


def cut(p, keep, order=None, scale=True):
    kept = p * keep if order is None else torch.zeros_like(p).scatter(0, order, p[order] * keep)
    return kept / kept.sum() if scale else kept


def unscaled(p, share):
    whole = with_sort(p, share)
    return torch.where(whole > 0, p, 0.0)


def without_the_last(p, share, scale=True):
    ranked, order = p.sort(descending=True)
    return cut(p, ranked.cumsum(0) <= share, order, scale)


def one_more(p, share):
    ranked, order = p.sort(descending=True)
    keep = torch.cat([torch.ones(1).bool(), (ranked.cumsum(0) <= share + 1e-6)[:-1]])
    return cut(p, keep, order)


def still_sorted(p, share):
    ranked = p.sort(descending=True).values
    return cut(ranked, ranked.cumsum(0) - ranked < share - 1e-6)


@pytest.mark.parametrize("fn", [with_sort, with_a_loop])
def test_right_nuclei(fn, capsys):
    passes(checks.check_top_p, fn, capsys)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (unscaled, "add up to 1"),
        (without_the_last, "crosses the share"),
        (lambda p, share: without_the_last(p, share, scale=False), "crosses the share"),
        (one_more, "one token more"),
        (still_sorted, "sorted order"),
        (lambda p, share: cut(p, p >= share), "nothing is left"),
        (lambda p, share: cut(p, p > 0.2), "one token more"),
        (lambda p, share: cut(p, p >= min(share, p.max())), "together|crosses the share"),
        (lambda p, share: p[p > share], "shape"),
        (lambda p, share: p.tolist(), "not a tensor"),
    ],
)
def test_wrong_nuclei(fn, says):
    fails(checks.check_top_p, fn, says)


# ---------------------------------------------------------------- a turn


def turn(tokenizer, state, text):
    begin = [tokenizer.END] if state is None else []
    return [*begin, tokenizer.USER, *tokenizer.encode(text).tolist(), tokenizer.SAM]


def step_by_step(model, tokenizer, state, text):
    tokens, said = turn(tokenizer, state, text), []
    state = model.zero_state(1) if state is None else state
    for token in tokens:
        logits, state = model.step(torch.tensor([token]), state)
    while (token := int(logits.argmax())) > 2:
        said.append(token)
        logits, state = model.step(torch.tensor([token]), state)
    return tokenizer.decode(said), state


def in_a_window(model, tokenizer, state, text):
    logits, state = read_prompt(model, torch.tensor([turn(tokenizer, state, text)]), state)
    reply = ""
    for _ in range(50):
        token = logits.argmax(-1)
        if token.item() in (tokenizer.END, tokenizer.USER, tokenizer.SAM):
            break
        reply += tokenizer.decode(token)
        out = model(token[None], state=state)
        logits, state = out.logits[:, -1], out.state
    return reply, state


class Rereading:
    """Reads the whole conversation again at every turn, as a model without a state has to."""

    def __init__(self):
        self.tokens = []

    def __call__(self, model, tokenizer, state, text):
        self.tokens += turn(tokenizer, state, text)
        logits, state = read_prompt(model, torch.tensor([self.tokens]), state)
        said = []
        while (token := int(logits.argmax())) > 2 and len(said) < 50:
            said.append(token)
            logits, state = model.step(torch.tensor([token]), state)
        self.tokens += said
        return tokenizer.decode(said), state


def varied(
    begin=True, last=True, stop=False, fresh=False, always=False, document=False, plain=False
):
    """A loop with one thing done differently."""

    def fn(model, tokenizer, state, text):
        tokens = turn(tokenizer, None if always else state, text)
        tokens = tokens if begin else [t for t in tokens if t != tokenizer.END]
        if document:
            whole = tokenizer.encode_document(f"<|user|>{text}<|sam|>").tolist()[:-1]
            tokens = whole if state is not None else [tokenizer.END, *whole]
        if plain:
            tokens = tokenizer.encode(text).tolist()
        state = before = model.zero_state(1) if state is None or fresh else state
        said = []
        for token in tokens:
            logits, state = model.step(torch.tensor([token]), state)
        while True:
            token = int(logits.argmax())
            if token < 3:
                if stop:
                    _, state = model.step(torch.tensor([token]), state)
                return tokenizer.decode(said), before if said and not last else state
            said.append(token)
            before = state
            logits, state = model.step(torch.tensor([token]), state)

    return fn


@pytest.mark.parametrize("fn", [step_by_step, in_a_window])
def test_right_turns(fn, capsys):
    passes(checks.check_answer, fn, capsys)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (varied(begin=False), "begins with `<.endoftext.>`"),
        (varied(last=False), "never read"),
        (varied(stop=True), "next turn brings its own"),
        (varied(fresh=True), "turns before is gone"),
        (varied(always=True), "Only the first turn"),
        (varied(document=True), "plain text|special tokens"),
        (varied(plain=True), "begins with the token"),
        (Rereading(), "second time"),
        (lambda *given: step_by_step(*given)[0], "reply, state"),
        (lambda *given: (step_by_step(*given)[0] + "<|user|>", step_by_step(*given)[1]), "no part"),
        (lambda *given: (step_by_step(*given)[0], step_by_step(*given)[1][0]), "a tuple"),
    ],
)
def test_wrong_turns(fn, says):
    fails(checks.check_answer, fn, says)


# ---------------------------------------------------------------- what is kept


def kept(depth, neurons, width, spikes=2, stress=1, keys=2, first=lambda s, e: s // e + 1):
    sam, each = spikes * depth * neurons + stress, keys * depth * width
    return sam, each, first(sam, each)


def counting(depth, neurons, width):
    sam, each = 2 * depth * neurons + 1, 2 * depth * width
    n = 0
    while n * each <= sam:
        n += 1
    return sam, each, n


@pytest.mark.parametrize("fn", [kept, counting])
def test_right_counts(fn, capsys):
    passes(checks.check_kept, fn, capsys)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda d, n, w: kept(d, n, w, spikes=1), "last spike"),
        (lambda d, n, w: kept(d, n, w, stress=0), "stress"),
        (lambda d, n, w: kept(d, n, w, keys=1), "and. a value|key"),
        (lambda d, n, w: (kept(d, n, w)[0], 2 * w, 3), "Each layer"),
        (lambda d, n, w: kept(d, n, w, first=lambda s, e: s // e), "is larger from"),
        (lambda d, n, w: kept(d, n, w, first=lambda s, e: s / e), "is larger from"),
        (lambda d, n, w: kept(d, n, w)[:2], "three numbers"),
    ],
)
def test_wrong_counts(fn, says):
    fails(checks.check_kept, fn, says)


def test_stubs_are_not_started(capsys):
    for check in (checks.check_penalised, checks.check_top_p):
        is_not_started(check, capsys)
    assert checks.check_answer(lambda *given: (..., ...)) is False
    assert checks.check_kept(lambda *given: (..., ..., ...)) is False
