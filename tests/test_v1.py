"""V1: the common contract, the size, and step-by-step reading against the whole sequence."""

import torch

from realsam_edu.neurons import detach_state
from realsam_edu.runtime import seed_all
from realsam_edu.v1 import V1, V1Config

SMALL = V1Config(vocab=11, embed=16, hidden=24)


def small(dtype=torch.float64) -> V1:
    seed_all(0)
    return V1(SMALL).to(dtype).eval()


def test_parameters_within_the_contract():
    assert 0.9e6 < sum(p.numel() for p in V1(V1Config()).parameters()) <= 1.15e6


def test_shapes_and_loss():
    model = small()
    tokens = torch.randint(11, (3, 7))
    out = model(tokens, targets=tokens)
    assert out.logits.shape == (3, 7, 11)
    assert [rate.shape for rate in out.rates] == [(24,)] * 2
    by_hand = -out.logits.log_softmax(-1).gather(-1, tokens[..., None]).mean()
    torch.testing.assert_close(out.loss, by_hand)
    assert model(tokens).loss is None


def test_step_equals_forward():
    model = small()
    tokens, state, logits = torch.randint(11, (2, 30)), model.zero_state(2), []
    for t in range(30):
        scores, state = model.step(tokens[:, t], state)
        logits.append(scores)
    out = model(tokens)
    torch.testing.assert_close(out.logits, torch.stack(logits, 1))
    for a, b in zip(out.state, state, strict=True):
        assert torch.equal(a.spk, b.spk)


def test_state_carried_equals_one_long_text():
    model, tokens = small(), torch.randint(11, (2, 20))
    first = model(tokens[:, :8])
    second = model(tokens[:, 8:], state=detach_state(first.state))
    torch.testing.assert_close(model(tokens).logits[:, 8:], second.logits)
    assert not second.state[0].mem.requires_grad or second.state[0].mem.grad_fn is not None


def test_every_matrix_sees_only_zeros_and_ones():
    model, seen = small(), []
    for matrix in (*(layer.fc_in for layer in model.layers), model.skip, model.readout):
        matrix.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model(torch.randint(11, (2, 20)))
    assert len(seen) == 4
    for spk in seen:
        assert set(spk.unique().tolist()) <= {0.0, 1.0}


def test_every_weight_learns():
    model = small().train()
    tokens = torch.randint(11, (4, 12))
    model(tokens, targets=tokens).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
