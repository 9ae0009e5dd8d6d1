"""Two processes give the numbers of one: this file is the test, and what torchrun starts for it.

The small models compute in double precision. A spike is a yes or no, so in single precision two
sums in another order end, after some steps, in another spike, and from there in another run.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from realsam_edu import cli
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v3 import V3, V3Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.shakespeare import HELD_OUT_PLAYS
from realsam_edu.training import distributed
from realsam_edu.training.config import TrainConfig
from realsam_edu.training.curriculum import Phase, Schedule
from realsam_edu.training.loop import study

STEPS, STOP = 50, 23  # STOP is not a validation
SETTINGS = {
    "steps": STEPS,
    "batch_size": 4,
    "seq_len": 16,
    "eval_every": 5,
    "warmup": 5,
    "lr": 3e-3,
}
SMALL = {"vocab": 40, "embed": 8, "hidden": 16}
STAGES = (
    Phase("words", 4, 0.2, {"words": 1.0}),
    Phase("phrases", 8, 0.4, {"phrases": 0.75, "words": 0.25}),
    Phase("stories", 16, 1.0, {"stories": 0.75, "words": 0.25}),
)
CASES = ("v1", "v3", "v4")
NUMBERS = ("loss", "val", "norm", "rate", "rates", "stress", "thr", "lr")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
PATIENCE = 7200  # seconds; it only keeps processes that wait for each other from doing so for ever


def small(case: str):
    """Return a small model, its schedule and settings; V4 has phases and two batches a step."""
    seed_all(3)
    if case == "v1":  # with dropout
        model, config = V1(V1Config(**SMALL)), TrainConfig(**SETTINGS)
    elif case == "v3":  # with moving thresholds
        model, config = V3(V3Config(**SMALL, depth=2)), TrainConfig(**SETTINGS, rate_weight=0.0)
    else:
        model, config = V4(V4Config(**SMALL, depth=2)), TrainConfig(**SETTINGS, grad_accum=2)
    rng = torch.Generator().manual_seed(1)
    texts = {
        phase.name: tuple(torch.randint(40, (n,), generator=rng) for n in (600, 90))
        for phase in STAGES
    }
    schedule = Schedule.of_text(*texts["stories"], config)
    if case == "v4":
        schedule = Schedule(texts, config, "digest", STAGES)
    return model.double(), schedule, config


def learn(case: str, folder: Path, name: str, stop=None, resume=False):
    """Train, perhaps only to step `stop`, where one process alone hears Ctrl-C."""
    folder.mkdir(exist_ok=True)

    def on_step(step, record):
        if step == stop and distributed.rank() == distributed.world() - 1:
            os.kill(os.getpid(), signal.SIGINT)

    files = {
        "log": folder / f"{case}_{name}.jsonl",
        "resume_file": folder / f"{case}_{name}.resume",
    }
    return study(*small(case), resume=resume, on_step=on_step, progress=False, **files)


TINY = ["--steps", "60", "--batch-size", "4", "--seq-len", "8", "--eval-every", "20"]


def command(folder: Path) -> list[str]:
    """Return a training of V1 on the 38 very short plays that `write_plays` writes."""
    where = ["--data-dir", str(folder), "--out", str(folder / "runs/v1.safetensors")]
    return ["train", "--path", str(folder / "plays"), *where, *TINY]


def write_plays(folder: Path) -> None:
    (folder / "plays").mkdir()
    for name in [*HELD_OUT_PLAYS, *(f"play-{i}" for i in range(34))]:
        line = "Friends, Romans, countrymen, lend me your ears;  \n" * 8
        (folder / f"plays/{name}.md").write_text(f"# {name}\n\n**ANTONY**  \n{line}")


# ---------------------------------------------------------------- what torchrun starts


def parts() -> dict:
    """Return what every function of `distributed` does in this process."""
    rank, whole = distributed.rank(), torch.arange(12.0).view(4, 3)
    mine = torch.tensor([1.0, 3.0 * rank], requires_grad=True)
    (mean,) = distributed.shared_mean([mine])
    (mean**2).sum().backward()
    seen = {"rows": distributed.rows(whole).tolist(), "mean": mean.tolist()}
    seen |= {"grad": mine.grad.tolist(), "any": distributed.any_of(rank == 1)}
    seen |= {"none": distributed.any_of(False), "on_first": distributed.on_first(os.getpid)}
    seen["gather"] = distributed.gather(distributed.rows(whole)).tolist()
    seen["pid"] = os.getpid()
    marks: list[float] = distributed.in_turn(lambda: [time.time(), time.sleep(0.2), time.time()])
    seen["turn"] = marks[::2]
    for where in (0, 1):

        def fail(where=where):
            if distributed.rank() == where:
                raise RealSamError(f"It is full at {where}.")

        for together in (distributed.on_first, distributed.in_turn):
            try:
                together(fail)
            except RealSamError as error:
                seen[f"{together.__name__} {where}"] = str(error)
    try:
        distributed.share(3)
    except RealSamError as error:
        seen["share"] = str(error)
    return seen


def as_one_of_several(folder: Path) -> None:
    """Do in each of two processes what the tests look at."""
    with distributed.joined():
        print("heard once")
        print(json.dumps(parts()), file=(folder / f"parts{distributed.rank()}.json").open("w"))
        for case in CASES:
            learn(case, folder, "two")
            learn(case, folder, "two_stopped", stop=STOP)
            learn(case, folder, "one_stopped", resume=True)
        assert cli.main([*command(folder), "--batch-size", "3"]) == 2
        assert not list((folder / "runs").iterdir())
        assert cli.main(command(folder)) == 0
    assert not torch.distributed.is_initialized()


if __name__ == "__main__":
    as_one_of_several(Path(sys.argv[1]))


# ---------------------------------------------------------------- the numbers


def torchrun(*argv, **how) -> subprocess.Popen:
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*TORCHRUN, *map(str, argv)], env=env, **pipes, **how)


def outcome(process: subprocess.Popen) -> tuple[str, str, int]:
    """Return what it said and its exit code; nothing is left behind if it hangs."""
    try:
        return *process.communicate(timeout=PATIENCE), process.returncode
    except subprocess.TimeoutExpired:
        process.terminate()  # the launcher takes its processes along
        pytest.fail("\n".join(process.communicate()))


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Train everything once with one process and once with two; each goes on for the other."""
    folder = tmp_path_factory.mktemp("runs")
    for case in CASES:
        learn(case, folder, "one")
        learn(case, folder, "one_stopped", stop=STOP)
    write_plays(folder)
    out, err, code = outcome(torchrun(__file__, folder))
    assert code == 0, err
    (folder / "out.txt").write_text(out)
    (folder / "err.txt").write_text(err)
    for case in CASES:
        learn(case, folder, "two_stopped", resume=True)
    return folder


