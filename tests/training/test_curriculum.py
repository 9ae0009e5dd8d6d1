"""What is read when: phases move by themselves, rows follow the mix, nothing is lost on the way."""

import json
import math
import os
import signal

import pytest
import torch

from realsam_edu.model.v2 import V2, V2Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.levels import TEXTS
from realsam_edu.training.config import TrainConfig
from realsam_edu.training.curriculum import (
    PATIENCE,
    PHASES,
    PROGRESS,
    WITHOUT,
    Phase,
    Schedule,
    converged,
    phase_line,
)
from realsam_edu.training.loop import Run, study
from realsam_edu.training.optimizer import ANNEAL, learning_rate
from realsam_edu.training.streams import windows

NAMES = list(TEXTS)
CONFIG = TrainConfig(steps=1000, batch_size=32, seq_len=64, eval_every=10, warmup=20)


def texts(names=NAMES, n=5_000):
    """Each text counts in a thousand of its own, so that a token tells where it was read."""
    at = {name: 1_000 * i for i, name in enumerate(NAMES)}
    return {name: (at[name] + torch.arange(n) % 1_000, torch.arange(200)) for name in names}


def schedule(phases=PHASES, names=NAMES, config=CONFIG) -> Schedule:
    return Schedule(texts(names), config, "digest", phases)


def entry(step: int, val: float) -> dict:
    return {"step": step, "val": val, "loss": val + 0.5}


def walk(one: Schedule, loss=lambda step: 5 * 0.98**step) -> list[tuple[str, int]]:
    """Validate a schedule to its end; return (phase, step at which it ended)."""
    every, steps = one.config.eval_every, one.config.steps
    for step in range(every, steps + 1, every):
        one.observe(entry(step, loss(step)))
    ends = []
    for row in one.table:
        ends.append((row["phase"], row["steps"] + (ends[-1][1] if ends else 0)))
    return ends


