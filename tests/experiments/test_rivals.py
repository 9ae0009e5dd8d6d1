"""The rivals compute what they claim, and follow Sam's contract however a text is cut."""

from dataclasses import FrozenInstanceError
from functools import partial
from importlib.util import find_spec

import pytest
import torch

from realsam_edu.experiments import rivals
from realsam_edu.model.environment import set_stress
from realsam_edu.model.output import Output, rate_penalty
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.neurons.layer import RecurrentLIF
from realsam_edu.neurons.lif import detach_state
from realsam_edu.neurons.surrogate import spike
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.training.config import TrainConfig
from realsam_edu.training.loop import train

SMALL = {"vocab": 50, "embed": 24, "hidden": 40}


def sam(version):
    torch.manual_seed(3)
    if version == "v1":
        return V1(V1Config(**SMALL, dropout=0.0, readout_dropout=0.0)), rivals.SnnTorchV1
    return V4(V4Config(**SMALL, depth=3)), rivals.SnnTorchV4


def texts(batch=3, steps=12):
    return torch.randint(50, (2, batch, steps), generator=torch.Generator().manual_seed(5))


def gradients(model, rival):
    """Yield (name, gradient in Sam, gradient in the rival) of every weight of Sam."""
    theirs = dict(rival.named_parameters())
    lifs = [(n, m) for n, m in model.named_modules() if isinstance(m, RecurrentLIF)]
    cells = dict(zip([name for name, _ in lifs], rival.cells, strict=True))
    for name, parameter in model.named_parameters():
        holder, _, field = name.rpartition(".")
        if field == "w_rec":
            yield name, parameter.grad, cells[holder].recurrent.weight.grad
        elif field == "beta_logit":
            beta = torch.sigmoid(parameter.detach())
            yield name, parameter.grad, cells[holder].beta.grad * beta * (1 - beta)
        else:
            yield name, parameter.grad, theirs[name].grad


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize(
    ("dtype", "near"), [(torch.float64, 1e-11), (torch.float32, 2e-5)], ids=["float64", "float32"]
)
def test_the_snntorch_loop_is_sam(version, dtype, near):
    model, kind = sam(version)
    model = model.to(dtype).train()
    rival = kind(model)
    assert sum(p.numel() for p in rival.parameters()) == sum(p.numel() for p in model.parameters())
    if dtype == torch.float64:  # snnTorch's spikes are float32 always; ours are the same function
        for cell in rival.cells:
            cell.spike_grad = partial(spike, slope=model.config.slope)
    tokens, targets = texts()
    outs = []
    for net in (model, rival):
        out = net(tokens, targets)
        (out.loss + 0.1 * rate_penalty(out.rates, 0.1)).backward()
        outs.append(out)
    mine, theirs = outs
    assert all(0.01 < rate.mean() < 0.9 for rate in mine.rates), "the case must spike"
    for a, b in zip(mine.rates, theirs.rates, strict=True):
        assert torch.equal(a, b)  # the same spikes
    torch.testing.assert_close(theirs.logits, mine.logits, rtol=near, atol=near)
    torch.testing.assert_close(theirs.loss, mine.loss, rtol=near, atol=near)
    for name, a, b in gradients(model, rival):
        assert a.abs().max() > 0, name
        assert (a - b).abs().max() <= near * a.abs().max(), name


OTHERS = {"spikingjelly": rivals.SpikingJellyPopulation, "norse": rivals.NorsePopulation}
HERE = [library for library in OTHERS if find_spec(library)]  # neither is ever required
CONTRACT = ("snntorch_v1", "snntorch_v4", "lstm", "gpt", *HERE)


def rival(name):
    """One rival of each kind, small; in double precision but for snnTorch, whose spikes are not."""
    torch.manual_seed(1)
    if name.startswith("snntorch"):
        model, kind = sam(name[-2:])
        return kind(model)
    if name in OTHERS:
        return rivals.with_neurons(sam("v4")[0].double(), OTHERS[name])
    if name == "lstm":
        return rivals.LSTMModel(rivals.LSTMConfig(50, 24, 40, 2)).double()
    return rivals.GPTModel(rivals.GPTConfig(50, 32, 4, 64, 3, context=8)).double()


