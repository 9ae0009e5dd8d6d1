"""`realsam generate`: let Sam write."""

from itertools import islice

from .. import checkpoint
from ..generation.generate import stream
from ..runtime.errors import RealSamError
from ..runtime.settings import pick_device
from .flags import checkpoint_path

PROMPTS = {"characters": "ROMEO:", "bpe": "Once upon a time, there was a little dog. One day,"}


def generate(args) -> int:
    """Print what Sam writes, as it comes; return the exit code."""
    if args.n < 1:
        raise RealSamError(f"n is {args.n}; ask for at least 1 character.")
    loaded = checkpoint.load(checkpoint_path(args), pick_device(args.device))
    kind = loaded.tokenizer.kind
    prompt = args.prompt if args.prompt is not None else PROMPTS[kind]
    pieces = stream(
        loaded.model, loaded.tokenizer, prompt, args.temperature, args.top_k, args.seed, args.stress
    )
    first = next(pieces, "")  # a bad prompt is refused before anything is printed
    print(prompt + first, end="", flush=True)
    for piece in islice(pieces, args.n - 1):
        print(piece, end="", flush=True)
    print()
    return 0


def add_commands(command) -> None:
    """Add `generate`."""
    sub = command("generate", generate, "Let Sam write.", "checkpoint", "device")
    sub.add_argument("--prompt", help=f"what Sam reads first; default: {PROMPTS}")
    sub.add_argument("--n", type=int, default=400, help="pieces to write, at most")
    sub.add_argument("--temperature", type=float, default=0.8, help="0 is the likeliest piece")
    sub.add_argument("--top-k", type=int, help="draw among the k likeliest pieces only")
    sub.add_argument("--stress", type=float, help="hold V4's stress here (0 to 1)")
    sub.add_argument("--seed", type=int, default=0)
