"""What Sam reads: corpora, storybook, tokenizers, tokens on disk (notebooks 05 and 06)."""

from .bpe_lesson import learn_merges, merge, segment
from .corpora import by_level, documents, floors, load_corpus, parse
from .prepare import STORYBOOK_CHARS, prepare
from .tokenizer import BPETokenizer, CharTokenizer
