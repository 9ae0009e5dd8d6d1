"""`realsam data`: fetch texts, learn a tokenizer, encode them."""

from pathlib import Path

from ..runtime.settings import data_dir
from ..text import corpora
from ..text.prepare import prepare
from ..text.token_files import Prepared
from .flags import VOCAB, paths_by_name


def prepared(args, names: list[str], paths: dict) -> Prepared:
    """Return these corpora as tokens, preparing what has not been prepared yet."""
    return prepare(
        names, args.data_dir, VOCAB if args.vocab is None else args.vocab, paths,
        learn_from=args.learn_from.split(",") if args.learn_from else None,
        storybook_chars=args.storybook_chars,
    )  # fmt: skip


def data(args) -> int:
    """Fetch, learn and encode what `--corpora` names; return the exit code."""
    names = list(corpora.parse(args.corpora))
    folder = Path(args.data_dir) if args.data_dir else data_dir()
    paths = paths_by_name(args.path, names)
    plain = [name for name in names if corpora.known(name).one_text and args.vocab is None]
    for name in plain:
        corpus = corpora.load_corpus(name, paths.get(name), folder / "cache")
        print(
            f"{corpus.name}: {len(corpus.train):,} characters to train on, {len(corpus.val):,} "
            f"to validate on, sha256 {corpus.sha256[:12]}, {corpus.licence}, from {corpus.source}"
        )
    rest = [name for name in names if name not in plain]
    if rest:
        try:
            made = prepared(args, rest, paths)
        except KeyboardInterrupt:
            print("Stopped; the same command goes on from here: what is finished stays.")
            return 130
        print(*made.report(), sep="\n")
    return 0


def add_commands(command) -> None:
    """Add `data`."""
    text = "Fetch texts, learn a tokenizer, encode them; again: nothing to do."
    sub = command("data", data, text, "corpus")
    sub.add_argument("--corpora", default="storybook", help="comma-separated names")