def read(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("name", ["two", "two_stopped", "one_stopped"])
@pytest.mark.parametrize("case", CASES)
def test_two_processes_give_the_numbers_of_one(shared, case, name):
    one, other = read(shared / f"{case}_one.jsonl"), read(shared / f"{case}_{name}.jsonl")
    assert [entry["step"] for entry in other] == list(range(5, STEPS + 1, 5))
    assert [entry["phase"] for entry in one] == [entry["phase"] for entry in other]
    for mine, theirs in zip(one, other, strict=True):
        for key in NUMBERS:
            if mine[key] is None:
                assert theirs[key] is None
            else:
                mine_, theirs_ = torch.tensor(mine[key]), torch.tensor(theirs[key])
                torch.testing.assert_close(theirs_, mine_, rtol=0, atol=1e-5, msg=key)


def test_the_comparison_has_something_to_compare(shared):
    logs = {case: read(shared / f"{case}_one.jsonl") for case in CASES}
    assert {entry["phase"] for entry in logs["v4"]} == {phase.name for phase in STAGES}
    assert logs["v3"][-1]["thr"] != logs["v3"][0]["thr"]
    assert logs["v4"][-1]["stress"] < 1.0
    for log in logs.values():
        assert abs(log[-1]["loss"] - log[0]["loss"]) > 1e-3


# ---------------------------------------------------------------- the parts


def test_every_part_does_its_share(shared):
    both = [json.loads((shared / f"parts{rank}.json").read_text()) for rank in (0, 1)]
    whole = torch.arange(12.0).view(4, 3).tolist()
    assert [seen["rows"] for seen in both] == [whole[:2], whole[2:]]
    first, second = both
    for seen in both:
        assert seen["gather"] == whole
        assert seen["mean"] == [1.0, 1.5] and seen["grad"] == [2.0, 3.0]
        assert seen["any"] is True and seen["none"] is False
        assert seen["on_first"] == first["pid"] != second["pid"]
        assert seen["on_first 0"] == seen["in_turn 0"] == "It is full at 0."
        assert seen["in_turn 1"] == "It is full at 1." and "on_first 1" not in seen
        assert "3 readers cannot be shared equally by 2 processes; choose a" in seen["share"]
    assert first["turn"][1] <= second["turn"][0]


def test_one_process_starts_nothing():
    with distributed.joined():
        assert not torch.distributed.is_initialized()
    parts = [torch.ones(3)]
    assert distributed.shared_mean(parts) is parts and distributed.gather(parts[0]) is parts[0]
    model = torch.nn.Linear(2, 2)
    assert distributed.parallel(model) is model
    assert (distributed.rank(), distributed.world(), distributed.share(7)) == (0, 1, 7)
    assert distributed.place(torch.device("cuda", 3)) == torch.device("cuda", 3)


def test_the_host_does_not_look_at_the_numbers_of_every_step(monkeypatch):
    """Between two validations nothing is fetched, unless somebody listens."""
    from realsam_edu.training.loop import Run

    model, schedule, config = small("v4")
    fetches, fetch = [], Run._fetch
    monkeypatch.setattr(Run, "_fetch", lambda self: (fetches.append(self.step), fetch(self))[1])
    monkeypatch.setattr(torch.Tensor, "item", None)
    monkeypatch.setattr(torch.Tensor, "__float__", None)
    run = Run(model.train(), schedule, config)
    for _ in range(3):
        run._advance()
    monkeypatch.undo()
    assert fetches == []
    assert [step["loss"] for step in [run._fetch()]] == run.recent[-1:] and len(run.recent) == 3


# ---------------------------------------------------------------- the command


def test_several_processes_speak_with_one_voice(shared):
    """One sentence for a mistake, then one summary, checkpoint and card of the finished run."""
    out, err = (shared / "out.txt").read_text(), (shared / "err.txt").read_text()
    assert out.count("heard once") == out.count("V1  ") == out.count("Saved ") == 1
    assert [line for line in err.splitlines() if "realsam: " in line] == [
        "realsam: 3 readers cannot be shared equally by 2 processes; choose a --batch-size that 2 "
        "divides, or another --nproc-per-node."
    ]
    assert "Traceback" not in err
    card = json.loads((shared / "runs/v1.json").read_text())
    assert card["hardware"]["processes"] == 2
    assert card["command"].startswith("torchrun --nproc-per-node=2 -m realsam_edu train")
    assert sorted(path.name for path in (shared / "runs").iterdir()) == [
        "v1.json",
        "v1.jsonl",
        "v1.png",
        "v1.safetensors",
    ]


def test_the_command_is_interrupted_and_resumed(tmp_path):
    """Ctrl-C in the launcher reaches all; one process goes on where two have stopped."""
    write_plays(tmp_path)
    often = [*command(tmp_path), "--eval-every", "1"]  # the first is followed by 59 more steps
    process = torchrun("-m", "realsam_edu", *often)
    log, file = tmp_path / "runs/v1.jsonl", tmp_path / "runs/v1.resume"
    while not file.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err, _ = outcome(process)
    assert out.count("Stopped; add --resume") == 1, err
    assert file.exists() and not file.with_suffix(".safetensors").exists()
    stopped = read(log)[-1]["step"]
    assert cli.main([*often, "--resume"]) == 0
    assert read(log)[-1]["step"] == 60 > stopped and not file.exists()
