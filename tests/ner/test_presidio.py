"""Sam inside of the real analyzer of Presidio, where it is installed."""

import json
import sys

import pytest
from ner.stand_ins import knowing
from project import run

from realsam_edu.ner import saved
from realsam_edu.ner.labelled import Example, Span, write_labelled
from realsam_edu.ner.labels import TYPES, presidio_name
from realsam_edu.runtime.errors import RealSamError


def test_without_presidio_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    sys.modules.pop("realsam_edu.ner.presidio", None)
    with pytest.raises(RealSamError, match="pip install presidio-analyzer"):
        from realsam_edu.ner import presidio  # noqa: F401
    sys.modules.pop("realsam_edu.ner.presidio", None)


@pytest.fixture
def analyzer():
    """The real analyzer, its own recognisers beside Sam; no language model has to be fetched."""
    analyzer = pytest.importorskip("presidio_analyzer")
    from realsam_edu.ner.presidio import SamRecognizer, WordsOnly

    class Knowing(SamRecognizer):
        def load(self):
            self.finder = knowing()

    registry = analyzer.RecognizerRegistry()
    registry.load_predefined_recognizers()
    registry.add_recognizer(Knowing())
    return analyzer.AnalyzerEngine(registry=registry, nlp_engine=WordsOnly())


def test_sam_answers_inside_of_the_analyzer(analyzer):
    text = "Ana Ruiz paid with 4111 1111 1111 1111 in Elm St Leeds"
    found = {text[r.start : r.end]: r.entity_type for r in analyzer.analyze(text, language="en")}
    assert found["Ana Ruiz"] == "PERSON" and found["Elm St Leeds"] == "STREET_ADDRESS"
    assert found["4111 1111 1111 1111"] == "CREDIT_CARD"  # by Presidio's own
    only = analyzer.analyze(text, language="en", entities=["STREET_ADDRESS"])
    assert [(r.start, r.end) for r in only] == [(42, 54)] and only[0].score > 0.9


def test_it_loads_its_tagger_and_knows_the_types(tmp_path):
    pytest.importorskip("presidio_analyzer")
    from realsam_edu.ner.presidio import SamRecognizer

    path = tmp_path / "tagger.safetensors"
    saved.save(path, saved.build("spikes", rows=64, hidden=16, depth=2), {})
    sam = SamRecognizer(path, threshold=0.3)
    assert sam.supported_entities == [presidio_name(name) for name in TYPES]
    results = sam.analyze("Ana Ruiz " * 30, [])
    assert results and all(r.score >= 0.3 for r in results)


def test_presidios_own_patterns_are_a_rival(tmp_path, capsys):
    pytest.importorskip("presidio_analyzer")
    from realsam_edu.ner.presidio import own_patterns

    find = own_patterns()
    text = "Ana, mail ana@ruiz.es or pay with 4111 1111 1111 1111"
    kinds = {text[s.start : s.end]: s.type for s in find(text)}
    assert kinds == {"ana@ruiz.es": "EMAIL_ADDRESS", "4111 1111 1111 1111": "CREDIT_CARD"}
    path, file = tmp_path / "tagger.safetensors", tmp_path / "texts.json"
    saved.save(path, saved.build("spikes", rows=64, hidden=16, depth=2), {})
    write_labelled(file, [Example(text, (Span(10, 21, "EMAIL_ADDRESS"),))])
    code, line, _ = run(
        capsys, "ner", "evaluate", "--file", file, "--checkpoint", path, "--presidio", "--json"
    )
    assert code == 0
    assert json.loads(line)["beside"]["Presidio's patterns"]["span_f1"] == 1.0
