"""The doctor finds each planted fault by its name, and nothing in models that are well."""

import copy
import json
import re
from types import SimpleNamespace

import pytest
import torch
from project import ROOT
from torch import nn

from realsam_edu import checkpoint, cli
from realsam_edu.inside import doctor
from realsam_edu.inside.doctor import CHECKS, diagnose
from realsam_edu.model.output import rate_penalty
from realsam_edu.model.versions import MODES, build
from realsam_edu.model.wiring import wiring
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import data_dir
from realsam_edu.text import storybook
from realsam_edu.text.tokenizer import BPETokenizer, CharTokenizer

TEXT = (ROOT / "realsam_edu/inside/passage.txt").read_text("utf-8")[:450]  # enough for V1


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


def verdicts(loaded, text=TEXT) -> dict:
    """The verdict of every check that is not sound."""
    return {f.name: f.verdict for f in diagnose(loaded, text) if f.verdict != doctor.SOUND}


def faults(loaded, text=TEXT) -> list[str]:
    return [name for name, verdict in verdicts(loaded, text).items() if verdict == doctor.FAULT]


def test_nothing_is_found_in_the_trained_versions(shipped):
    found = diagnose(shipped)
    assert [f.name for f in found] == [check.name for check in CHECKS]
    assert [f.name for f in found if f.verdict != doctor.SOUND] == []


def lifs(loaded) -> list:
    return [part.lif for part in wiring(loaded.model).populations]


# ------------------------------------------------------------------ planted faults


def no_number(sick):
    sick.model.layers[1].fc_in.weight.data[3, 4] = torch.nan


def a_token_too_few(sick):
    sick.tokenizer = CharTokenizer(sick.tokenizer.chars[:-1])


def lacks_a_letter(sick):
    sick.tokenizer = CharTokenizer(sick.tokenizer.chars.replace("e", "é"))


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


def quieter(sick):
    for lif in lifs(sick):
        lif.thr += 0.8


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


def starts_awake(sick):
    """The state before the first token is not silent."""
    silent = sick.model.zero_state
    sick.model.zero_state = lambda batch: tuple(
        part._replace(mem=part.mem + 0.5) for part in silent(batch)
    )


