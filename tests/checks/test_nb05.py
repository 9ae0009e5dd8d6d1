"""The checks of notebook 05 accept the right answer and name the plausible wrong ones."""

from dataclasses import replace
from math import log

import pytest
from torch import nn

from realsam_edu.checks import nb05 as checks
from realsam_edu.checks.feedback import WrongAnswer
from realsam_edu.model.residual import TiedReadout
from realsam_edu.model.v2 import ResidualBlock
from realsam_edu.text import bpe_lesson


def apply_merges(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = bpe_lesson.merge(pieces, pair)
    return pieces


def all_listed(chances):
    return -sum(p * log(p) for ps in chances.values() for p in ps)


def floor(template, chances, seen_again=False, end=1):
    slots = [word[1:-1] for word in template.split() if word.startswith("{")]
    slots = slots if seen_again else set(slots)
    nats = -sum(p * log(p) for slot in slots for p in chances[slot])
    return nats / (len(template.split()) + end)


def test_right_answers_pass(capsys):
    assert checks.check_learn_merges(bpe_lesson.learn_merges)
    assert checks.check_residual_block(ResidualBlock)
    assert checks.check_tied_readout(TiedReadout)
    assert checks.check_apply_merges(apply_merges)
    assert checks.check_floor(floor)
    assert capsys.readouterr().out.count("✓") == 5


@pytest.mark.parametrize("name", ["learn_merges", "apply_merges", "floor"])
def test_a_stub_is_not_an_error(name, capsys):
    assert getattr(checks, f"check_{name}")(lambda *args: ...) is False
    assert "not started" in capsys.readouterr().out


def merges_across_words(text, n):
    return bpe_lesson.learn_merges(text.replace(" ", "_").replace("\n", "_"), n)


def test_other_merges_are_noticed():
    with pytest.raises(WrongAnswer, match="Merge"):
        checks.check_learn_merges(merges_across_words)
    with pytest.raises(WrongAnswer, match="merges of"):
        checks.check_learn_merges(lambda text, n: bpe_lesson.learn_merges(text, n)[:3])


class NoStream(ResidualBlock):
    def forward(self, x, past):
        out, spk, state = super().forward(x, past)
        return out - x, spk, state


class NoNorm(ResidualBlock):
    def forward(self, x, past):
        spk, _, state = self.lif(x, past)
        return x + self.fc_out(spk), spk, state


class AddsSpikes(ResidualBlock):
    def forward(self, x, past):
        _, spk, state = super().forward(x, past)
        return x + spk, spk, state


class NeverDrops(ResidualBlock):
    def forward(self, x, past):
        spk, _, state = self.lif(self.norm(x), past)
        return x + self.fc_out(spk), spk, state


class OldState(ResidualBlock):
    def forward(self, x, past):
        out, spk, _ = super().forward(x, past)
        return out, spk, past


class CutOff(ResidualBlock):
    def forward(self, x, past):
        out, spk, state = super().forward(x, past)
        return x + (out - x).detach(), spk, state


class LoudAtBirth(ResidualBlock):
    def __init__(self, config):
        super().__init__(replace(config, depth=1))


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (NoStream, "stream itself is missing"),
        (NoNorm, "norm"),
        (AddsSpikes, "fc_out"),
        (NeverDrops, "dropout"),
        (OldState, "last step"),
        (CutOff, "gradient"),
        (LoudAtBirth, "other numbers"),
    ],
)
def test_wrong_blocks_are_named(cls, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_residual_block(cls)


class NoScale(TiedReadout):
    def forward(self, x, table):
        return nn.functional.linear(self.head(self.norm(x)), table, self.bias)


class NoBias(TiedReadout):
    def forward(self, x, table):
        return super().forward(x, table) - self.bias


class ReadsRawStream(TiedReadout):
    def forward(self, x, table):
        return nn.functional.linear(self.head(x) * self.scale, table, self.bias)


class Untied(TiedReadout):
    def forward(self, x, table):
        return super().forward(x, table.detach() + 0 * table)


@pytest.mark.parametrize(
    ("cls", "says"),
    [(NoScale, "scale"), (NoBias, "bias"), (ReadsRawStream, "normalised"), (Untied, "gradient")],
)
def test_wrong_readouts_are_named(cls, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_tied_readout(cls)


def test_a_readout_without_parameters_of_its_own_is_noticed():
    class NoHead(nn.Module):
        def __init__(self, neurons, embed, vocab):
            super().__init__()

        def forward(self, x, table):
            return x[..., : table.shape[1]] @ table.T

    with pytest.raises(WrongAnswer, match="parameters"):
        checks.check_tied_readout(NoHead)


def longest_first(word, merges):
    known, pieces = {a + b for a, b in merges}, []
    while word:
        size = max(n for n in range(1, len(word) + 1) if n == 1 or word[:n] in known)
        pieces, word = [*pieces, word[:size]], word[size:]
    return pieces


def first_place_only(word, merges):
    pieces = list(word)
    for a, b in merges:
        at = next((i for i in range(len(pieces) - 1) if pieces[i : i + 2] == [a, b]), None)
        if at is not None:
            pieces[at : at + 2] = [a + b]
    return pieces


@pytest.mark.parametrize(
    ("name", "fn", "says"),
    [
        ("apply_merges", longest_first, "order of learning"),
        ("apply_merges", first_place_only, "several times"),
        ("apply_merges", lambda word, merges: list(word), "No merge"),
        ("apply_merges", lambda word, merges: [word.strip()], "make the word again"),
        ("floor", lambda t, c: floor(t, c, seen_again=True), "costs nothing"),
        ("floor", lambda t, c: floor(t, c, end=0), "end of the text"),
        ("floor", lambda t, c: all_listed(c) / (len(t.split()) + 1), "never uses"),
        ("floor", lambda t, c: floor(t, c) * (len(t.split()) + 1), "Divide"),
        ("floor", lambda t, c: floor(t, c) / log(2), "bits"),
    ],
)
def test_wrong_answers_are_named(name, fn, says):
    with pytest.raises(WrongAnswer, match=says):
        getattr(checks, f"check_{name}")(fn)
