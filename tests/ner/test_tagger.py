"""The tagger: binary spikes, both directions, and as many weights as it may have."""

import pytest
import torch

from realsam_edu.ner.decode import TAGS
from realsam_edu.ner.lstm import LSTMTagger
from realsam_edu.ner.tagger import UNSEEN, Tagger, TaggerConfig, turned

SMALL = TaggerConfig(len(TAGS), rows=256, hidden=32, depth=4, dropout=0.0)
KINDS = (Tagger, LSTMTagger)


def texts(batch=3, steps=9, seed=0):
    draw = torch.Generator().manual_seed(seed)
    fired = torch.randint(1, SMALL.rows, (batch, steps, 16), generator=draw)
    return fired, torch.full((batch,), steps)


def weights(model):
    return sum(p.numel() for p in model.parameters())


def test_it_has_at_most_six_million_weights_and_its_rival_as_many():
    with torch.device("meta"):
        spikes, lstm = (kind(TaggerConfig(len(TAGS))) for kind in KINDS)
    assert weights(spikes) <= 6_000_000
    assert abs(weights(lstm) / weights(spikes) - 1) < 0.01


def test_what_the_weights_see_is_zeros_and_ones():
    fired, lengths = texts()
    out = Tagger(SMALL)(fired, lengths)
    assert len(out.spikes) == SMALL.depth
    for spk, rate in zip(out.spikes, out.rates, strict=True):
        assert spk.shape == (3, 9, SMALL.hidden)
        assert set(spk.unique().tolist()) <= {0.0, 1.0}
        assert torch.allclose(rate, spk.mean((0, 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_hears_those_before_it_and_those_behind_it(kind):
    torch.manual_seed(1)
    model, (fired, lengths) = kind(SMALL).eval(), texts(batch=1)
    before = model(fired, lengths).logits[0]
    for changed in (0, 8):
        other = fired.clone()
        other[0, changed] = (other[0, changed] + 7) % 255 + 1
        moved = (model(other, lengths).logits[0] - before).abs().sum(-1) > 0
        assert moved[4]


@pytest.mark.parametrize("kind", KINDS)
def test_filling_is_neither_read_nor_learnt_from(kind):
    model, (fired, lengths) = kind(SMALL).eval(), texts()
    targets = torch.randint(0, len(TAGS), (3, 9))
    alone = model(fired, lengths, targets)
    more = torch.cat([fired, torch.randint(1, SMALL.rows, (3, 5, 16))], 1)
    filled = torch.cat([targets, torch.full((3, 5), UNSEEN)], 1)
    beside = model(more, lengths, filled)
    assert torch.allclose(alone.logits, beside.logits[:, :9], atol=1e-5)
    assert torch.allclose(alone.loss, beside.loss, atol=1e-6)
    for one, other in zip(alone.rates, beside.rates, strict=True):
        assert torch.allclose(one, other)


def test_turning_twice_changes_nothing_and_the_gradient_turns_too():
    x = torch.arange(12.0).view(6, 2, 1).requires_grad_()
    lengths = torch.tensor([6, 4])
    back = turned(x, lengths)
    assert back[:, 0, 0].tolist() == [10, 8, 6, 4, 2, 0]
    assert back[:, 1, 0].tolist() == [7, 5, 3, 1, 9, 11]
    assert torch.equal(turned(back, lengths), x)
    (back * torch.arange(12.0).view(6, 2, 1)).sum().backward()
    assert torch.equal(x.grad, turned(torch.arange(12.0).view(6, 2, 1), lengths))


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_learns(kind):
    fired, lengths = texts()
    model = kind(SMALL)
    model(fired, lengths, torch.randint(0, len(TAGS), (3, 9))).loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    assert model.encoder.table.weight.grad[0].abs().sum() == 0  # what never fires
