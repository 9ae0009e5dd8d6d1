"""The doctor finds each planted fault by its name, and nothing in models that are well."""

import copy
import json
from types import SimpleNamespace

import pytest
import torch
from project import ROOT

from realsam_edu import checkpoint
from realsam_edu.inside import doctor
from realsam_edu.inside.doctor import CHECKS, diagnose
from realsam_edu.model.versions import MODES, build
from realsam_edu.model.wiring import wiring
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import data_dir
from realsam_edu.text.tokenizer import CharTokenizer


@pytest.fixture(scope="module", params=MODES)
def shipped(request):
    return checkpoint.load(data_dir() / "checkpoints" / f"{request.param}.safetensors")


@pytest.fixture(scope="module")
def well():
    return checkpoint.load(data_dir() / "checkpoints" / "v1.safetensors")


@pytest.fixture
def sick(well):
    """A copy of V1, to plant a fault in."""
    model, card = copy.deepcopy(well.model), copy.deepcopy(well.card)
    return SimpleNamespace(model=model, tokenizer=well.tokenizer, card=card)


def verdicts(loaded, text=None) -> dict:
    """The verdict of every check that is not sound."""
    return {f.name: f.verdict for f in diagnose(loaded, text) if f.verdict != doctor.SOUND}


def faults(loaded, text=None) -> list[str]:
    return [name for name, verdict in verdicts(loaded, text).items() if verdict == doctor.FAULT]


def test_nothing_is_found_in_the_trained_versions(shipped):
    found = diagnose(shipped)
    assert [f.name for f in found] == [check.name for check in CHECKS]
    assert verdicts(shipped) == {}


def lifs(loaded) -> list:
    return [part.lif for part in wiring(loaded.model).populations]


# ------------------------------------------------------------------ planted faults


def no_number(sick):
    sick.model.layers[1].fc_in.weight.data[3, 4] = torch.nan


def a_token_too_few(sick):
    sick.tokenizer = CharTokenizer(sick.tokenizer.chars[:-1])


def no_capitals(sick):
    small = "".join(c if c.islower() or not c.isalpha() else chr(0x4E00 + i)
                    for i, c in enumerate(sick.tokenizer.chars))  # fmt: skip
    sick.tokenizer = CharTokenizer(small)


def other_meanings(sick):
    chars = sick.tokenizer.chars
    sick.tokenizer = CharTokenizer(chars[7:] + chars[:7])


def never_forgets(sick):
    lifs(sick)[0].beta_logit.data[:8] = 12.0


def shouting_at_itself(sick):
    lifs(sick)[1].w_rec.data *= 12


def run_away(sick):
    lifs(sick)[0].thr[:5] = 150.0


def fallen_silent(sick):
    sick.model.layers[0].norm.bias.data[:200] = -30.0


def always_on(sick):
    sick.model.layers[1].norm.bias.data[:100] = 6.0


def too_narrow(sick):
    for lif in lifs(sick):
        lif.slope = 100.0


def deaf(sick):
    sick.model.readout.weight.data.zero_()


def never_taught(sick):
    sick.model = build("v1", 65, 0).eval()


def louder(sick):
    for lif in lifs(sick):
        lif.thr -= 0.9


def remembers(sick):
    """The model goes on from the texts that it read before."""
    model, kept = sick.model, {}
    forward = model.forward

    def leaky(tokens, targets=None, state=None):
        out = forward(tokens, targets, state or kept.get(len(tokens)))
        kept[len(tokens)] = out.state
        return out

    model.forward = leaky


def overhears(sick):
    """The texts of a batch hear the one beside them."""
    mix = lambda module, given, out: 0.9 * out + 0.1 * out.roll(1, -2)  # noqa: E731
    sick.model.layers[0].norm.register_forward_hook(mix)
    sick.model.layers[1].norm.register_forward_hook(mix)


PLANTED = {
    no_number: "broken weights",
    a_token_too_few: "vocabulary",
    no_capitals: "spelling",
    other_meanings: "tokenizer",
    never_forgets: "leak",
    shouting_at_itself: "recurrence",
    run_away: "thresholds",
    fallen_silent: "dead neurons",
    always_on: "saturation",
    too_narrow: "surrogate gradient",
    deaf: "readout",
    never_taught: "training",
    louder: "firing rate",
    remembers: "state",
    overhears: "state",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_by_its_name_and_no_other(sick, plant):
    plant(sick)
    assert faults(sick) == [PLANTED[plant]]


def test_every_check_has_its_planted_fault():
    assert set(PLANTED.values()) == {check.name for check in CHECKS}
