"""V4: its environment, and where the stress of a training comes from."""

import pytest
import torch

from realsam_edu.model.environment import Environment, set_stress, update_stress
from realsam_edu.model.homeostasis import regulate
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.neurons.scan import forced_scan
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.training.config import TrainConfig
from realsam_edu.training.curriculum import Schedule
from realsam_edu.training.loop import Run

PLAIN = {"vocab": 17, "embed": 12, "hidden": 20, "depth": 3}


def small(**changes) -> V4:
    seed_all(0)
    return V4(V4Config(**PLAIN | changes)).double().eval()


def some(*shape) -> torch.Tensor:
    return torch.randint(17, shape, generator=torch.Generator().manual_seed(2))


def test_the_environment_is_part_of_the_state():
    model = small()
    state = model(some(3, 7)).state
    assert len(state) == 4 and isinstance(state[-1], Environment)
    assert (model.zero_state(3)[-1].stress == 1).all()


def test_forward_leaves_the_stress_alone():
    model, tokens = small(), some(2, 8)
    state = set_stress(model.zero_state(2), 0.4)
    assert torch.equal(model(tokens, tokens, state).state[-1].stress, state[-1].stress)


def test_stress_changes_the_answer_and_each_text_has_its_own():
    model, tokens = small(), some(1, 12).repeat(2, 1)
    *populations, _ = model.zero_state(2)
    both = (*populations, Environment(torch.tensor([0.0, 0.9]).double()))
    mixed = model(tokens, state=both).logits
    assert not torch.equal(mixed[0], mixed[1])
    calm = model(tokens[:1], state=set_stress(model.zero_state(1), 0.0)).logits
    torch.testing.assert_close(mixed[:1], calm)


def test_no_stress_is_the_model_without_the_switch():
    model, tokens = small(), some(2, 12)
    off = small(stress=False)
    off.load_state_dict(model.state_dict())
    calm = model(tokens, state=set_stress(model.zero_state(2), 0.0))
    assert torch.equal(off(tokens).logits, calm.logits)  # whatever its stress may be


def test_a_fixed_gain_can_be_absorbed_by_the_norm():
    model, tokens, other = small(), some(2, 12), small()
    for block, diversity in zip(other.blocks, other.diversity, strict=True):
        fixed = 1 + 0.6 * diversity
        block.norm.weight.data *= fixed
        block.norm.bias.data *= fixed
    stressed = model(tokens, state=set_stress(model.zero_state(2), 0.6))
    absorbed = other(tokens, state=set_stress(other.zero_state(2), 0.0))
    torch.testing.assert_close(stressed.logits, absorbed.logits)


def test_diversity_is_for_life():
    model, tokens = small().float(), some(400)
    before = model.diversity.clone()
    settings = TrainConfig(5, batch_size=2, seq_len=8, eval_every=5, warmup=1)
    run = Run(model, Schedule.of_text(tokens, tokens[:40], settings), settings)
    run.run(progress=False)
    assert torch.equal(model.diversity, before)
    assert "diversity" in model.state_dict()
    assert "diversity" not in dict(model.named_parameters())


def both_paths(model, tokens):
    """Return logits and gradients of the reference loop and of the fused one."""
    results = []
    for path in ("reference", "fused"):
        with forced_scan(path):
            out = model(tokens, tokens, set_stress(model.zero_state(len(tokens)), 0.5))
        grads = torch.autograd.grad(out.loss, list(model.parameters()))
        results.append((out.logits, *grads))
    return results


def test_reference_and_fused_scan_agree():
    reference, fused = both_paths(small(), some(2, 16))
    for a, b in zip(reference, fused, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def run_with(targets_of_first_batch) -> tuple:
    """Train two steps, the first on other targets; return logits of both and the stresses."""
    model, tokens, seen = small().float().train(), some(400), []
    model.readout.bias.data[3] = 9.0  # it expects token 3
    settings = TrainConfig(2, batch_size=2, seq_len=8, warmup=1)
    schedule = Schedule.of_text(tokens, tokens[:40], settings)
    honest = schedule.batch

    def batch(number):
        inputs, targets = honest(number)
        return inputs, targets_of_first_batch(targets) if number == 0 else targets

    schedule.batch = batch
    run = Run(model, schedule, settings)
    model.register_forward_hook(lambda module, args, out: seen.append(out.logits.detach()))
    model.register_forward_pre_hook(lambda module, args: seen.append(args[2][-1].stress.clone()))
    run.advance()
    felt = run.state[-1].stress
    run.advance()
    return seen, felt


def test_stress_in_training_comes_from_the_step_before_only():
    """Other targets change nothing of this step's stress or logits, but the stress of the next."""
    (stress_a, logits_a, next_a, _), felt_a = run_with(lambda targets: targets)
    (stress_b, logits_b, next_b, _), felt_b = run_with(lambda targets: torch.full_like(targets, 3))
    assert torch.equal(stress_a, stress_b) and (stress_a == 1).all()
    assert torch.equal(logits_a, logits_b)
    assert not torch.equal(felt_a, felt_b)
    assert torch.equal(next_a, felt_a) and torch.equal(next_b, felt_b)
    assert not felt_a.requires_grad


def test_stress_falls_when_the_text_is_easy():
    model = small().float()
    tokens = torch.arange(17).repeat(40)
    settings = TrainConfig(150, batch_size=4, seq_len=8, warmup=5, eval_every=150)
    run = Run(model, Schedule.of_text(tokens, tokens[:60], settings), settings)
    run.run(progress=False)
    stress = run.state[-1].stress.mean().item()
    assert stress < 0.6
    assert run.history[-1]["stress"] == pytest.approx(stress)


def test_thresholds_move_only_if_asked():
    tokens = some(2, 12)
    for eta, moves in ((0.0, False), (0.5, True)):
        model = small(eta=eta).train()
        regulate(model, model(tokens).rates)
        assert any((block.lif.thr != 1).any() for block in model.blocks) == moves


def test_a_run_goes_on_with_its_stress(tmp_path):
    settings = TrainConfig(4, batch_size=2, seq_len=8, warmup=1, eval_every=2)
    tokens, runs = some(400), []
    for _ in range(2):
        model, file = small().float(), tmp_path / "v4.resume"
        runs.append(
            Run(model, Schedule.of_text(tokens, tokens[:40], settings), settings, resume_file=file)
        )
    runs[0].advance()
    runs[0].advance()
    runs[0].save()
    runs[1].restore()
    assert isinstance(runs[1].state[-1], Environment)
    assert runs[0].advance() == runs[1].advance()


def test_a_held_stress_out_of_range_is_refused():
    with pytest.raises(RealSamError, match="between 0 and 1"):
        set_stress(small().zero_state(1), 2.0)
    assert update_stress(small().zero_state(1), torch.tensor(1.0), 64, 17)[-1].stress.item() < 1
