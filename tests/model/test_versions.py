"""What V1 to V4 have in common: sizes, shapes, steps and chunks, what matrices see, checkpoints."""

import pytest
import torch

from realsam_edu import checkpoint
from realsam_edu.model.environment import set_stress
from realsam_edu.model.v1 import V1Config
from realsam_edu.model.v2 import V2Config
from realsam_edu.model.v3 import V3Config
from realsam_edu.model.v4 import V4Config
from realsam_edu.model.versions import MODELS
from realsam_edu.neurons.lif import detach_state
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import CharTokenizer

V, N = 13, 20
CONFIGS = {
    "v1": V1Config(V, 12, N),
    "v2": V2Config(V, 12, N, depth=3),
    "v3": V3Config(V, 12, N, depth=3),
    "v4": V4Config(V, 12, N, depth=3),
}
POPULATIONS = {"v1": 2, "v2": 3, "v3": 3, "v4": 3}  # in these small models
SIZES = {"v1": (0.9e6, 1.15e6), "v2": (2.7e6, 3.3e6), "v3": (5.7e6, 6.3e6), "v4": (5.7e6, 6.3e6)}
MATRICES = {"v1": 4, "v2": 4, "v3": 7, "v4": 7}  # that hear spikes, in these
each_version = pytest.mark.parametrize("version", CONFIGS)


def some(*shape) -> torch.Tensor:
    return torch.randint(V, shape, generator=torch.Generator().manual_seed(2))


def small(version):
    """A small model in double precision; V3 with a threshold per neuron, as after a training."""
    seed_all(0)
    cls, _ = MODELS[version]
    model = cls(CONFIGS[version]).double().eval()
    for block in model.blocks if version == "v3" else ():
        block.lif.thr = 0.5 + torch.rand(N, dtype=torch.float64)
    return model


@each_version
def test_parameters_within_the_contract(version):
    model, config = MODELS[version]
    low, high = SIZES[version]
    assert low <= sum(p.numel() for p in model(config()).parameters()) <= high


@each_version
def test_shapes_and_loss(version):
    model, tokens = small(version), some(3, 7)
    out = model(tokens, targets=tokens)
    assert out.logits.shape == (3, 7, V)
    assert [rate.shape for rate in out.rates] == [(N,)] * POPULATIONS[version]
    by_hand = -out.logits.log_softmax(-1).gather(-1, tokens[..., None]).mean()
    torch.testing.assert_close(out.loss, by_hand)
    assert model(tokens).loss is None


@pytest.mark.parametrize(
    ("version", "stress"),
    [("v1", None), ("v2", None), ("v3", None), ("v4", 0.0), ("v4", 0.3), ("v4", 1.0)],
)
def test_steps_and_chunks_equal_the_whole(version, stress):
    model = small(version)
    tokens, start = some(2, 30), model.zero_state(2)
    start = start if stress is None else set_stress(start, stress)
    whole, state = model(tokens, state=start), start
    for t in range(30):
        logits, state = model.step(tokens[:, t], state)
        torch.testing.assert_close(logits, whole.logits[:, t])
    chunks, carried = [], start
    for part in tokens.split([8, 1, 21], dim=1):
        out = model(part, state=carried)
        chunks.append(out.logits)
        carried = detach_state(out.state)
    torch.testing.assert_close(torch.cat(chunks, 1), whole.logits)
    for end in (state, carried):
        for a, b in zip(whole.state, end, strict=True):
            for x, y in zip(a, b, strict=True):
                torch.testing.assert_close(x, y)


@each_version
def test_every_matrix_sees_only_zeros_and_ones(version):
    model, seen = small(version), []
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name != "readout.head":  # it hears the stream
            module.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model(some(2, 20))
    assert len(seen) == MATRICES[version]
    for spk in seen:
        assert set(spk.unique().tolist()) <= {0.0, 1.0}


@each_version
def test_every_weight_learns(version):
    model, tokens = small(version).train(), some(4, 12)
    model(tokens, targets=tokens).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("version", ["v2", "v3", "v4"])
def test_readout_and_encoder_share_one_table(version):
    model, unread = small(version).train(), torch.tensor([[3, 4]])
    model(unread, targets=unread).loss.backward()
    assert (model.encoder.table.weight.grad[10] != 0).any()  # by the readout alone


@each_version
def test_checkpoint_round_trip(version, tmp_path):
    model, file = small(version).float(), tmp_path / "sam.safetensors"
    checkpoint.round_to_half(model)
    checkpoint.save(file, model, CharTokenizer("abcdefghijklm"), {"seed": 0})
    again = checkpoint.load(file)
    assert again.card["version"] == version and again.model.config == model.config
    assert not again.model.training
    assert again.model.state_dict().keys() == model.state_dict().keys()
    for name, tensor in again.model.state_dict().items():  # thresholds and diversity among them
        assert torch.equal(tensor, model.state_dict()[name]), name
    tokens = some(2, 9)
    assert torch.equal(again.model(tokens).logits, model(tokens).logits)
