"""Stopping and going on: one file with everything a run needs to continue to the same numbers.

It holds the state of all readers, however many processes shared them, so that a run may go on with
another number of processes.
"""

from dataclasses import asdict

import torch

from ..checkpoint import pack, unpack
from ..runtime.errors import RealSamError
from . import distributed


def save(run) -> None:
    """Write `run.resume_file`; every process takes part, the first one writes."""
    tensors = {f"model.{k}": v for k, v in run.model.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in run.mean.state_dict().items()}
    for index, slots in run.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": v for k, v in slots.items()}
    for index, part in enumerate(run.state):
        kept = {k: distributed.gather(v) for k, v in part._asdict().items()}
        tensors |= {f"state.{index}.{k}": v for k, v in kept.items()}
    tensors["rng"] = torch.get_rng_state()
    if run.device.type == "cuda":
        tensors["rng_cuda"] = torch.cuda.get_rng_state()
    card = _identity(run) | {"lesson": run.lesson.state_dict()}
    card |= {"step": run.step, "seconds": run.seconds, "history": run.history}
    card["recent"] = run.recent
    distributed.on_first(lambda: pack(run.resume_file, tensors, card))


def _identity(run) -> dict:
    """What has to be the same for a run to go on: settings, model, text."""
    config, model = asdict(run.config), asdict(run.model.config)
    version = {"version": type(run.model).__name__}
    return {"config": config, "model": version | model, "text": run.lesson.identity()}


def restore(run) -> None:
    """Continue where `save` stopped.

    Raises:
        RealSamError: there is no such file, it is damaged, or it belongs to another run.
    """
    if not run.resume_file.is_file():
        raise RealSamError(
            f"There is nothing to resume at {run.resume_file}: the run is finished, or it was "
            "stopped before its first save; start it without --resume."
        )
    tensors, card = unpack(run.resume_file)
    mine = _identity(run)
    wanted = {k: v for part in mine.values() for k, v in part.items()}
    saved = {k: v for name in mine for k, v in card[name].items()}
    other = [f"{k} {saved.get(k)} (now {v})" for k, v in wanted.items() if saved.get(k) != v]
    if other:
        raise RealSamError(
            f"{run.resume_file} belongs to a run with {', '.join(other)}; "
            "repeat its flags to resume it, or drop --resume to start anew."
        )
    _put_back(run, tensors)
    run.lesson.load_state_dict(card["lesson"])
    run.step, run.seconds, run.history = card["step"], card["seconds"], card["history"]
    run.recent = card["recent"]


def _put_back(run, tensors: dict[str, torch.Tensor]) -> None:
    """Fill weights, their means, optimiser, state and random numbers."""

    def part(name: str) -> dict:
        return {k[len(name) :]: v for k, v in tensors.items() if k.startswith(name)}

    run.model.load_state_dict(part("model."))
    run.mean.load_state_dict(part("mean."))
    slots: dict[int, dict] = {}
    for key, value in part("adam.").items():
        index, name = key.split(".")
        slots.setdefault(int(index), {})[name] = value
    groups = run.optimizer.state_dict()["param_groups"]
    run.optimizer.load_state_dict({"state": slots, "param_groups": groups})
    state = part("state.")
    run.state = tuple(
        type(like)(*(distributed.rows(state[f"{i}.{k}"]).to(run.device) for k in like._fields))
        for i, like in enumerate(run.state)
    )
    torch.set_rng_state(tensors["rng"])
    if run.device.type == "cuda" and "rng_cuda" in tensors:
        torch.cuda.set_rng_state(tensors["rng_cuda"])
