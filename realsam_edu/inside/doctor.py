"""The doctor: what commonly goes wrong in a spiking language model, looked for one by one.

`diagnose` reads a few short texts with a model, measures, and holds every measure against a bound.
Causes come before symptoms: a measure out of bounds that an earlier fault may explain is called a
symptom of it. A finding names the section of the book where the trouble is cured.

The bounds were chosen on the four trained versions, whose measures lie two to three times inside
(the firing rate less), and on small freshly trained models; `tests/inside/test_doctor.py` tries
both sides of each.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..neurons.lif import LIFState
from ..neurons.surrogate import surrogate_grad
from .patient import Patient

OFTEN = 0.5  # who fires in more than half of the steps says little
BESIDE = 8  # texts read side by side, and tokens of each, to see whether they stay apart
SURE = 0.5  # nats that predictions depend on the text, from which a model is sure of itself
QUARTILES = torch.tensor([0.25, 0.5, 0.75])
SOUND, FAULT, UNSEEN = "sound", "fault", "not examined"


class Finding(NamedTuple):
    """What the doctor measured, and what it means."""

    name: str
    verdict: str  # "sound", "fault", "symptom of …", "not examined"
    value: float | None  # measured
    low: float  # the value is sound from here …
    high: float  # … to here
    says: str  # in words
    notebook: str  # where it is cured
    section: str

    def __str__(self) -> str:
        """One line; for a fault also where it is cured."""
        if self.value is None:
            return f"{self.name:19} {self.verdict}, {self.says}"
        verdict = self.verdict if self.verdict in (SOUND, FAULT) else f"{self.verdict}:"
        line = f"{self.name:19} {verdict:6} {self.says}"
        cure = f"{'':26} see notebook {self.notebook}, {self.section}"
        return f"{line} ({self._bounds()})\n{cure}" if self.verdict == FAULT else line

    def _bounds(self) -> str:
        low = "" if self.low <= 0 else f"at least {self.low:,.4g}"
        high = "" if self.high == math.inf else f"at most {self.high:,.4g}"
        return "sound is " + " and ".join(filter(None, (low, high)))


class Measured(NamedTuple):
    """A value, the bounds it is sound within, and what it is."""

    value: float
    low: float
    high: float
    says: str


# ------------------------------------------------------------------ what is measured


def weights(patient: Patient) -> Measured:
    """Count weights and buffers that are no numbers."""
    values = patient.model.state_dict().values()
    broken = sum((~torch.isfinite(v)).sum().item() for v in values if v.is_floating_point())
    return Measured(broken, 0, 0, f"{broken} weights are NaN or infinite")


def vocabulary(patient: Patient) -> Measured:
    """Compare the number of tokens with what the model was built for."""
    have, want = patient.tokenizer.vocab_size, len(patient.wired.table)
    return Measured(have, want, want, f"the tokenizer has {have:,} tokens, the model {want:,}")


def spelling(patient: Patient) -> Measured:
    """Measure which share of the text comes back from its tokens."""
    back = 0
    for text, tokens in zip(patient.readable, patient.tokens, strict=True):
        ids = tokens[1:-1] if patient.tokenizer.kind == "bpe" else tokens  # without END
        again = patient.tokenizer.decode(ids.tolist())
        back += sum(a == b for a, b in zip(text, again, strict=False))
    share = back / max(1, sum(map(len, patient.texts)))
    return Measured(share, 0.95, 1.0, f"{share:.1%} of the text survives encoding and decoding")


def leak(patient: Patient) -> Measured:
    """Find the leak farthest from a membrane that forgets a little in every step.

    Above 0.999 a membrane remembers for more than a thousand steps, longer than any window.
    """
    betas = torch.cat([part.lif.beta.detach() for part in patient.wired.populations])  # (L·N,)
    low, high = betas.min().item(), betas.max().item()
    farthest = low if low <= 0 else high
    return Measured(farthest, 1e-9, 0.999, f"the leak β farthest out is {farthest:.4f}")


def recurrence(patient: Patient) -> Measured:
    """Compare what a population hears from itself with what it hears from below (RMS)."""
    ratios, steps = [], torch.arange(1, len(patient.read.spk[0]))
    steps = steps[~torch.isin(steps, torch.tensor(patient.read.starts))]  # not across two passages
    for part, spk, mem in patient.layers():
        rec = F.linear(spk[steps - 1], part.lif.w_rec)  # (t, N)
        kept = part.lif.beta * mem[steps - 1] - part.lif.thr * spk[steps - 1]  # Eq. 1
        below = mem[steps] - kept - rec
        ratios.append((rec.square().mean() / below.square().mean()).sqrt().item())
    loud = max(ratios)
    return Measured(
        loud, 0, 4, f"W_rec·S is {loud:.1f} times as strong as the feed-forward current"
    )


def thresholds(patient: Patient) -> Measured:
    """Find the threshold farthest from the middle of its population's membranes.

    In units of their spread, the distance of the quartiles.
    """
    found = []
    for part, _, mem in patient.layers():
        low, middle, high = mem.flatten()[:: max(1, mem.numel() // 10**6)].quantile(
            QUARTILES.to(mem.device)
        )
        found.append(((part.lif.thr - middle).abs().max() / (high - low).clamp_min(1e-6)).item())
    far = max(found)
    return Measured(far, 0, 25, f"the farthest threshold is {far:.1f} spreads of membranes away")


def surrogate(patient: Patient) -> Measured:
    """Average the stand-in derivative (Eq. 3) of each population; what learning gets through it."""
    gradients = [
        surrogate_grad(mem - part.lif.thr, part.lif.slope).mean().item()
        for part, _, mem in patient.layers()
    ]
    least = min(gradients)
    return Measured(least, 0.01, 1, f"the mean surrogate gradient of a population is {least:.4f}")


def dead(patient: Patient) -> Measured:
    """Measure the share of neurons that never fire, beyond those the card knows of."""
    silent = torch.cat([(spk.sum(0) == 0) for spk in patient.read.spk])  # (L·N,)
    known = 1.0 - patient.card.get("results", {}).get("val", {}).get("alive", 1.0)
    share = silent.double().mean().item()
    return Measured(share, 0, 0.1 + known, f"{share:.1%} of the neurons never fire")


def saturation(patient: Patient) -> Measured:
    """Measure the share of a population that fires in more than half of the steps."""
    shares = [(spk.mean(0) > OFTEN).double().mean().item() for spk in patient.read.spk]
    most = max(shares)
    return Measured(most, 0, 0.1, f"{most:.1%} of a population fire in more than half of the steps")


def readout(patient: Patient) -> Measured:
    """Measure by how much predictions differ from their own mean, in nats: 0 is a deaf readout."""
    told = patient.read.told
    return Measured(told, 1e-4, math.inf, f"{told:.3g} nats of a prediction come from the text")


def fit(patient: Patient) -> Measured:
    """Measure the loss as a share of ln V: sure of itself and worse than not knowing at all?

    So does a model read whose tokens mean something else. One that is unsure is only untrained.
    """
    share = min(patient.read.losses) / math.log(len(patient.wired.table))
    share = share if patient.read.told > SURE else min(share, 1.0)
    return Measured(share, 0, 1.0, f"the loss is {share:.0%} of ln V")


def untrained(patient: Patient) -> Measured:
    """Compare the loss with that of counting the tokens, on the passage that is read best."""
    read = patient.read
    best = min(loss / floor for loss, floor in zip(read.losses, read.floors, strict=True))
    return Measured(best, 0, 1 - 1e-9, f"the loss is {best:.0%} of what counting tokens gives")


def rate(patient: Patient) -> Measured:
    """Compare the firing rate with what the card measured, or else with its target."""
    card = patient.card
    wanted = card.get("results", {}).get("val", {}).get("rate")
    wanted = wanted or card.get("training", {}).get("target_rate")
    found = torch.stack([spk.mean() for spk in patient.read.spk]).mean().item()
    if not wanted:
        return Measured(found, 0, 1, f"{found:.1%} fire; the card names no rate")
    return Measured(found, wanted / 2, wanted * 2, f"{found:.1%} fire; the card says {wanted:.1%}")


@torch.no_grad()
def leftover(patient: Patient) -> Measured:
    """Read texts beside others and after others: the scores may not depend on either.

    Only their first tokens: a sum in another order may move a spike later on. A text starts from
    silence.
    """
    model, vocab = patient.model, len(patient.wired.table)
    draw = torch.Generator().manual_seed(0)
    tokens = torch.randint(vocab, (BESIDE, BESIDE), generator=draw)
    tokens = tokens.to(next(model.parameters()).device)  # (B, T)
    first = model(tokens).logits  # (B, T, V)
    after, beside = model(tokens).logits, model(tokens.flip(0)).logits.flip(0)
    moved = [(first - other).abs().max().item() for other in (after, beside)]
    start = [part for part in model.zero_state(1) if isinstance(part, LIFState)]
    moved += [value.abs().max().item() for part in start for value in part]
    return Measured(
        max(moved), 0, 0.01, f"texts read before or beside move the scores by {max(moved):.2g}"
    )


# ------------------------------------------------------------------ the diagnosis


class Check(NamedTuple):
    """What is looked for, with what, where the book cures it, and what else may explain it."""

    name: str
    measure: Callable[[Patient], Measured]
    notebook: str
    section: str
    causes: tuple[str, ...] = ()  # earlier faults of which this one may be a symptom


BROKEN = ("broken weights", "vocabulary")  # then nothing can be read
BODY = ("leak", "recurrence", "thresholds")  # what drives the neurons out of their range
CHECKS = (  # causes before symptoms
    Check(
        "broken weights",
        weights,
        "03_v1_shakespeare",
        "4. Fifteen lines that train, and what each part buys",
    ),
    Check("vocabulary", vocabulary, "05_v2_words", "3. The real tokenizer"),
    Check("spelling", spelling, "05_v2_words", "3. The real tokenizer"),
    Check(
        "state",
        leftover,
        "03_v1_shakespeare",
        "4. Fifteen lines that train, and what each part buys",
    ),
    Check("leak", leak, "01_one_leaky_neuron", "1. A number that leaks"),
    Check(
        "recurrence",
        recurrence,
        "03_v1_shakespeare",
        "2. A layer that listens to itself",
        ("leak",),
    ),
    Check(
        "thresholds",
        thresholds,
        "07_v3_homeostasis",
        "6. The other way: let the weights do it",
        ("leak", "recurrence"),
    ),
    Check("dead neurons", dead, "08_v4_environment", "5. One tenth fires", BODY),
    Check("saturation", saturation, "05_v2_words", "6. The cure, in two parts", BODY),
    Check(
        "surrogate gradient",
        surrogate,
        "02_learning_through_spikes",
        "4. How wide should the pretence be?",
        (*BODY, "dead neurons", "saturation"),
    ),
    Check(
        "readout",
        readout,
        "05_v2_words",
        "7. A table that is used twice",
        (*BODY, "dead neurons", "saturation"),
    ),
    Check(
        "tokenizer",
        fit,
        "05_v2_words",
        "3. The real tokenizer",
        ("spelling", *BODY, "dead neurons", "saturation"),
    ),
    Check(
        "training",
        untrained,
        "03_v1_shakespeare",
        "5. The real training",
        ("spelling", *BODY, "dead neurons", "saturation", "readout", "tokenizer"),
    ),
    Check(
        "firing rate",
        rate,
        "08_v4_environment",
        "5. One tenth fires",
        ("spelling", *BODY, "dead neurons", "saturation", "tokenizer", "training"),
    ),
)


@torch.no_grad()
def diagnose(loaded, text: str | None = None) -> list[Finding]:
    """Look for everything in `CHECKS`; return a finding for each, in that order.

    The model reads a few thousand tokens in evaluation mode and is left as it was.

    Args:
        loaded: a `Checkpoint`, or whatever has its `model` (V1 to V4), `tokenizer` and `card`.
        text: what to read, passages parted by `<|endoftext|>`, at most `LONGEST` characters;
            default: passages of the kinds the book trains on. Give your own if the model was
            trained on something else.

    Raises:
        RealSamError: the model does not say how it is wired, or the text is too short.
    """
    model, findings, faults = loaded.model, [], []
    was_training, patient = (
        model.training,
        Patient(model.eval(), loaded.tokenizer, loaded.card, text),
    )
    try:
        for check in CHECKS:
            finding = _finding(check, patient, faults)
            findings.append(finding)
            faults += [check.name] * (finding.verdict == FAULT)
    finally:
        model.train(was_training)
    return findings


def _finding(check: Check, patient: Patient, faults: list[str]) -> Finding:
    """Measure one thing, unless a fault found before forbids it."""
    where = check.notebook, check.section
    broken = [name for name in BROKEN if name in faults]
    if broken:
        return Finding(check.name, UNSEEN, None, -math.inf, math.inf, f"after {broken[0]}", *where)
    found = check.measure(patient)
    cause = next((name for name in check.causes if name in faults), None)
    verdict = SOUND if found.low <= found.value <= found.high else FAULT
    if verdict == FAULT and cause is not None:
        verdict = f"symptom of {cause}"
    return Finding(check.name, verdict, *found, *where)