PLANTED = {
    no_number: "broken weights",
    a_token_too_few: "vocabulary",
    lacks_a_letter: "spelling",
    other_meanings: "tokenizer",
    never_forgets: "leak",
    shouting_at_itself: "recurrence",
    run_away: "thresholds",
    fallen_silent: "dead neurons",
    always_on: "saturation",
    too_narrow: "surrogate gradient",
    deaf: "readout",
    never_taught: "training",
    quieter: "firing rate",
    remembers: "state",
    overhears: "state",
    starts_awake: "state",
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found_by_its_name_and_no_other(sick, plant):
    plant(sick)
    assert faults(sick) == [PLANTED[plant]]


def test_every_check_has_its_planted_fault():
    assert set(PLANTED.values()) == {check.name for check in CHECKS}


def test_one_fault_is_named_once_and_its_symptoms_as_symptoms(sick):
    never_forgets(sick)
    fallen_silent(sick)
    run_away(sick)
    found = verdicts(sick)
    assert [name for name, verdict in found.items() if verdict == doctor.FAULT] == ["leak"]
    assert found["dead neurons"] == "symptom of leak"


# ------------------------------------------------------------------ on both sides of the bounds


def silence(sick, neurons):
    sick.model.layers[0].norm.bias.data[: int(neurons)] = -30.0


def turn_on(sick, neurons):
    sick.model.layers[1].norm.bias.data[: int(neurons)] = 8.0


def slow_down(sick, beta):
    lifs(sick)[0].beta_logit.data[:3] = torch.logit(torch.tensor(beta))


def hear_itself(sick, factor):
    lifs(sick)[1].w_rec.data *= factor


def raise_one(sick, thr):
    lifs(sick)[0].thr[0] = thr


def narrow(sick, slope):
    for lif in lifs(sick):
        lif.slope = slope


def turn_down(sick, factor):
    sick.model.readout.weight.data *= factor


def raise_all(sick, by):
    for lif in lifs(sick):
        lif.thr += by


EDGES = {  # name: what is planted, just short of the bound, and just beyond
    "dead neurons": (silence, 95, 110),
    "saturation": (turn_on, 45, 60),
    "leak": (slow_down, 0.9985, 0.9995),
    "recurrence": (hear_itself, 2.0, 3.0),
    "thresholds": (raise_one, 45.0, 60.0),
    "surrogate gradient": (narrow, 12.0, 18.0),
    "readout": (turn_down, 0.005, 0.0025),
    "firing rate": (raise_all, 0.5, 0.75),
}


@pytest.mark.parametrize("name", EDGES)
def test_bounds_are_bounds(well, name):
    plant, short, beyond = EDGES[name]
    found = []
    for strength in (short, beyond):
        copied = SimpleNamespace(model=copy.deepcopy(well.model), tokenizer=well.tokenizer)
        copied.card = well.card
        plant(copied, strength)
        found.append(next(f for f in diagnose(copied, TEXT) if f.name == name))
    assert [f.verdict for f in found] == ["sound", "fault"], [f.value for f in found]
    bound = found[0].high if found[1].value > found[0].value else found[0].low
    assert found[0].value != bound and abs(found[0].value - bound) < 0.5 * abs(bound) + 1e-3


# ------------------------------------------------------------------ small models that are well


def taught(version: str, text: str, tokenizer, steps: int):
    """A small model after a few steps on a text, with a card that knows its rate."""
    model = build(version, tokenizer.vocab_size, 0, embed=32, hidden=64, depth=2)
    tokens = torch.cat([tokenizer.encode_document(t) for t in text.split("<|endoftext|>")[:-1]])
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    draw = torch.Generator().manual_seed(0)
    for _ in range(steps):
        starts = torch.randint(len(tokens) - 17, (16,), generator=draw)
        windows = torch.stack([tokens[i : i + 17] for i in starts])  # (B, T + 1)
        out = model(windows[:, :-1], windows[:, 1:])
        optimizer.zero_grad()
        (out.loss + 0.1 * rate_penalty(out.rates, 0.1)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    card = {"training": {"target_rate": 0.1}}
    return SimpleNamespace(model=model, tokenizer=tokenizer, card=card)


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_nothing_is_found_in_a_small_model_after_its_first_lesson(version):
    text = storybook.sample("sentences", 60_000, seed=1)
    tokenizer = BPETokenizer.train([text], 400)
    model = taught(version, text, tokenizer, steps=120)
    assert verdicts(model, storybook.sample("sentences", 3_000, seed=2)) == {}
    assert model.model.training  # as it was


# ------------------------------------------------------------------ sections, commands, bad input


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_cure_is_a_section_of_the_book(check):
    cells = json.loads((ROOT / "notebooks" / f"{check.notebook}.ipynb").read_text("utf-8"))["cells"]
    prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert re.search(rf"^## {re.escape(check.section)}$", prose, re.MULTILINE)


def test_causes_are_checked_before_their_symptoms():
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for i, check in enumerate(CHECKS):
        assert set(check.causes) <= set(names[:i])


def doctor_says(capsys, *argv) -> tuple[int, str, str]:
    code = cli.main(["doctor", *map(str, argv)])
    return code, *capsys.readouterr()


def test_the_command_says_well_or_ill(sick, tmp_path, capsys):
    code, out, _ = doctor_says(capsys, "--mode", "v1", "--json")
    rows = json.loads(out)
    assert code == 0 and [row["name"] for row in rows] == [check.name for check in CHECKS]
    assert {row["verdict"] for row in rows} == {"sound"}
    deaf(sick)
    path = tmp_path / "deaf.safetensors"
    checkpoint.save(path, sick.model, sick.tokenizer, sick.card)
    code, out, _ = doctor_says(capsys, "--checkpoint", path)
    assert code == 1 and out.count("fault") == 1
    assert "see notebook 05_v2_words, 7. A table that is used twice" in out


def test_bad_input_is_answered_in_a_sentence(tmp_path, capsys):
    short = tmp_path / "short.txt"
    short.write_text("Too short.")
    code, out, err = doctor_says(capsys, "--text", short)
    assert (code, out) == (2, "") and "needs 200 to read" in err
    code, _, err = doctor_says(capsys, "--checkpoint", tmp_path / "none.safetensors")
    assert code == 2 and err.count("\n") == 1
    foreign = SimpleNamespace(model=build("v1", 3, 0), tokenizer=CharTokenizer("äöü"), card={})
    with pytest.raises(RealSamError, match="too few characters"):
        diagnose(foreign)
    strange = SimpleNamespace(model=nn.Linear(2, 2), tokenizer=CharTokenizer("ab"), card={})
    with pytest.raises(RealSamError, match="Linear does not say"):
        diagnose(strange)


def test_without_a_card_there_is_no_rate_to_drift_from(well):
    bare = SimpleNamespace(model=well.model, tokenizer=well.tokenizer, card={})
    assert verdicts(bare) == {}
    assert next(f for f in diagnose(bare, TEXT) if f.name == "firing rate").says.endswith(
        "names no rate"
    )
