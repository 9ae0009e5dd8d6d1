"""The rivals compute what they claim: snnTorch's loop is Sam, the cache is the transformer."""

from functools import partial

import pytest
import torch

from realsam_edu.experiments.rivals import gpt as rivals_dense
from realsam_edu.experiments.rivals import snntorch as rivals
from realsam_edu.model.output import rate_penalty
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.neurons.layer import RecurrentLIF
from realsam_edu.neurons.surrogate import spike

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


def test_the_snntorch_loop_has_a_copy_of_the_weights_and_starts_each_text_in_silence():
    model, kind = sam("v4")
    rival, (tokens, _) = kind(model), texts()
    with torch.no_grad():
        first = rival(tokens).logits
        model.projection.weight.zero_()
        assert torch.equal(rival(tokens).logits, first)
    assert all(hasattr(block, "lif") for block in model.blocks)


def test_another_population_takes_the_place_of_sams():
    model, _ = sam("v4")
    tokens, targets = texts()
    same = rivals.population(model, lambda lif: lif)
    assert torch.equal(same(tokens, targets).logits, model(tokens, targets).logits)
    assert same.blocks[0].lif is not model.blocks[0].lif
    kinds = {"spikingjelly": rivals.SpikingJellyPopulation, "norse": rivals.NorsePopulation}
    for library, kind in kinds.items():
        if rivals.installed(library):  # never required
            other = rivals.population(model, kind)
            out = other(tokens, targets)
            out.loss.backward()
            assert out.logits.shape == (3, 12, 50)
            assert all(block.lif.w_rec.weight.grad.abs().sum() > 0 for block in other.blocks)
            assert torch.equal(other(tokens).logits, out.logits)  # nothing is left over


def test_a_library_that_is_not_there():
    assert rivals.installed("snntorch") and not rivals.installed("no_such_library")


def gpt(context=12):
    torch.manual_seed(0)
    return rivals_dense.GPTModel(50, 32, 4, 64, 3, context).double()


def test_the_transformer_steps_as_it_reads():
    model = gpt()
    tokens, _ = texts(1)
    with torch.no_grad():
        whole = model(tokens).logits[0]
        cache = rivals_dense.Cache(model, 12)
        cache.keys, cache.values = cache.keys.double(), cache.values.double()
        for position, token in enumerate(tokens[0]):
            one = model.step(token[None], cache, position)[0]
            torch.testing.assert_close(one, whole[position], rtol=1e-10, atol=1e-10)
    assert cache.bytes_at(5) == 2 * 3 * 5 * 32 * 8  # K and V, blocks, tokens, width, bytes


def test_the_transformer_does_not_look_ahead():
    model, (tokens, _) = gpt(), texts(1)
    changed = tokens.clone()
    changed[0, 7] = (changed[0, 7] + 1) % 50
    with torch.no_grad():
        before, after = model(tokens).logits[0], model(changed).logits[0]
    torch.testing.assert_close(after[:7], before[:7])
    assert (after[7:] - before[7:]).abs().amax(-1).min() > 0


def test_equal_parameters_are_equal_to_one_percent():
    model = V4(V4Config())
    mine = rivals_dense.count(model)
    assert mine == 6_046_721
    lstm = rivals_dense.lstm_of_equal_parameters(model)
    gpt = rivals_dense.gpt_of_equal_parameters(model, 64)
    for rival in (lstm, gpt):
        assert rivals_dense.count(rival) == pytest.approx(mine, rel=0.01)
    assert len(gpt.blocks) == 6 and lstm.lstm.num_layers == 2
    wide = rivals_dense.lstm_of_equal_width(model).lstm
    assert (wide.input_size, wide.hidden_size, wide.num_layers) == (256, 512, 6)


@pytest.mark.parametrize("make", ["lstm", "gpt"])
def test_they_can_learn(make):
    model, _ = sam("v4")
    tokens, targets = texts()
    torch.manual_seed(1)
    rival = (
        rivals_dense.lstm_of_equal_parameters(model)
        if make == "lstm"
        else rivals_dense.gpt_of_equal_parameters(model, 12)
    )
    optimizer = torch.optim.Adam(rival.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        out = rival(tokens, targets)
        out.loss.backward()
        optimizer.step()
        losses.append(out.loss.item())
    assert all(p.grad is not None for p in rival.parameters())
    assert losses[-1] < 0.5 * losses[0] and out.rates == []
