"""V3: thresholds that move in training only, towards the target rate."""

import pytest
import torch

from realsam_edu.model.homeostasis import homeostasis, regulate
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v3 import V3, V3Config
from realsam_edu.neurons.scan import forced_scan
from realsam_edu.runtime.settings import seed_all
from realsam_edu.training.config import VERSION_DEFAULTS, TrainConfig
from realsam_edu.training.curriculum import Schedule
from realsam_edu.training.loop import Run, train

SMALL = {"vocab": 13, "embed": 16, "hidden": 24, "depth": 3}


def small(dtype=torch.float32, moved=True, **changes) -> V3:
    """A small V3; `moved` gives every neuron another threshold, as after a training."""
    seed_all(0)
    model = V3(V3Config(**(SMALL | changes))).to(dtype)
    if moved:
        for block in model.blocks:
            block.lif.thr = 0.5 + torch.rand(SMALL["hidden"], dtype=dtype)
    return model.eval()


def thresholds(model) -> torch.Tensor:
    return torch.stack([block.lif.thr for block in model.blocks]).clone()  # (L, N)


def test_one_step_of_the_rule():
    thr, rate = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([0.0, 0.1, 0.6])
    new = homeostasis(thr, rate.requires_grad_(), 0.2, 0.1)
    torch.testing.assert_close(new, torch.tensor([0.98, 1.0, 1.1]))
    assert not new.requires_grad and new is not thr


def test_thresholds_move_by_eq_5():
    model, tokens = small().train(), torch.randint(13, (4, 30))
    before = thresholds(model)
    out = model(tokens)
    assert torch.equal(thresholds(model), before)  # reading moves nothing
    regulate(model, out.rates)
    rates = torch.stack(out.rates)  # (L, N)
    torch.testing.assert_close(thresholds(model), before + 0.02 * (rates - 0.10))
    assert ((thresholds(model) > before) == (rates > 0.10)).all()


def test_thresholds_stand_still_outside_training():
    model, tokens = small(), torch.randint(13, (4, 30))
    before = thresholds(model)
    model(tokens, targets=tokens).loss.backward()
    model.step(tokens[:, 0], model.zero_state(4))
    assert torch.equal(thresholds(model), before)
    frozen = small(eta=0.0).train()
    before = thresholds(frozen)
    regulate(frozen, frozen(tokens).rates)
    assert torch.equal(thresholds(frozen), before)


def test_models_without_the_rule_are_left_alone():
    seed_all(0)
    model = V1(V1Config(vocab=13, embed=16, hidden=24))
    regulate(model, model(torch.randint(13, (4, 30))).rates)
    assert all(torch.equal(layer.lif.thr, torch.ones(24)) for layer in model.layers)


def test_rates_approach_the_target_in_a_small_training():
    def far(model, tokens):
        with torch.no_grad():
            return (torch.cat(model.eval()(tokens).rates) - 0.10).abs().mean()

    torch.manual_seed(1)
    tokens = torch.randint(13, (6000,))
    seen, plan = tokens[None, :2000], TrainConfig(60, 8, 32, lr=1e-3, warmup=5, rate_weight=0.0)
    ends = {}
    for eta in (0.0, 0.3):
        model = small(moved=False, eta=eta)
        start = far(model, seen)
        train(model, tokens, tokens[:500], plan, progress=False)
        ends[eta] = far(model, seen)
    assert ends[0.3] < 0.6 * start
    assert ends[0.3] < 0.6 * ends[0.0]


def test_the_mean_of_the_weights_keeps_the_thresholds_in_use():
    tokens = torch.randint(13, (2000,))
    plan = TrainConfig(5, 4, 16, warmup=1, average=0.9, eval_every=5, rate_weight=0.0)
    model = small(moved=False)
    run_like = train(model, tokens, tokens[:300], plan, progress=False)
    last = torch.tensor(run_like.history[-1]["thr"])  # (L, 3): 5, 50, 95 % of the run's thresholds
    kept = thresholds(model).quantile(torch.tensor([0.05, 0.5, 0.95]), dim=1).T
    torch.testing.assert_close(kept, last)
    assert not torch.equal(thresholds(model), torch.ones(3, 24))


def test_an_interrupted_run_resumes_with_its_thresholds(tmp_path):
    tokens = torch.randint(13, (2000,))
    plan = TrainConfig(6, 4, 16, warmup=1, eval_every=3, rate_weight=0.0)

    def run(file):
        schedule = Schedule.of_text(tokens, tokens[:300], plan)
        return Run(small(moved=False).train(), schedule, plan, resume_file=file)

    whole = run(None)
    half = run(tmp_path / "half.resume")
    for _ in range(6):
        whole.advance()
    for _ in range(3):
        half.advance()
    half.save()
    second = run(tmp_path / "half.resume")
    second.restore()
    for _ in range(3):
        second.advance()
    assert torch.equal(thresholds(second.model), thresholds(whole.model))
    assert not torch.equal(thresholds(second.model), thresholds(half.model))


def test_both_scans_agree_with_moved_thresholds():
    tokens, found = torch.randint(13, (4, 25)), {}
    for path in ("reference", "fused"):
        model = small(torch.float64)
        for block in model.blocks:  # no version learns them; the scans can
            block.lif.thr = block.lif.thr.requires_grad_()
        with forced_scan(path):
            out = model(tokens, targets=tokens)
        wanted = [*model.parameters(), *(block.lif.thr for block in model.blocks)]
        found[path] = [out.logits, *torch.autograd.grad(out.loss, wanted)]
    for a, b in zip(*found.values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-12)


def test_moving_thresholds_do_not_disturb_the_gradient():
    """The backward pass has to see the thresholds that the spikes were made with."""
    tokens, grads = torch.randint(13, (4, 12)), []
    for eta in (0.0, 5.0):
        model = small(eta=eta).train()
        out = model(tokens, targets=tokens)
        regulate(model, out.rates)
        out.loss.backward()
        grads.append([weight.grad for weight in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_its_recipe_leaves_the_rates_to_the_thresholds():
    assert VERSION_DEFAULTS["v3"]["rate_weight"] == 0.0 and V3Config().eta > 0


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_thresholds_stay_in_full_precision(precision):
    tokens = torch.randint(13, (1000,))
    plan = TrainConfig(2, 4, 16, warmup=1, eval_every=2, precision=precision, rate_weight=0.0)
    model = small(moved=False)
    train(model, tokens, tokens[:200], plan, progress=False)
    assert all(block.lif.thr.dtype == torch.float32 for block in model.blocks)
