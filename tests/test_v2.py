"""V2: the size and the common contract."""

import torch

from realsam_edu import checkpoint
from realsam_edu.neurons import detach_state
from realsam_edu.runtime import seed_all
from realsam_edu.tokenizer import CharTokenizer
from realsam_edu.v2 import V2, V2Config

SMALL = V2Config(vocab=17, embed=12, hidden=20)


def small() -> V2:
    seed_all(0)
    return V2(SMALL).double().eval()


def test_parameters_within_the_contract():
    assert 2.7e6 <= sum(p.numel() for p in V2(V2Config()).parameters()) <= 3.3e6


def test_shapes_and_loss():
    model, tokens = small(), torch.randint(17, (3, 7))
    out = model(tokens, targets=tokens)
    assert out.logits.shape == (3, 7, 17)
    assert [rate.shape for rate in out.rates] == [(20,)] * 3
    assert len(out.state) == 3
    by_hand = -out.logits.log_softmax(-1).gather(-1, tokens[..., None]).mean()
    torch.testing.assert_close(out.loss, by_hand)
    assert model(tokens).loss is None


def test_step_and_chunks_equal_the_whole():
    model, tokens = small(), torch.randint(17, (2, 24))
    whole, state = model(tokens), model.zero_state(2)
    for t in range(24):
        logits, state = model.step(tokens[:, t], state)
        torch.testing.assert_close(logits, whole.logits[:, t])
    first = model(tokens[:, :9])
    second = model(tokens[:, 9:], state=detach_state(first.state))
    torch.testing.assert_close(whole.logits[:, 9:], second.logits)
    for a, b in zip(whole.state, state, strict=True):
        assert torch.equal(a.spk, b.spk)


def test_every_matrix_of_the_body_sees_only_zeros_and_ones():
    model, seen = small(), []
    for matrix in (model.projection, *(block.fc_out for block in model.blocks)):
        matrix.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model(torch.randint(17, (2, 20)))
    assert len(seen) == 4
    for spk in seen:
        assert set(spk.unique().tolist()) <= {0.0, 1.0}


def test_every_weight_learns_and_the_table_is_tied():
    model, tokens = small().train(), torch.randint(17, (4, 12))
    model(tokens, targets=tokens).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
    unread = torch.tensor([[3, 4]])
    model.zero_grad()
    model(unread, targets=unread).loss.backward()
    assert (model.encoder.table.weight.grad[10] != 0).any()  # by the readout alone


def test_checkpoint_round_trip(tmp_path):
    tokenizer = CharTokenizer("abcdefghijklmnopq")
    model = small().float()
    checkpoint.round_to_half(model)
    checkpoint.save(tmp_path / "v2.safetensors", model, tokenizer, {})
    again = checkpoint.load(tmp_path / "v2.safetensors")
    tokens = torch.randint(17, (2, 9))
    assert again.model.config == model.config
    assert torch.equal(again.model(tokens).logits, model(tokens).logits)
