"""The checks of notebook 08 accept the right answer and name the plausible wrong ones."""

import math
from statistics import NormalDist

import pytest
import torch
import torch.nn.functional as F

from realsam_edu.checks import nb08 as checks
from realsam_edu.checks.feedback import WrongAnswer
from realsam_edu.model.environment import Environment, draw_diversity, gain, update_stress
from realsam_edu.model.output import rate_penalty
from realsam_edu.neurons.lif import detach_state


def sigma_for(share, stress, factor, root=-1, centred=True):
    z, wanted = NormalDist().inv_cdf(1 - share), math.log((factor - 1) / stress)
    return z + root * math.sqrt(z * z - 2 * wanted) if centred else wanted / z


def read_window(model, inputs, targets, state):
    out = model(inputs, targets, state)
    state = update_stress(detach_state(out.state), out.loss, inputs.shape[1], model.config.vocab)
    return out.loss, state


def work(config, blocks=3, table=1, spared=0):
    v, e, n = config.vocab, config.embed, config.hidden
    weights = e * n + config.depth * blocks * n * n + n * e + table * v * e
    return weights, 2 * config.depth * n + 1 - spared


def test_right_answers_pass(capsys):
    assert checks.check_diversity(draw_diversity)
    assert checks.check_gain(gain)
    assert checks.check_update_stress(update_stress)
    assert checks.check_rate_penalty(rate_penalty)
    assert checks.check_sigma(sigma_for)
    assert checks.check_reading(read_window)
    assert checks.check_work(work)
    assert capsys.readouterr().out.count("✓") == 7


@pytest.mark.parametrize("name", ["gain", "rate_penalty", "sigma", "work"])
def test_a_stub_is_not_an_error(name, capsys):
    assert getattr(checks, f"check_{name}")(lambda *args: ...) is False
    assert checks.check_reading(lambda *args: (..., ...)) is False
    assert capsys.readouterr().out.count("not started") == 2


def not_centred(neurons, sigma):
    return torch.randn(neurons).mul(sigma).exp()


def mean_penalty(rates, target):
    return (torch.cat(rates).mean() / target - 1) ** 2


@pytest.mark.parametrize(
    ("name", "fn", "says"),
    [
        ("diversity", not_centred, "mean is not 1"),
        ("diversity", lambda n, sigma: 1 + sigma * torch.randn(n), "positive"),
        ("gain", lambda stress, diversity: stress[:, None] * diversity, "every gain is 1"),
        ("gain", lambda stress, diversity: 1 + stress[0] * diversity, "shape"),
        ("gain", lambda stress, diversity: (1 + stress)[:, None] + 0 * diversity, "Expected"),
        ("rate_penalty", mean_penalty, "mean rate"),
        ("rate_penalty", lambda r, t: ((torch.cat(r) - t) ** 2).mean(), "Expected"),
    ],
)
def test_wrong_mechanisms_are_named(name, fn, says):
    with pytest.raises(WrongAnswer, match=says):
        getattr(checks, f"check_{name}")(fn)


def with_gradient(state, surprise, tokens, vocab):
    level = (surprise / math.log(vocab)).clamp(0, 1)
    kept = math.exp(-tokens / checks.MEMORY)
    return (*state[:-1], Environment(kept * state[-1].stress + (1 - kept) * level))


def unbounded(state, surprise, tokens, vocab):
    level, kept = surprise.detach() / math.log(vocab), math.exp(-tokens / checks.MEMORY)
    return (*state[:-1], Environment(kept * state[-1].stress + (1 - kept) * level))


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (with_gradient, "gradient"),
        (unbounded, "clamp"),
        (
            lambda state, nats, tokens, vocab: update_stress(state, nats, 1, vocab),
            "After 64 tokens",
        ),
        (lambda state, nats, tokens, vocab: state[-1], "whole state"),
    ],
)
def test_wrong_feelings_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_update_stress(fn)


def test_a_spread_found_by_drawing_passes():
    assert checks.check_sigma(lambda *given: round(sigma_for(*given), 2))


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"centred": False}, "median 1"), ({"root": 1}, "larger root"), ({"root": -0.9}, "reaches")],
)
def test_wrong_spreads_are_named(changes, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_sigma(lambda *given: sigma_for(*given, **changes))


def test_a_surprise_for_each_text_passes():
    """The stress is one number per text, so each text may be told its own surprise."""

    def each(model, inputs, targets, state):
        out = model(inputs, targets, state)
        nats = F.cross_entropy(out.logits.transpose(1, 2), targets, reduction="none").mean(1)
        after = update_stress(detach_state(out.state), nats, inputs.shape[1], model.config.vocab)
        return out.loss, after

    assert checks.check_reading(each)


def leaking(model, inputs, targets, state):
    state = update_stress(
        state, model(inputs, targets, state).loss, inputs.shape[1], model.config.vocab
    )
    out = model(inputs, targets, state)
    return out.loss, detach_state(out.state)


def with_history(model, inputs, targets, state):
    out = model(inputs, targets, state)
    return out.loss, update_stress(out.state, out.loss, inputs.shape[1], model.config.vocab)


def calm(model, inputs, targets, state):
    out = model(inputs, targets, state)
    return out.loss, detach_state(out.state)


def one_token(model, inputs, targets, state):
    out = model(inputs, targets, state)
    return out.loss, update_stress(detach_state(out.state), out.loss, 1, model.config.vocab)


def forgetful(model, inputs, targets, state):
    loss = model(inputs, targets, state).loss
    return loss, update_stress(state, loss, inputs.shape[1], model.config.vocab)


@pytest.mark.parametrize(
    ("fn", "says"),
    [
        (leaking, "before it was read"),
        (with_history, "history"),
        (calm, "has not moved"),
        (one_token, "window of 30"),
        (forgetful, "carry `out.state`"),
        (lambda *given: (read_window(*given)[0].detach(), read_window(*given)[1]), "gradient"),
    ],
)
def test_wrong_readings_are_named(fn, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_reading(fn)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"blocks": 2}, "three matrices"),
        ({"table": 2}, "twice"),
        ({"table": 0}, "V·E"),
        ({"spared": 1}, "stress"),
    ],
)
def test_wrong_counts_are_named(changes, says):
    with pytest.raises(WrongAnswer, match=says):
        checks.check_work(lambda config: work(config, **changes))