def sources(batch) -> dict[str, int]:
    """How many rows of a batch come from which text."""
    found = [NAMES[int(token) // 1_000] for token in batch[0][:, 0]]
    return {name: found.count(name) for name in dict.fromkeys(found)}


# ---------------------------------------------------------------- convergence


@pytest.mark.parametrize(
    ("vals", "expected"),
    [
        ([], False),
        ([3.0], False),
        ([3.0, 3.0], False),  # two validations are not yet patience and something before it
        ([3.0, 3.0, 3.0], True),
        ([3.0, 3.0, 2.9], False),
        ([3.0, 2.9, 3.0], False),  # the gain is one validation ago
        ([3.0, 2.9, 3.0, 3.0], True),
        ([3.0, 2.99, 2.98], False),  # together they gained more than half a percent
        ([3.0, 2.99, 2.99], True),  # a third of a percent is none
        ([2.0, 3.0, 2.5, 2.4], True),  # better than lately, worse than the best
    ],
)
def test_convergence_is_two_validations_without_half_a_percent(vals, expected):
    assert (PATIENCE, PROGRESS) == (2, 0.005)
    assert converged(vals) is expected


def test_patience_and_progress_count():
    vals = [3.0, 2.0, 1.995, 1.995]
    assert converged(vals) and not converged(vals, patience=3)
    assert not converged(vals, progress=0.001)
    assert converged([3.0, 2.0, 2.0], patience=1)


# ---------------------------------------------------------------- phases move by themselves


def test_a_falling_loss_keeps_each_phase_until_its_share_is_used():
    one = schedule()
    ends = walk(one)
    assert [name for name, _ in ends] == [phase.name for phase in PHASES]
    assert dict(ends) == {
        "words": 20, "phrases": 60, "sentences": 160, "stories": 660, "conversations": 760,
        "mixed": 1000,
    }  # fmt: skip
    assert {row["ended"] for row in one.table} == {"budget"}


def test_a_flat_loss_moves_on_at_once_and_the_last_phase_takes_the_rest():
    one = schedule()
    ends = dict(walk(one, loss=lambda step: 3.0))
    assert list(ends.values()) == [20, 50, 80, 110, 140, 1000]  # the words' share ends first
    assert [row["ended"] for row in one.table] == ["budget"] + 5 * ["converged"]


def test_each_phase_starts_its_validations_anew():
    one = schedule()
    for step in (10, 20):
        one.observe(entry(step, 3.0))
    assert one.phase == "phrases" and one.vals == []


def test_observe_returns_what_ended_and_leaves_the_entry_alone(capsys):
    one, seen = schedule(), [entry(step, 3.0) for step in (10, 20, 30)]
    ended = [one.observe(e) for e in seen]
    assert ended == [None, one.table[0], None] and ended[1]["phase"] == "words"
    assert schedule(WITHOUT).observe(entry(1000, 3.0))["phase"] == "mixed"
    assert seen == [entry(step, 3.0) for step in (10, 20, 30)]
    assert capsys.readouterr().out == ""  # whoever asked may print it


def test_the_last_validation_closes_whatever_phase_there_is():
    one = schedule(config=TrainConfig(steps=30, eval_every=15, seq_len=64))
    one.observe(entry(15, 3.0))
    one.observe(entry(30, 2.0))
    assert [row["phase"] for row in one.table] == ["words", "phrases"]


def test_the_control_reads_everything_from_the_start():
    one = schedule(WITHOUT)
    assert set(sources(one.batch(0))) == set(PHASES[-1].mix)
    assert walk(one) == [("mixed", 1000)]
    assert one.table[0]["epochs"] is None and one.table[0]["tokens"] == 1000 * 32 * 64


# ---------------------------------------------------------------- who reads what


def in_phase(name: str, one: Schedule | None = None) -> Schedule:
    one = one or schedule()
    while one.phase != name:
        one._next(one.start // one.config.grad_accum + 10)
    return one


def test_every_phase_has_equally_many_tokens_per_step():
    for phase in PHASES:
        inputs, targets = in_phase(phase.name).batch(1_000)
        assert inputs.shape == targets.shape == (32 * 64 // phase.seq_len, phase.seq_len)
        assert inputs.numel() == CONFIG.tokens_per_step


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_rows_follow_the_mix(phase):
    one = in_phase(phase.name)
    counted, whole = sources(one.batch(one.start)), sum(phase.mix.values())
    assert sum(counted.values()) == one.batch_size
    for name, part in phase.mix.items():
        assert abs(counted[name] - part / whole * one.batch_size) <= 1


def test_there_is_a_phase_for_every_kind_of_text_and_one_for_all():
    assert [phase.name for phase in PHASES] == [*TEXTS, "mixed"]
    assert all(set(phase.mix) <= set(TEXTS) for phase in PHASES)


def test_every_phase_after_the_first_replays_an_earlier_text():
    for before, phase in enumerate(PHASES[1:-1], 1):
        earlier = {name for name in phase.mix if name in NAMES[:before]}
        assert sum(phase.mix[name] for name in earlier) >= 0.2
        assert phase.mix[phase.name] == max(phase.mix.values())
    assert math.isclose(sum(PHASES[-1].mix.values()), 1.0)


def test_a_missing_replay_text_leaves_its_readers_to_the_others():
    one = in_phase("stories", schedule(names=["phrases", "stories"]))
    assert sources(one.batch(one.start)) == {"stories": 30, "phrases": 2}


def test_a_reader_of_few_rows_still_reads_its_own_text():
    one = schedule(config=TrainConfig(steps=100, batch_size=1, seq_len=64, eval_every=10))
    for phase in PHASES[:-1]:
        assert phase.name in sources(in_phase(phase.name, one).batch(one.start))


def test_readers_go_on_where_they_stopped():
    one = schedule()
    first, second = one.batch(0), one.batch(1)
    assert torch.equal(first[1][:, -1], second[0][:, 0])  # the last target is the next input
    assert torch.equal(first[0][:, 1:], first[1][:, :-1])
    one.observe(entry(10, 3.0))
    one.observe(entry(20, 3.0))  # phrases: a quarter of 128 readers has words
    words = one.batch(one.start)[0][-32:, 0]
    starts = torch.arange(32) * 5_000 // 32 + 20 * 8
    assert torch.equal(words, starts % 5_000 % 1_000)  # past the 20 windows already read


def test_windows_are_never_longer_than_the_settings_allow():
    one = in_phase("mixed", schedule(config=TrainConfig(steps=100, batch_size=4, seq_len=16)))
    assert (one.seq_len, one.batch_size) == (16, 4)


def test_phases_are_validated_on_their_own_text_and_mixed_on_stories():
    mine = {name: (torch.arange(900), torch.full((200,), i)) for i, name in enumerate(NAMES)}
    one = Schedule(mine, CONFIG, "digest")
    for i, phase in enumerate(PHASES):
        wanted = NAMES.index("stories") if phase.name == "mixed" else i
        assert in_phase(phase.name, one).val_tokens[0] == wanted


# ---------------------------------------------------------------- the learning rate


def test_the_learning_rate_starts_anew_with_the_conversations():
    one, rates, begun = schedule(), [], None
    for step in range(1000):
        rates.append(one.learning_rate(step))
        if one.phase == "conversations" and begun is None:
            begun = step
        if (step + 1) % 10 == 0:
            one.observe(entry(step + 1, 5 * 0.98**step))
    assert begun == 660
    assert math.isclose(rates[0], CONFIG.lr / 20) and math.isclose(max(rates[:30]), CONFIG.lr)
    assert CONFIG.lr * ANNEAL <= rates[begun - 1] < CONFIG.lr * ANNEAL * 1.01
    assert math.isclose(rates[begun], CONFIG.lr / 20)  # warm-up again
    assert math.isclose(max(rates[begun : begun + 30]), CONFIG.lr)
    assert rates[-1] < CONFIG.lr * 1e-3
    later = rates[begun + 20 :]
    assert later == sorted(later, reverse=True)  # and "mixed" does not disturb it


def test_a_late_stories_phase_waits_at_the_low_learning_rate():
    one = schedule(PHASES[3:])  # stories, conversations, mixed
    low = CONFIG.lr * ANNEAL
    assert math.isclose(one.learning_rate(520), low) and math.isclose(one.learning_rate(900), low)


@pytest.mark.parametrize("names", [NAMES, NAMES[:4]])
def test_without_conversations_it_is_one_cosine(names):
    one = schedule(WITHOUT if names is NAMES else PHASES, names)
    falling = [one.learning_rate(step) for step in range(20, 1000)]
    assert falling == sorted(falling, reverse=True) and falling[-1] < CONFIG.lr * 1e-3


def test_a_short_run_has_a_short_warm_up():
    one = schedule(config=TrainConfig(steps=8, eval_every=2, warmup=200, seq_len=64))
    assert max(one.learning_rate(step) for step in range(8)) == CONFIG.lr or one.segment[1] < 8
    assert all(0 < one.learning_rate(step) <= one.config.lr for step in range(8))


# ---------------------------------------------------------------- the table


def test_the_table_tells_of_each_phase():
    one = schedule()
    walk(one)
    printed = [phase_line(row) for row in one.table]
    assert [line.split()[0] for line in printed] == [phase.name for phase in PHASES]
    row = one.table[3]
    assert (row["phase"], row["seq_len"], row["steps"]) == ("stories", 64, 500)
    assert row["tokens"] == 500 * CONFIG.tokens_per_step
    own = sources(in_phase("stories").batch(0))["stories"] / 32
    assert math.isclose(row["epochs"], row["tokens"] * own / 5_000, abs_tol=1e-3)
    assert row["perplexity"] == math.exp(row["val"]) and row["train"] == row["val"] + 0.5
    assert sum(row["tokens"] for row in one.table) == CONFIG.steps * CONFIG.tokens_per_step
    assert "–" in printed[-1] and len(phase_line().split()) == len(row)


def test_grad_accum_counts_batches_not_steps():
    config = TrainConfig(steps=1000, batch_size=8, seq_len=64, grad_accum=4, eval_every=10)
    one = schedule(config=config)
    ends = walk(one)
    assert dict(ends)["stories"] == 660
    assert sum(row["tokens"] for row in one.table) == 1000 * 8 * 64 * 4
    again = schedule(config=config)
    for step in (10, 20):
        again.observe(entry(step, 3.0))
    assert again.start == 80 and again.cursors["words"] == 80 * 8


# ---------------------------------------------------------------- a training without phases


def test_one_text_is_read_in_windows_at_one_cosine():
    """A schedule of one phase without a name: what V1 has read since its first training."""
    tokens, config = torch.arange(5_000) % 777, TrainConfig(300, batch_size=7, seq_len=16, warmup=9)
    one = Schedule.of_text(tokens, tokens[:200], config)
    for number in range(300):
        for mine, right in zip(one.batch(number), windows(tokens, number, config), strict=True):
            assert torch.equal(mine, right)
        assert one.learning_rate(number) == learning_rate(number, config)
    for step in range(10, 301, 10):
        assert one.observe(entry(step, 3.0)) is None  # nothing begins, nothing ends
    assert (one.phase, one.table, one.batch_sizes) == (None, [], [7])
    assert torch.equal(one.val_tokens, tokens[:200])


def test_every_version_follows_one_learning_rate():
    """Also where the warm-up would be longer than the run: at most a quarter of it."""
    for steps in (8, 100, 799, 800, 5_000):
        config = TrainConfig(steps, seq_len=64)  # warm-up 200
        text = Schedule.of_text(torch.arange(900), torch.arange(200), config)
        mixed = schedule(WITHOUT, config=config)
        rates = [text.learning_rate(step) for step in range(steps)]
        assert rates == [mixed.learning_rate(step) for step in range(steps)]
        assert max(rates) == config.lr and rates.index(config.lr) <= min(200, steps // 4)


# ---------------------------------------------------------------- what is missing, in one sentence


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["stories"], ["stories", "mixed"]),
        (["words", "sentences", "stories"], ["words", "sentences", "stories", "mixed"]),
        (["conversations"], ["conversations", "mixed"]),
        (["words"], ["words"]),  # nothing of "mixed" is there
    ],
)
def test_phases_without_text_are_left_out(names, expected):
    one = schedule(names=names)
    assert [phase.name for phase in one.phases] == expected
    assert [name for name, _ in walk(one)] == expected
    assert one.batch(one.start)[0].numel() == CONFIG.tokens_per_step


def test_an_empty_text_counts_as_missing():
    mine = texts() | {"phrases": (torch.arange(0), torch.arange(0))}
    assert "phrases" not in [phase.name for phase in Schedule(mine, CONFIG, "digest").phases]


@pytest.mark.parametrize("given", [{}, {"stories": (torch.arange(0), torch.arange(0))}])
def test_no_text_at_all(given):
    with pytest.raises(RealSamError, match="There is no text to learn from; name a corpus"):
        Schedule(given, CONFIG, "digest")


def test_no_text_for_the_control():
    with pytest.raises(RealSamError, match="There is no text to learn from"):
        Schedule(texts(["words"]), CONFIG, "digest", WITHOUT)


@pytest.mark.parametrize("short", [(64, 500), (500, 64)])
def test_text_shorter_than_a_window(short):
    mine = texts() | {"phrases": tuple(torch.arange(n) for n in short)}
    with pytest.raises(RealSamError, match=r"text for phrases has 64 tokens.* more than 64; use"):
        Schedule(mine, CONFIG, "digest")


# ---------------------------------------------------------------- interruption


def test_state_survives_json_and_shares_nothing():
    one, other = schedule(), schedule()
    for step in (10, 20, 30):
        one.observe(entry(step, 3.0))
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    kept = schedule()
    kept.load_state_dict(one.state_dict())
    assert other.phase == "phrases"
    for step in (40, 50, 60):
        assert torch.equal(one.batch(step)[0], other.batch(step)[0])
        assert one.learning_rate(step) == other.learning_rate(step)
        assert one.observe(entry(step, 3.0)) == other.observe(entry(step, 3.0))
    assert json.dumps(one.state_dict()) == json.dumps(other.state_dict())
    assert (kept.phase, kept.vals) == ("phrases", [3.0])  # the others' progress is not its own


SMALL = {"vocab": 40, "embed": 8, "hidden": 16, "depth": 2}
SHORT = TrainConfig(steps=24, batch_size=4, seq_len=16, eval_every=2, warmup=4, seed=3, lr=3e-3)
STAGES = (
    Phase("words", 4, 0.2, {"words": 1.0}),
    Phase("phrases", 8, 0.4, {"phrases": 0.75, "words": 0.25}),
    Phase("stories", 16, 1.0, {"stories": 0.75, "words": 0.25}),
)


def schooled(cls, config, stop=None, **settings):
    """Train on small texts, perhaps interrupted; return losses, result, model, schedule."""
    seed_all(3)
    model, seen = cls(config(**SMALL)), []
    rng = torch.Generator().manual_seed(1)
    mine = {}
    for name in ("words", "phrases", "stories"):
        mine[name] = tuple(torch.randint(40, (n,), generator=rng) for n in (600, 90))
    one = Schedule(mine, SHORT, "digest", STAGES)

    def on_step(step, record):
        seen.append(record["loss"])
        if step == stop:
            os.kill(os.getpid(), signal.SIGINT)

    result = study(model, one, SHORT, on_step=on_step, progress=False, **settings)
    return seen, result, model, one


@pytest.mark.parametrize(("cls", "config"), [(V2, V2Config), (V4, V4Config)])
@pytest.mark.parametrize("stop", [6, 9])  # just after the second phase has begun; in its middle
def test_an_interruption_in_the_second_phase_changes_no_bit(cls, config, stop, tmp_path):
    file, log = tmp_path / "run.resume", tmp_path / "run.jsonl"
    whole, result, model, one = schooled(cls, config)
    first, interrupted, _, halfway = schooled(cls, config, stop, resume_file=file, log=log)
    assert not interrupted.done and halfway.phase == "phrases" and len(first) == stop
    second, resumed, again, other = schooled(cls, config, resume=True, resume_file=file, log=log)
    assert resumed.done and whole == first + second
    assert [e["val"] for e in result.history] == [e["val"] for e in resumed.history]
    assert [e["phase"] for e in result.history] == [e["phase"] for e in resumed.history]
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == list(
        range(2, 25, 2)
    )
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    keys = ("phase", "steps", "tokens", "val", "ended")
    tables = [[[row[key] for key in keys] for row in c.table] for c in (one, other)]
    assert tables[0] == tables[1] and len(tables[0]) == 3


def test_the_loop_prints_logs_and_begins_in_silence_what_observe_says(tmp_path, capsys):
    log = tmp_path / "run.jsonl"
    _, result, _, one = schooled(V2, V2Config, log=log)
    logged = [e["phase_ended"] for e in map(json.loads, log.read_text().splitlines()) if
              "phase_ended" in e]  # fmt: skip
    assert logged == one.table == [e["phase_ended"] for e in result.history if "phase_ended" in e]
    assert capsys.readouterr().out.splitlines() == [phase_line(row) for row in one.table]


def test_a_new_phase_begins_in_silence(monkeypatch):
    silent, learn = [], Run._learn

    def noted(self, number):
        silent.append(not any(part.mem.any() for part in self.state))
        return learn(self, number)

    monkeypatch.setattr(Run, "_learn", noted)
    _, result, _, _ = schooled(V2, V2Config)
    ends = [e["step"] for e in result.history if "phase_ended" in e]
    assert len(ends) == 3 and ends[-1] == SHORT.steps
    assert [step for step, still in enumerate(silent) if still] == [0, *ends[:-1]]


def test_a_schedule_with_other_phases_does_not_resume(tmp_path):
    file = tmp_path / "run.resume"
    schooled(V2, V2Config, 9, resume_file=file)
    model, one = V2(V2Config(**SMALL)), Schedule(texts(n=600), SHORT, "digest", STAGES[1:])
    with pytest.raises(RealSamError, match="belongs to a run with phases"):
        study(model, one, SHORT, resume_file=file, resume=True, progress=False)
