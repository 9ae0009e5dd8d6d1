"""Checks of notebook 06: convergence, epochs, a mix with replay, a curriculum of one's own."""

import math
from collections.abc import Sequence

from ..training.curriculum import PATIENCE, PHASES, PROGRESS, Phase, converged
from .feedback import WrongAnswer, call_student, expect, feedback

WINDOW = 64  # tokens per window of the longest phases
LEAST_REPLAY = 0.05  # of a phase, read from earlier ones
CURVES = (
    [],
    [3.0],
    [3.0, 3.0],
    [3.0, 3.0, 3.0],
    [3.0, 2.8, 2.9, 2.79, 2.795],
    [3.0, 2.0, 2.5, 2.4],
    [3.0, 2.99, 2.98],
    [3.0, 2.99, 2.99],
    [3.0, 2.9, 2.8, 2.7],
    [2.7, 2.8, 2.9, 3.0],
)


@feedback
def check_converged(fn) -> str:
    """Check `fn(vals, patience, progress)` against `curriculum.converged`."""
    for patience, progress in ((PATIENCE, PROGRESS), (1, 0.005), (3, 0.02)):
        for vals in CURVES:
            mine = call_student(fn, list(vals), patience, progress)
            right = converged(vals, patience, progress)
            if bool(mine) != right:
                raise WrongAnswer(_explain_converged(vals, patience, progress, mine, right))
    for vals in CURVES:
        defaults = f"patience is {PATIENCE}, progress {PROGRESS}"
        same = bool(fn(list(vals))) == converged(vals)
        expect(same, f"With its defaults it differs for {vals}; {defaults}.")
    return f"the same answer on {len(CURVES)} loss curves, with three settings."


def _explain_converged(vals, patience, progress, mine, right) -> str:
    case = f"For {vals} with patience {patience} and progress {progress}: got {mine}, not {right}."
    if len(vals) <= patience:
        return f"{case} There is nothing yet to compare the last {patience} with."
    if right and vals[-1] < vals[-2]:
        return f"{case} Compare with the best loss before them, not with the one before."
    if right or min(vals[-patience:]) < min(vals[:-patience]) * (1 - progress):
        return case
    return f"{case} One of the last {patience} with enough progress is enough to go on."


@feedback
def check_epochs(fn) -> str:
    """Check `fn(steps, batch_size, seq_len, share, tokens)`: passes over a text."""
    for case in ((250, 256, 8, 1.0, 314_990), (500, 32, 64, 0.8, 2_680_640), (80, 64, 32, 0.1, 99)):
        steps, batch_size, seq_len, share, tokens = case
        mine, right = float(call_student(fn, *case)), steps * batch_size * seq_len * share / tokens
        if math.isclose(mine, right, rel_tol=1e-3):
            continue
        sentence = f"For {case} got {mine:.4g}, expected {right:.4g}."
        if math.isclose(mine, right / share, rel_tol=1e-3):
            sentence = "Only a share of the readers has this text; the others replay."
        if math.isclose(mine, right / seq_len, rel_tol=1e-3):
            sentence = "A reader reads `length` tokens in a step, not one."
        if math.isclose(mine, right * tokens, rel_tol=1e-3):
            sentence = "That is the tokens read; divide by the tokens of the text."
        if math.isclose(mine, 1 / right, rel_tol=1e-3):
            sentence = "It is upside down: tokens read over tokens there are."
        raise WrongAnswer(sentence)
    return "the same passes for three phases."


@feedback
def check_replay_mix(fn) -> str:
    """Check `fn(new, seen, share)`: the newest of the seen texts weighs most, halving backwards."""
    cases = (
        ("words", [], 0.3),
        ("phrases", ["words"], 0.25),
        ("sentences", ["words", "phrases"], 0.3),
        ("stories", ["words", "phrases", "sentences"], 0.14),
    )
    for new, seen, share in cases:
        mine, right = call_student(fn, new, list(seen), share), _halving(new, seen, share)
        expect(isinstance(mine, dict), f"Return a dictionary, not a {type(mine).__name__}.")
        if mine.keys() == right.keys() and all(_close(mine[k], right[k]) for k in right):
            continue
        raise WrongAnswer(_explain_mix(mine, right, new, seen))
    return "four mixes, each with its replay."


