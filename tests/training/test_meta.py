"""Every version on torch's `meta` device, whose tensors have no numbers.

A tensor left elsewhere raises there, and so does whatever makes the host wait for a number. What
passes here runs on a GPU without waiting.
"""

import pytest
import torch

from realsam_edu.generation.generate import DenseStep, read_prompt
from realsam_edu.model.versions import MODELS
from realsam_edu.runtime.settings import seed_all
from realsam_edu.training.config import TrainConfig
from realsam_edu.training.curriculum import Schedule
from realsam_edu.training.evaluate import read_through
from realsam_edu.training.loop import Run

SMALL = {"vocab": 17, "embed": 12, "hidden": 16}
META = torch.device("meta")
each_version = pytest.mark.parametrize("version", MODELS)


def nowhere(version: str):
    """A small model without numbers, with dropout in training."""
    cls, config = MODELS[version]
    seed_all(0)
    return cls(config(**SMALL, dropout=0.2)).to(META)


def everything_is_there(model, *values) -> bool:
    """Whether all parameters, buffers, gradients and `values` are on the device."""
    grads = [weight.grad for weight in model.parameters() if weight.grad is not None]
    return all(x.device == META for x in (*model.parameters(), *model.buffers(), *grads, *values))


@each_version
@pytest.mark.parametrize("grad_accum", [1, 2])
def test_a_training_step_leaves_nothing_behind_and_waits_for_nothing(version, grad_accum):
    tokens = torch.randint(17, (400,))
    plan = TrainConfig(3, batch_size=4, seq_len=8, grad_accum=grad_accum, warmup=1, rate_weight=0.1)
    model = nowhere(version).train()
    run = Run(model, Schedule.of_text(tokens, tokens[:100], plan), plan)
    run._advance()  # `advance` would fetch the numbers, which is where the host may wait
    assert run.step == 1
    state = [value for part in run.state for value in part]
    assert everything_is_there(model, *state, *run.pending[0].values())
    assert all(weight.grad is not None for weight in model.parameters())
    with pytest.raises((RuntimeError, NotImplementedError)):
        run._fetch()  # so the device is what it is taken for


@each_version
def test_evaluation_waits_only_at_its_end(version):
    model, tokens = nowhere(version), torch.randint(17, (200,))
    reading = read_through(model, tokens, streams=2, chunk=16)
    assert everything_is_there(model, reading.losses, reading.fired)


@each_version
def test_writing_waits_only_for_the_token_drawn(version):
    model, prompt = nowhere(version).eval(), torch.zeros(1, 9, dtype=torch.int64, device=META)
    logits, state = read_prompt(model, prompt)
    steps = DenseStep(model)
    steps.load(state)
    for token in (3, 1, 4):  # as drawn
        steps.update_stress(-logits[0].log_softmax(-1)[token])
        logits = steps.step(token)[None]
    assert everything_is_there(model, logits, *(v for part in steps.state for v in part))


def test_a_tensor_left_on_the_host_is_found():
    model = nowhere("v4").eval()
    model.diversity = torch.ones(6, 16)
    with pytest.raises((RuntimeError, NotImplementedError)):
        model(torch.zeros(1, 5, dtype=torch.int64, device=META))
