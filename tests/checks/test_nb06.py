"""The checks of notebook 06 accept the right answer and name the plausible wrong ones."""

import pytest

from realsam_edu.checks import nb06 as checks
from realsam_edu.checks.feedback import WrongAnswer
from realsam_edu.training.curriculum import PHASES, WITHOUT, Phase, converged

MIXED = PHASES[-1]


def halving(new, seen, share):
    whole = 2 ** len(seen) - 1
    old = {name: share * 2**i / whole for i, name in enumerate(seen)}
    return {new: 1 - sum(old.values())} | old


def my_phases():
    stories = Phase("stories", 32, 0.6, {"stories": 0.8, "words": 0.2})
    return (Phase("words", 8, 0.05, {"words": 1}), stories, MIXED)


def test_right_answers_pass(capsys):
    assert checks.check_converged(converged)
    assert checks.check_epochs(lambda steps, b, t, share, n: steps * b * t * share / n)
    assert checks.check_replay_mix(halving)
    assert checks.check_phases(my_phases)
    assert checks.check_phases(lambda: PHASES) and checks.check_phases(lambda: list(WITHOUT))
    assert capsys.readouterr().out.count("✓") == 6


@pytest.mark.parametrize("name", ["converged", "epochs", "replay_mix", "phases"])
def test_a_stub_is_not_an_error(name, capsys):
    assert getattr(checks, f"check_{name}")(lambda *args: ...) is False
    assert "not started" in capsys.readouterr().out


def only_the_one_before(vals, patience=2, progress=0.005):
    recent = list(zip(vals[-patience - 1 :], vals[-patience:], strict=False))
    return len(vals) > patience and all(b > (1 - progress) * a for a, b in recent)


def too_early(vals, patience=2, progress=0.005):
    return bool(vals) and min(vals[-patience:]) > (1 - progress) * min(vals[:-patience] or vals[:1])


def impatient(vals, patience=2, progress=0.005):
    return len(vals) > 1 and vals[-1] > (1 - progress) * min(vals[:-1])


def any_progress(vals, patience=2, progress=0.005):
    return len(vals) > patience and min(vals[-patience:]) >= min(vals[:-patience])


def other_defaults(vals, patience=3, progress=0.005):
    return converged(vals, patience, progress)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (only_the_one_before, "got"),
        (too_early, "nothing yet to compare"),
        (impatient, "nothing yet|is enough to go on"),
        (any_progress, "got False, not True"),
        (lambda vals, patience=2, progress=0.005: not converged(vals, patience, progress), "got"),
        (other_defaults, "defaults"),
        (lambda vals, patience=2, progress=0.005: None, "return"),
    ],
)
def test_wrong_convergence_is_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_converged(fn)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda steps, b, t, share, n: steps * b * t / n, "replay"),
        (lambda steps, b, t, share, n: steps * b * share / n, "not one"),
        (lambda steps, b, t, share, n: steps * b * t * share, "divide"),
        (lambda steps, b, t, share, n: n / (steps * b * t * share), "upside down"),
        (lambda steps, b, t, share, n: steps / n, "expected"),
    ],
)
def test_wrong_epochs_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_epochs(fn)


def equal_parts(new, seen, share):
    mine = {name: share / len(seen) for name in seen}
    return {new: 1 - sum(mine.values())} | mine


def backwards(new, seen, share):
    return halving(new, seen[::-1], share)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (equal_parts, "shared out"),
        (backwards, "other way round"),
        (lambda new, seen, share: {new: 1 - share}, "nothing to replay"),
        (lambda new, seen, share: {new: 1.0}, "should name"),
        (lambda new, seen, share: halving(new, seen, share) | {new: 1.0}, "add up"),
        (lambda new, seen, share: halving(new, seen, share / 2), "gets"),
        (lambda new, seen, share: 0.5, "dictionary"),
    ],
)
def test_wrong_mixes_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_replay_mix(fn)


WORDS = Phase("words", 8, 0.1, {"words": 1.0})
STORIES = Phase("stories", 64, 0.1, {"stories": 1.0})


@pytest.mark.parametrize(
    ("phases", "says"),
    [
        ((), "tuple of"),
        (("words", "stories"), "tuple of"),
        ((Phase("novels", 64, 1.0, {"stories": 1.0}),), "no phase 'novels'"),
        ((WORDS, WORDS), "twice"),
        ((Phase("words", 10, 1.0, {"words": 1.0}),), "do not go into"),
        ((Phase("phrases", 16, 0.1, {"phrases": 1.0}), WORDS), "shrink"),
        ((Phase("words", 8, 1.0, {"words": 1.0}), MIXED), "nothing is left"),
        ((Phase("words", 8, 0.0, {"words": 1.0}), MIXED), "above 0"),
        ((WORDS, Phase("stories", 64, 1.0, {"stories": 1.0})), "replays nothing of words"),
        ((WORDS, Phase("stories", 64, 1.0, {"stories": 0.9999, "words": 1e-4})), "forgets"),
        ((WORDS, Phase("stories", 64, 1.0, {"stories": 0.4, "words": 0.2})), "add up to 0.6"),
        ((STORIES, Phase("words", 64, 1.0, {"words": 0.5, "stories": 0.5})), "not growing up"),
        ((WORDS, Phase("stories", 64, 1.0, {"words": 1.0})), "Nobody"),
        ((WORDS, Phase("mixed", 64, 1.0, {"mixed": 1.0})), "no such text"),
        ((WORDS, Phase("mixed", 64, 1.0, {"words": 1.0})), "not mixed"),
        ((Phase("words", 8, 1.0, {"words": 1.0, "stories": 0.0}),), "leave it out"),
    ],
)
def test_wrong_phases_are_named(phases, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_phases(lambda: phases)