def _halving(new: str, seen: Sequence[str], share: float) -> dict[str, float]:
    weights = {name: 2.0**i for i, name in enumerate(seen)}
    whole = sum(weights.values())
    old = {name: share * weight / whole for name, weight in weights.items()}
    return {new: 1.0 - share if seen else 1.0} | old


def _close(a, b) -> bool:
    return math.isclose(float(a), b, rel_tol=1e-3)


def _explain_mix(mine: dict, right: dict, new: str, seen: Sequence[str]) -> str:
    if not seen:
        return f"In the first phase there is nothing to replay: {right}, not {mine}."
    if mine.keys() != right.keys():
        return f"The mix for {new} should name {', '.join(right)}; it names {', '.join(mine)}."
    whole = sum(map(float, mine.values()))
    if not _close(whole, 1.0):
        return f"The parts for {new} add up to {whole:.3g}, not to 1."
    if _close(mine[new], right[new]):
        backwards = dict(zip(seen, reversed([right[name] for name in seen]), strict=True))
        if len(seen) > 1 and all(_close(mine[name], backwards[name]) for name in seen):
            return f"The other way round: {seen[-1]} was read last and weighs most."
        return f"The replay is shared out as {mine}, expected {right}."
    return f"{new} gets {float(mine[new]):.3g}, expected {right[new]:.3g}."


@feedback
def check_phases(fn) -> str:
    """Check `fn() -> (Phase, ...)`: a curriculum for a `Schedule`, with replay."""
    phases = call_student(fn)
    phases = tuple(phases) if isinstance(phases, tuple | list) else (phases,)
    expect(
        phases and all(isinstance(phase, Phase) for phase in phases),
        "Return a tuple of `Phase(name, seq_len, share, mix)`.",
    )
    _check_names(phases)
    _check_growth(phases)
    _check_shares(phases)
    for i, phase in enumerate(phases):
        _check_mix(phase, phases[:i])
    return f"{len(phases)} phases, {' → '.join(phase.name for phase in phases)}."


def _check_names(phases: Sequence[Phase]) -> None:
    known, names = [phase.name for phase in PHASES], [phase.name for phase in phases]
    for name in names:
        expect(name in known, f"There is no phase '{name}'; choose from {', '.join(known)}.")
        expect(names.count(name) == 1, f"The phase {name} is there twice.")


def _check_growth(phases: Sequence[Phase]) -> None:
    lengths = [phase.seq_len for phase in phases]
    for length in lengths:
        fits = isinstance(length, int) and 1 <= length <= WINDOW and WINDOW % length == 0
        uneven = f"Windows of {length} tokens do not go into {WINDOW}"
        expect(fits, f"{uneven}: a step would not be equally long.")
    expect(lengths == sorted(lengths), f"The lengths {lengths} shrink; growing up is meant.")
    names = [phase.name for phase in phases]
    grown = sorted(names, key=[phase.name for phase in PHASES].index)
    expect(names == grown, f"{' → '.join(names)} is not growing up; read {' → '.join(grown)}.")


def _check_shares(phases: Sequence[Phase]) -> None:
    early = [phase.share for phase in phases[:-1]]
    expect(all(share > 0 for share in early), "A share of the tokens has to be above 0.")
    expect(
        sum(early) < 1,
        f"The phases before the last may take {sum(early):.0%} of all tokens; nothing is left.",
    )


def _check_mix(phase: Phase, before: Sequence[Phase]) -> None:
    texts = [one.name for one in PHASES[:-1]]
    for name, part in phase.mix.items():
        expect(name in texts, f"{phase.name} reads '{name}', and there is no such text.")
        expect(part > 0, f"The part of {name} in {phase.name} is {part}; leave it out instead.")
    whole = sum(phase.mix.values())
    expect(_close(whole, 1.0), f"The parts of {phase.name} add up to {whole:.3g}, not to 1.")
    if phase.name == "mixed":
        expect(len(phase.mix) > 1, "A mix of one text is not mixed.")
        return
    expect(phase.name in phase.mix, f"Nobody in the phase {phase.name} reads {phase.name}.")
    seen = {one.name for one in before}
    replayed = sum(part for name, part in phase.mix.items() if name in seen)
    old = ", ".join(one.name for one in before)
    expect(not seen or replayed > 0, f"{phase.name} replays nothing of {old}.")
    expect(
        not seen or replayed >= LEAST_REPLAY,
        f"{phase.name} replays {replayed:.2%} of {old}; below {LEAST_REPLAY:.0%} it forgets.",
    )
