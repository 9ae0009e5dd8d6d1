"""Training on several processes that `torchrun` starts, with the numbers of one.

    torchrun --nproc-per-node=2 -m realsam_edu train --mode v4

Each process has the whole model and an equal share of the texts of a batch, and torch's
DistributedDataParallel takes the mean of the gradients. That would be the gradient of one process
if everything were a mean over texts; but the rate penalty, V3's thresholds and stress look at
the whole batch. So the training loop shares rates and losses (`shared_mean`), and `parallel` tells
the model's dropout to be drawn for the whole batch by everyone, each keeping its own rows. Process
0 alone speaks, measures and writes. Without torchrun nothing is started, and every function here
gives back what it was given.
"""

import os
import warnings
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ..model.dropout import LockedDropout
from ..runtime.errors import RealSamError

WAIT = timedelta(days=7)  # process 0 may be downloading; torchrun ends those who wait in vain


@contextmanager
def joined():
    """Inside, the processes that torchrun started know one another; only the first one speaks."""
    launched = dist.is_available() and dist.is_torchelastic_launched()
    if not launched or dist.is_initialized():
        yield
        return
    # What the host has to know goes over gloo, also beside a GPU: it makes none of them wait.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=WAIT)
    try:
        with ExitStack() as stack:
            if rank() > 0:
                nothing = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
                stack.enter_context(redirect_stdout(nothing))
                stack.enter_context(redirect_stderr(nothing))
            yield
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Return the number of this process, from 0."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def world() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def place(device: torch.device) -> torch.device:
    """Return the device of this process: the CPU, or a GPU of its own.

    Raises:
        RealSamError: there are more processes than GPUs, or a device that cannot be shared.
    """
    if world() == 1 or device.type == "cpu":
        return device
    if device.type != "cuda":
        raise RealSamError(f"Several processes cannot train on {device.type}; add --device cpu.")
    local, present = dist.get_node_local_rank(0), torch.cuda.device_count()

    def take() -> torch.device:
        if local >= present:
            raise RealSamError(
                "There are more processes than GPUs; start torchrun with "
                f"--nproc-per-node={present} or add --device cpu."
            )
        torch.cuda.set_device(local)
        return torch.device("cuda", local)

    return in_turn(take)


# ---------------------------------------------------------------- who reads what


def share(batch_size: int) -> int:
    """Return how many texts of a batch belong to this process.

    Raises:
        RealSamError: they cannot be shared equally.
    """
    each, left = divmod(batch_size, world())
    if left:
        raise RealSamError(
            f"{batch_size} readers cannot be shared equally by {world()} processes; choose a "
            f"--batch-size that {world()} divides, or another --nproc-per-node."
        )
    return each


def rows(whole: torch.Tensor) -> torch.Tensor:
    """Return the rows of this process, (B/n, …), of what belongs to the whole batch, (B, …)."""
    each = share(len(whole))
    return whole[rank() * each : (rank() + 1) * each]


def gather(part: torch.Tensor) -> torch.Tensor:
    """Return what belongs to the whole batch, (B, …), from the rows of each process, (B/n, …)."""
    if world() == 1:
        return part
    parts = [torch.empty_like(part) for _ in range(world())]
    dist.all_gather(parts, part.contiguous())
    return torch.cat(parts)


# ---------------------------------------------------------------- one gradient


class _SharedMean(torch.autograd.Function):
    """The mean over all processes; its gradient reaches the own part as if that were the mean.

    With f a function of the mean r of all rₖ, process k collects f′(r)·drₖ/dw, and the mean of that
    over the processes, which DistributedDataParallel takes, is f′(r)·dr/dw. The value is the same
    bit for bit everywhere, so that thresholds cannot drift apart.
    """

    @staticmethod
    def forward(ctx, part):
        whole = part.clone()
        dist.all_reduce(whole)
        return whole.div_(world())

    @staticmethod
    def backward(ctx, grad):
        return grad


def shared_mean(parts: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the mean over all processes of each of `parts`, tensors of equal shape."""
    if world() == 1:
        return parts
    return list(_SharedMean.apply(torch.stack(parts)).unbind())


def _draw_rows(shape: torch.Size, device: torch.device) -> torch.Tensor:
    """Draw for the texts of all processes, and keep the rows of this one, (B/n, N)."""
    return rows(torch.rand(world() * shape[0], *shape[1:], device=device))


def parallel(model: nn.Module) -> nn.Module:
    """Return what to call in place of `model`; its gradients are those of the whole batch."""
    if world() == 1:
        return model
    for part in model.modules():
        if isinstance(part, LockedDropout):
            part.draw = _draw_rows
    with warnings.catch_warnings():  # newer versions of torch call the flag by another name
        warnings.simplefilter("ignore", FutureWarning)
        return DistributedDataParallel(model, broadcast_buffers=False)  # they agree already


def collecting(model: nn.Module, last: bool):
    """Return a context for one batch of a step; gradients are shared after the last one."""
    return nullcontext() if last or world() == 1 else model.no_sync()


# ---------------------------------------------------------------- one voice


def any_of(flag: bool) -> bool:
    """Tell whether the flag is up in any process."""
    if world() == 1:
        return flag
    raised = torch.tensor(int(flag))
    dist.all_reduce(raised, dist.ReduceOp.MAX)
    return bool(raised)


def _attempt(work) -> tuple:
    """Return `(result, error)` of `work()`; what a user can put right, or did, is told to all."""
    try:
        return work(), None
    except (RealSamError, KeyboardInterrupt) as error:
        return None, error


def on_first(work):
    """Do `work()` on process 0 only; its result, or its error, is everyone's."""
    if world() == 1:
        return work()
    outcome = list(_attempt(work)) if rank() == 0 else [None, None]
    dist.broadcast_object_list(outcome, device=torch.device("cpu"))
    result, error = outcome
    if error is not None:
        raise error
    return result


def in_turn(work):
    """Do `work()` on process 0, then on the others: what it leaves on disk is made once.

    An error of one is everyone's.
    """
    if world() == 1:
        return work()
    result = None
    for mine in (rank() == 0, rank() > 0):
        error, errors = None, [None] * world()
        if mine:
            result, error = _attempt(work)
        dist.all_gather_object(errors, error)
        for error in filter(None, errors):
            raise error
    return result