@pytest.mark.parametrize("name", CONTRACT)
def test_a_text_gives_the_same_however_it_is_cut(name):
    """In one call, in three, and token by token; 12 tokens are more than the transformer's 8."""
    model, (tokens, _) = rival(name).eval(), texts()
    near = dict.fromkeys(("rtol", "atol"), 1e-9 if name in ("lstm", "gpt") else 1e-5)
    with torch.no_grad():
        whole = model(tokens)
        assert isinstance(whole, Output) and whole.logits.shape == (3, 12, 50)
        state, pieces = model.zero_state(3), []
        for piece in tokens.split([5, 6, 1], 1):
            out = model(piece, state=state)
            pieces.append(out.logits)
            state = out.state
        torch.testing.assert_close(torch.cat(pieces, 1), whole.logits, **near)
        state = model.zero_state(3)
        for t, token in enumerate(tokens.unbind(1)):
            logits, state = model.step(token, state)
            torch.testing.assert_close(logits, whole.logits[:, t], **near)
    for mine, theirs in zip(state, whole.state, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a, b, **near)


@pytest.mark.parametrize("name", CONTRACT)
def test_what_was_read_before_matters_and_nothing_is_kept_inside(name):
    model, (tokens, _) = rival(name).eval(), texts()
    with torch.no_grad():
        fresh = model(tokens[:, 6:])
        after = model(tokens[:, 6:], state=model(tokens[:, :6]).state)
        again = model(tokens[:, 6:])
    assert (after.logits[:, 0] - fresh.logits[:, 0]).abs().max() > 1e-6
    assert torch.equal(again.logits, fresh.logits)


@pytest.mark.parametrize("name", CONTRACT)
def test_the_state_can_be_detached_and_the_config_is_frozen(name):
    """What the training loop does between two windows."""
    model, (tokens, targets) = rival(name).train(), texts()
    out = model(tokens[:, :6], targets[:, :6])
    out.loss.backward()
    state = detach_state(out.state)
    assert not any(value.requires_grad for part in state for value in part)
    model(tokens[:, 6:], targets[:, 6:], state).loss.backward()  # no second way back
    assert all(p.grad is not None for p in model.parameters())
    with pytest.raises(FrozenInstanceError):
        model.config.vocab = 3


def test_the_training_loop_trains_the_snntorch_loop_as_it_trains_sam():
    """The same first loss and rate, then a leak of its own; nobody changed the loop for it."""
    tokens = torch.randint(50, (400,), generator=torch.Generator().manual_seed(2))
    config = TrainConfig(steps=3, batch_size=4, seq_len=6, eval_every=3, warmup=1)
    records = {}
    for name in ("sam", "loop"):
        model, kind = sam("v4")
        net, records[name] = (model if name == "sam" else kind(model)), []
        done = train(
            net, tokens, tokens, config, progress=False,
            on_step=lambda step, record, name=name: records[name].append(record),
        )  # fmt: skip
        assert done.done and done.history[-1]["val"] > 0
    for key in ("loss", "rate", "stress"):
        assert records["loop"][0][key] == pytest.approx(records["sam"][0][key], rel=1e-5), key
    assert records["loop"][2]["loss"] == pytest.approx(records["sam"][2]["loss"], rel=0.05)


def test_the_multiply_adds_of_a_token_by_hand():
    block = 3 * 40 * 40  # w_rec, fc_out, gate
    counts = {
        "snntorch_v1": 24 * 40 * 2 + 3 * 40 * 40 + 80 * 50,  # nothing is looked up
        "snntorch_v4": 24 * 40 + 3 * block + 40 * 24 + 50 * 24,
        "lstm": 4 * 40 * (24 + 40) + 4 * 40 * (40 + 40) + 40 * 24 + 50 * 24,
        "gpt": 3 * (4 * 32**2 + 2 * 32 * 64) + 50 * 32,
    }
    assert {name: rival(name).multiply_adds() for name in counts} == counts


