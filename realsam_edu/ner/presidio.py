"""Sam as a recogniser of Microsoft Presidio, beside its own (`pip install presidio-analyzer`).

    analyzer.registry.add_recognizer(SamRecognizer())
    analyzer.analyze("Call Ana Ruiz on 0171 555 2368", language="en")

The interface is that of `presidio_analyzer.EntityRecognizer`; Presidio's name of a type is used
where it has one.
"""

from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.settings import data_dir
from . import saved
from .find import THRESHOLD, Finder
from .labels import TYPES, presidio_name

try:
    from presidio_analyzer import EntityRecognizer, RecognizerResult
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
