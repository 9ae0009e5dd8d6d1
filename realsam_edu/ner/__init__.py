"""The same neurons finding private data in texts (notebook 11)."""

from .batches import Reading
from .decode import TAGS, Found, best_path, spans_of, tags_of
from .evaluate import compare, measure
from .find import Finder, Passage
from .labelled import Example, Span, labelled, write_labelled
from .pii import examples
from .pipeline import held_out, prepared, reading
from .redact import Redactor, stand_in
from .saved import build, load, save
from .tagger import Tagger, TaggerConfig
from .train import Training
from .words import Word, fired_by, pieces, words
