"""`realsam generate`: let Sam write."""

import sys
from itertools import islice

from .. import checkpoint
from ..generation.generate import STOPS, stream
from ..runtime.errors import RealSamError
from ..runtime.files import decoded
from ..runtime.settings import pick_device
from .flags import checkpoint_path

PROMPTS = {"characters": "ROMEO:", "bpe": "Once upon a time, there was a little dog. One day,"}
LONGEST = 1_000_000  # characters of a prompt from standard input, which may have no end


def generate(args) -> int:
    """Print what Sam writes, as it comes; return the exit code."""
    if args.n < 1:
        raise RealSamError(f"n is {args.n}; ask for at least 1 character.")
    loaded = checkpoint.load(checkpoint_path(args), pick_device(args.device))
    prompt = PROMPTS[loaded.tokenizer.kind] if args.prompt is None else args.prompt
    prompt = _typed() if prompt == "-" else prompt
    pieces = stream(
        loaded.model, loaded.tokenizer, prompt, args.temperature, args.top_k, args.seed,
        args.stress, None, args.top_p, args.repetition_penalty, args.stop,
    )  # fmt: skip
    first = next(pieces, "")  # a bad prompt is refused before anything is printed
    print(prompt + first, end="", flush=True)
    for piece in islice(pieces, args.n - 1):
        print(piece, end="", flush=True)
    print(flush=True)
    return 0


def _typed() -> str:
    """Return the text of standard input, without the end of its last line."""
    if sys.stdin is None:
        raise RealSamError("Standard input is closed; give the prompt as --prompt TEXT.")
    text = ""
    for chunk in decoded(sys.stdin.buffer, "standard input"):
        text += chunk
        if len(text) > LONGEST:
            raise RealSamError(
                f"The prompt has more than {LONGEST:,} characters; give Sam a shorter one."
            )
    return text.removesuffix("\n")


def add_sampling_flags(sub) -> None:
    """Add how to draw, for whoever writes or talks."""
    sub.add_argument("--temperature", type=float, default=0.8, help="0 is the likeliest piece")
    sub.add_argument("--top-k", type=int, help="draw among the k likeliest pieces only")
    text = "draw among the likeliest pieces that make up this probability"
    sub.add_argument("--top-p", type=float, help=text)
    text = "above 1: what came lately comes less often; default: 1"
    sub.add_argument("--repetition-penalty", type=float, default=1.0, help=text)
    sub.add_argument("--stress", type=float, help="hold V4's stress here (0 to 1)")
    sub.add_argument("--seed", type=int, default=0, help="same seed, same text")


def add_commands(command) -> None:
    """Add `generate`."""
    sub = command("generate", generate, "Let Sam write.", "checkpoint", "device")
    text = f"what Sam reads first; - is standard input; default: {PROMPTS}"
    sub.add_argument("--prompt", help=text)
    sub.add_argument("--n", type=int, default=400, help="pieces to write, at most")
    text = "where to stop: at the end of the text, or also of a turn in a conversation"
    sub.add_argument("--stop", default=STOPS[0], choices=STOPS, help=text)
    add_sampling_flags(sub)
