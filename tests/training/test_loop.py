"""Training: data order, learning rate, penalty, interruption and resumption to the same numbers."""

import json
import math
import os
import signal

import pytest
import torch

from realsam_edu.model.output import rate_penalty
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.runtime.tensor_file import pack
from realsam_edu.training.config import TrainConfig, train_config
from realsam_edu.training.evaluate import evaluate
from realsam_edu.training.loop import train
from realsam_edu.training.optimizer import learning_rate
from realsam_edu.training.streams import windows

TEXT = torch.tensor([i * i % 7 for i in range(600)])  # a little pattern to learn
CONFIG = TrainConfig(steps=12, batch_size=4, seq_len=16, eval_every=5, warmup=4, seed=3)


def model() -> V1:
    seed_all(3)
    return V1(V1Config(vocab=7, embed=8, hidden=16))


def test_windows_continue_and_wrap():
    tokens, config = torch.arange(100), TrainConfig(steps=1, batch_size=4, seq_len=10)
    x, y = windows(tokens, 0, config)
    assert x[:, 0].tolist() == [0, 25, 50, 75]
    assert torch.equal(y[:, :-1], x[:, 1:])
    following, _ = windows(tokens, 1, config)
    assert torch.equal(following[:, 0], y[:, -1])  # no token is skipped
    last, _ = windows(tokens, 2, config)
    assert last[3].tolist() == [95, 96, 97, 98, 99, 0, 1, 2, 3, 4]


def test_learning_rate_rises_then_falls_to_zero():
    config = TrainConfig(steps=100, warmup=10, lr=1.0)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_rate_penalty_is_two_sided_and_per_neuron():
    everyone = [torch.full((10,), 0.1)]
    few_always_on = [torch.tensor([1.0] + [0.0] * 9)]
    assert rate_penalty(everyone, 0.1) == pytest.approx(0.0, abs=1e-10)
    assert rate_penalty([torch.zeros(10)], 0.1) == pytest.approx(1.0)
    assert rate_penalty(few_always_on, 0.1) > 1.0


def test_loss_falls():
    trained = model()
    before = evaluate(trained, TEXT)["nats_per_token"]
    config = TrainConfig(steps=150, batch_size=8, seq_len=16, eval_every=75, warmup=10)
    result = train(trained, TEXT, TEXT, config, progress=False)
    assert result.done
    assert result.history[-1]["val"] < 0.5 * before


def losses(**settings):
    seen, trained = [], model()
    stop = settings.pop("stop", None)

    def on_step(step, record):
        seen.append(record["loss"])
        if step == stop:
            os.kill(os.getpid(), signal.SIGINT)

    result = train(trained, TEXT, TEXT, CONFIG, on_step=on_step, progress=False, **settings)
    return seen, result, trained


def test_interrupted_run_resumes_bit_for_bit(tmp_path):
    file, log = tmp_path / "v1.resume", tmp_path / "v1.jsonl"
    whole, result, trained = losses()
    first, interrupted, _ = losses(stop=7, resume_file=file, log=log)
    assert not interrupted.done
    assert file.exists()
    second, resumed, trained_2 = losses(resume=True, resume_file=file, log=log)
    assert whole == first + second
    assert [h["val"] for h in result.history] == [h["val"] for h in resumed.history]
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == [5, 10, 12]
    for a, b in zip(trained.parameters(), trained_2.parameters(), strict=True):
        assert torch.equal(a, b)
    again, finished, _ = losses(resume=True, resume_file=file, log=log)
    assert finished.done and not again  # a finished run has nothing left to do


def spoil_loss(step, trained):
    """After step 6: the next loss is no number."""
    if step == 6:
        trained.readout.bias.data[0] = math.nan


def spoil_gradient(step, trained):
    """From step 7 on a gradient is infinite, and nothing else is."""
    if step == 6:
        trained.readout.bias.register_hook(lambda grad: grad + math.inf)


