"""Sam as a recogniser of Microsoft Presidio, beside its own (`pip install presidio-analyzer`).

    analyzer.registry.add_recognizer(SamRecognizer())
    analyzer.analyze("Call Ana Ruiz on 0171 555 2368", language="en")

The interface is that of `presidio_analyzer.EntityRecognizer`; Presidio's name of a type is used
where it has one.
"""

from collections.abc import Callable
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.settings import data_dir
from . import saved
from .find import THRESHOLD, Finder
from .labelled import Span
from .labels import TYPES, our_type, presidio_name

try:
    import spacy
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerResult
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
except ImportError:
    raise RealSamError(
        "Presidio is not installed; install it with `pip install presidio-analyzer`."
    ) from None


class SamRecognizer(EntityRecognizer):
    """Finds all types of private data that Sam knows.

    Args:
        checkpoint: a tagger; None is the one that comes with the project.
        threshold: probability above which a word is private; less finds more.
        language: the one whose requests it answers; Sam learnt from English texts.
    """

    def __init__(
        self, checkpoint: str | Path | None = None, threshold: float = THRESHOLD, language="en"
    ):
        self.checkpoint = checkpoint or data_dir() / "checkpoints" / "ner.safetensors"
        self.threshold, self.finder = threshold, None
        names = [presidio_name(name) for name in TYPES]
        super().__init__(names, name="Real Sam", supported_language=language)

    def load(self) -> None:
        """Load the tagger; Presidio calls it."""
        model, _ = saved.load(self.checkpoint)
        self.finder = Finder(model, self.threshold)

    def analyze(self, text: str, entities: list[str], nlp_artifacts=None) -> list:
        """Return a `RecognizerResult` for each span of the types in `entities`; none means all."""
        wanted = set(entities or self.supported_entities)
        return [
            RecognizerResult(name, span.start, span.end, span.score)
            for span in self.finder.find([text])[0]
            if (name := presidio_name(span.type)) in wanted
        ]


class WordsOnly(SpacyNlpEngine):
    """spaCy without a language model, which would have to be fetched: it only cuts words."""

    def __init__(self):
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


def own_patterns() -> Callable[[str], list[Span]]:
    """Return what finds spans with Presidio's own patterns, checksums and context words.

    Names need a language model there, so none are found. Of spans that overlap the surest counts,
    of equally sure ones the longest.
    """
    analyzer = AnalyzerEngine(nlp_engine=WordsOnly())

    def find(text: str) -> list[Span]:
        found = analyzer.analyze(text, language="en")
        kept: list[Span] = []
        for result in sorted(found, key=lambda r: (-r.score, r.start - r.end)):
            kind = our_type(result.entity_type)
            free = all(result.end <= s.start or s.end <= result.start for s in kept)
            if kind and free:
                kept.append(Span(result.start, result.end, kind))
        return sorted(kept)

    return find
