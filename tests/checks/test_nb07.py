"""The checks of notebook 07 accept the right answer and name the plausible wrong ones."""

from dataclasses import replace

import pytest
import torch

from realsam_edu.checks import nb07 as checks
from realsam_edu.checks.feedback import WrongAnswer
from realsam_edu.model.homeostasis import homeostasis
from realsam_edu.model.output import rate_penalty


def largest_eta(thr, rate, target, factor=2.0):
    at = int((rate - target).abs().argmin())
    slope = (rate[at + 1] - rate[at - 1]) / (thr[at + 1] - thr[at - 1])
    return factor / abs(slope.item())


def by_interpolation(thr, rate, target):
    """Between the two points that the target lies between."""
    at = int((rate > target).sum()) - 1
    return 2 * ((thr[at + 1] - thr[at]) / (rate[at] - rate[at + 1])).item()


def freeze(model):
    model.config = replace(model.config, eta=0.0)
    return model


def test_right_answers_pass(capsys):
    assert checks.check_homeostasis(homeostasis)
    assert checks.check_largest_eta(largest_eta)
    assert checks.check_largest_eta(by_interpolation)
    assert checks.check_penalty(lambda rate, target: rate_penalty([rate], target))
    assert checks.check_penalty(lambda rate, target: ((rate / target - 1) ** 2).mean())
    assert checks.check_freeze(freeze)
    assert capsys.readouterr().out.count("✓") == 6


@pytest.mark.parametrize("name", ["homeostasis", "largest_eta", "penalty", "freeze"])
def test_a_stub_is_not_an_error(name, capsys):
    assert getattr(checks, f"check_{name}")(lambda *args: ...) is False
    assert "not started" in capsys.readouterr().out


def in_place(thr, rate, eta, target):
    with torch.no_grad():
        return thr.add_(eta * (rate - target))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (lambda t, r, e, g: (t - e * (r - g)).detach(), "sign"),
        (lambda t, r, e, g: (t + e * (r.mean() - g)).detach(), "its own rate"),
        (lambda t, r, e, g: (t + r - g).detach(), "`eta` is ignored"),
        (lambda t, r, e, g: (t + e * r).detach(), "target rate"),
        (lambda t, r, e, g: t + e * (r - g), "gradient"),
        (in_place, "in place"),
        (lambda t, r, e, g: (2 * t).detach(), "Expected"),
    ],
)
def test_wrong_steps_are_named(step, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_homeostasis(step)


def steepest(thr, rate, target):
    return 2 / torch.gradient(rate, spacing=(thr,))[0].abs().max().item()


def as_if_even(thr, rate, target, of):
    at, gap = int((rate - target).abs().argmin()), thr[of].diff().mean()
    return 4 * gap.item() / abs((rate[at + 1] - rate[at - 1]).item())


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (lambda *given: largest_eta(*given, factor=1.0), "twice as much"),
        (lambda *given: largest_eta(*given, factor=-2.0), "negative"),
        (lambda *given: 1 / largest_eta(*given), "other way up"),
        (steepest, "not the steepest"),
        (lambda *given: as_if_even(*given, of=slice(0, 2)), "not evenly spaced"),
        (lambda *given: as_if_even(*given, of=slice(None)), "not evenly spaced"),
        (lambda *given: 1000.0, "expected about"),
    ],
)
def test_wrong_limits_are_named(limit, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_largest_eta(limit)


@pytest.mark.parametrize(
    ("penalty", "says"),
    [
        (lambda r, t: (r.mean() / t - 1) ** 2, "MEAN"),
        (lambda r, t: ((r / t - 1) ** 2).sum(), "[Aa]verage"),
        (lambda r, t: (r / t - 1).clamp(min=0).square().mean(), "one-sided"),
        (lambda r, t: (r / t - 1).abs().mean(), "[Ss]quare"),
        (lambda r, t: ((r - t) ** 2).mean(), "[Dd]ivide"),
        (lambda r, t: (r / t - 1) ** 2, "one number"),
        (lambda r, t: (r / t).mean(), "Expected"),
    ],
)
def test_wrong_penalties_are_named(penalty, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_penalty(penalty)


def to_one(model):
    for block in model.blocks:
        block.lif.thr = torch.ones_like(block.lif.thr)
    return freeze(model)


def stop_weights(model):
    return freeze(model).requires_grad_(False)


def stop_some(model):
    model.projection.requires_grad_(False)
    return freeze(model)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (lambda model: model.eval(), "training mode"),
        (lambda model: model, "still moves"),
        (to_one, "not those that were reached"),
        (stop_some, "stopped learning"),
        (lambda model: model.config, "Return the model"),
    ],
)
def test_wrong_freezes_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_freeze(fn)