def spoil_weights(step, trained):
    """When step 10 is about to be measured, a weight is infinite."""
    if step == 10:
        trained.readout.bias.data[0] = math.inf


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_loss, "at step 7 the loss is nan"),
        (spoil_gradient, "at step 7 the norm of the gradient is (inf|nan)"),
        (spoil_weights, "at step 10 the sum of the weights is inf"),
    ],
)
def test_a_run_that_diverges_keeps_its_last_good_state(spoil, says, tmp_path):
    file, log, trained = tmp_path / "v1.resume", tmp_path / "v1.jsonl", model()
    right_losses, _, right = losses()
    with pytest.raises(RealSamError, match=rf"{says}\. .*\(lr is .*step 5 is in .*v1\.resume"):
        train(
            trained, TEXT, TEXT, CONFIG, resume_file=file, log=log, progress=False,
            on_step=lambda step, record: spoil(step, trained),
        )  # fmt: skip
    assert len(log.read_text().splitlines()) == 1 and "NaN" not in log.read_text()
    rest, resumed, again = losses(resume=True, resume_file=file, log=log)
    assert resumed.done and rest == right_losses[5:]
    for a, b in zip(right.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"lr": math.nan}, "lr is nan; it has to be a number up to"),
        ({"lr": -1e-3}, "at least 0"),
        ({"lr": math.inf}, "up to"),
        ({"lr": "1e-3"}, "it has to be a number"),
        ({"rate_weight": math.nan}, "rate_weight is nan"),
        ({"batch_size": 10**9}, "up to 65536"),
        ({"batch_size": 2.5}, "whole number"),
        ({"seed": -1}, "seed is -1; it has to be at least 0"),
        ({"seed": 2**32}, "up to"),
        ({"average": 1.5}, "average is 1.5"),
        ({"target_rate": 0.0}, "target_rate is 0.0"),
        ({"clip": 0.0}, "clip is 0.0"),
        ({"warmup": -1}, "warmup is -1"),
    ],
)
def test_settings_out_of_their_range_are_refused(setting, says):
    with pytest.raises(RealSamError, match=says):
        TrainConfig(steps=1, **setting)


@pytest.mark.parametrize("epochs", [math.nan, math.inf, -math.inf])
def test_passes_have_to_be_finite(epochs):
    with pytest.raises(RealSamError, match="finite number"):
        train_config("v1", 1000, epochs)


def test_resume_refuses_another_run(tmp_path):
    file = tmp_path / "v1.resume"
    losses(stop=2, resume_file=file)
    other = TrainConfig(**(vars(CONFIG) | {"lr": 1e-4}))
    with pytest.raises(RealSamError, match=r"lr 0\.006 \(now 0\.0001\)"):
        train(model(), TEXT, TEXT, other, resume_file=file, resume=True, progress=False)
    same_length = TEXT.flip(0)
    with pytest.raises(RealSamError, match=r"belongs to a run with text \w+ \(now \w+\)"):
        train(model(), same_length, TEXT, CONFIG, resume_file=file, resume=True, progress=False)
    with pytest.raises(RealSamError, match="nothing to resume"):
        train(model(), TEXT, TEXT, CONFIG, resume_file=tmp_path / "none", resume=True)


def test_what_is_no_resume_file_is_refused(tmp_path):
    file = tmp_path / "v1.resume"
    pack(file, {"x": torch.ones(1)}, {"config": {"hidden": 16}})
    with pytest.raises(RealSamError, match=r"is no resume file.*begin anew with --overwrite"):
        train(model(), TEXT, TEXT, CONFIG, resume_file=file, resume=True, progress=False)


def test_text_too_short():
    with pytest.raises(RealSamError, match="longer text"):
        train(model(), TEXT[:10], TEXT, CONFIG)
    with pytest.raises(RealSamError, match="too short"):
        evaluate(model(), TEXT[:1])


def test_evaluate_carries_state_whatever_the_chunk():
    untrained = model().double()
    whole = evaluate(untrained, TEXT, chunk=599)
    parts = evaluate(untrained, TEXT, chunk=50)
    assert whole["nats_per_token"] == pytest.approx(parts["nats_per_token"], rel=1e-12)
    assert whole["tokens"] == 599
    assert whole["bpc"] == pytest.approx(whole["nats_per_token"] / math.log(2))
    logits = untrained.eval()(TEXT[None, :-1]).logits[0].log_softmax(-1)
    by_hand = -logits.gather(-1, TEXT[1:, None]).mean().item()
    assert whole["nats_per_token"] == pytest.approx(by_hand, rel=1e-12)