def test_the_snntorch_loop_carries_stress_as_sam_does():
    model, kind = sam("v4")
    loop, (tokens, _) = kind(model), texts()
    with torch.no_grad():
        for stress in (0.0, 0.7):
            mine, theirs = (set_stress(net.zero_state(3), stress) for net in (model, loop))
            torch.testing.assert_close(
                loop(tokens, state=theirs).logits, model(tokens, state=mine).logits,
                rtol=2e-5, atol=2e-5,
            )  # fmt: skip


def test_the_snntorch_loop_has_a_copy_of_the_weights_and_starts_each_text_in_silence():
    model, kind = sam("v4")
    loop, (tokens, _) = kind(model), texts()
    with torch.no_grad():
        first = loop(tokens).logits
        model.projection.weight.zero_()
        assert torch.equal(loop(tokens).logits, first)
    assert all(hasattr(block, "lif") for block in model.blocks)


def test_a_model_with_dropout_is_refused():
    with pytest.raises(RealSamError, match="no dropout; make the model without"):
        rivals.SnnTorchV1(V1(V1Config(**SMALL)))


def test_another_population_takes_the_place_of_sams():
    model, _ = sam("v4")
    tokens, targets = texts()
    same = rivals.with_neurons(model, lambda lif: lif)
    assert torch.equal(same(tokens, targets).logits, model(tokens, targets).logits)
    assert same.blocks[0].lif is not model.blocks[0].lif
    for library in HERE:
        other = rivals.with_neurons(model, OTHERS[library])
        out = other(tokens, targets)
        out.loss.backward()
        assert out.logits.shape == (3, 12, 50)
        assert all(block.lif.w_rec.grad.abs().sum() > 0 for block in other.blocks)
        assert torch.equal(other(tokens).logits, out.logits)  # nothing is left over


def test_the_transformer_does_not_look_ahead():
    torch.manual_seed(0)
    model, (tokens, _) = rivals.GPTModel(rivals.GPTConfig(50, 32, 4, 64, 3, 12)), texts(1)
    changed = tokens.clone()
    changed[0, 7] = (changed[0, 7] + 1) % 50
    with torch.no_grad():
        before, after = model(tokens).logits[0], model(changed).logits[0]
    torch.testing.assert_close(after[:7], before[:7])
    assert (after[7:] - before[7:]).abs().amax(-1).min() > 0


def test_equal_parameters_are_equal_to_one_percent():
    model = V4(V4Config())
    mine = rivals.count_parameters(model)
    assert mine == 6_046_721
    lstm = rivals.lstm_of_equal_parameters(model)
    gpt = rivals.gpt_of_equal_parameters(model, 64)
    for other in (lstm, gpt):
        assert rivals.count_parameters(other) == pytest.approx(mine, rel=0.01)
    assert len(gpt.blocks) == 6 and lstm.lstm.num_layers == 2
    wide = rivals.lstm_of_equal_width(model).lstm
    assert (wide.input_size, wide.hidden_size, wide.num_layers) == (256, 512, 6)


@pytest.mark.parametrize("make", ["lstm", "gpt"])
def test_they_can_learn(make):
    model, _ = sam("v4")
    tokens, targets = texts()
    torch.manual_seed(1)
    other = (
        rivals.lstm_of_equal_parameters(model)
        if make == "lstm"
        else rivals.gpt_of_equal_parameters(model, 12)
    )
    optimizer = torch.optim.Adam(other.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        out = other(tokens, targets)
        out.loss.backward()
        optimizer.step()
        losses.append(out.loss.item())
    assert all(p.grad is not None for p in other.parameters())
    assert losses[-1] < 0.5 * losses[0] and out.rates == []
