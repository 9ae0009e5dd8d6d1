"""The checks of notebook 00 accept the right answer and name the plausible wrong ones."""

import pytest
from checks.answers import fails, is_not_started, passes

from realsam_edu.checks import nb00 as checks


def test_right_answers_pass(capsys):
    passes(checks.check_spikes_per_step, lambda spk: spk.sum(2).mean(1), capsys)
    passes(checks.check_nats_per_character, lambda p: -p.log().mean(), capsys)


@pytest.mark.parametrize("check", [checks.check_spikes_per_step, checks.check_nats_per_character])
def test_a_stub_is_not_started(check, capsys):
    is_not_started(check, capsys)


@pytest.mark.parametrize(
    ("name", "fn", "says"),
    [
        ("spikes_per_step", lambda spk: spk.mean((1, 2)), "share"),
        ("spikes_per_step", lambda spk: spk.sum((1, 2)), "total"),
        ("spikes_per_step", lambda spk: spk.sum(2).mean(), "numbers"),
        ("nats_per_character", lambda p: p.log().mean(), "sign"),
        ("nats_per_character", lambda p: -p.log2().mean(), "bits"),
        ("nats_per_character", lambda p: -p.mean().log(), "each probability"),
        ("nats_per_character", lambda p: 2 * -p.log().mean(), "expected"),
    ],
)
def test_wrong_measures_are_named(name, fn, says):
    fails(getattr(checks, f"check_{name}"), fn, says)
