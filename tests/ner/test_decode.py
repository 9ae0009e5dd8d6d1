"""Tags and spans: sequences that are always valid, offsets that are exact."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from realsam_edu.ner.decode import OUTSIDE, TAGS, best_path, private_scores, spans_of, tags_of
from realsam_edu.ner.labelled import Span
from realsam_edu.ner.labels import TYPES
from realsam_edu.ner.words import words

SCORES = st.floats(-5, 5, width=32)


def may_follow(tag, before):
    return tag % 2 == 1 or tag == OUTSIDE or before in (tag, tag - 1)


def valid(path):
    return all(may_follow(tag, before) for before, tag in pairwise([OUTSIDE, *path]))


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2), st.just(5)), elements=SCORES))
def test_the_path_is_the_best_of_all_valid_ones(scores):
    steps, batch, tags = scores.shape
    paths = best_path(scores)
    for row in range(batch):
        every = [path for path in product(range(tags), repeat=steps) if valid(path)]
        best = max(sum(scores[t, row, tag] for t, tag in enumerate(path)) for path in every)
        assert valid(paths[:, row])
        own = sum(scores[t, row, tag] for t, tag in enumerate(paths[:, row]))
        assert own == pytest.approx(best, abs=1e-4)


@given(arrays(np.float32, (30, 3, len(TAGS)), elements=st.floats(-50, 50, width=32)))
def test_no_scores_lead_to_an_invalid_sequence(scores):
    assert all(valid(path) for path in best_path(scores).T)


def test_spans_become_tags_and_spans_again():
    text = "Dr. Ana Ruiz, 12 Elm St\nLeeds, called Bo Li"
    spans = (Span(0, 3, "TITLE"), Span(4, 12, "PERSON"), Span(14, 29, "STREET_ADDRESS"))
    spans += (Span(38, 43, "PERSON"),)
    found = list(words(text))
    tags = np.array(tags_of(found, spans))
    named = [TAGS[tag] for tag in tags]
    assert named[:4] == ["B-TITLE", "I-TITLE", "B-PERSON", "I-PERSON"]
    assert valid(tags)
    back = spans_of(found, tags, np.full(len(found), 0.75))
    assert [Span(*span[:3]) for span in back] == list(spans)
    assert {span.score for span in back} == {0.75}


def test_neighbours_of_one_type_stay_two_spans():
    found = list(words("Bo Li"))
    tags = np.array(tags_of(found, (Span(0, 2, "PERSON"), Span(3, 5, "PERSON"))))
    assert [TAGS[tag] for tag in tags] == ["B-PERSON", "B-PERSON"]
    assert len(spans_of(found, tags, np.ones(2))) == 2


def test_white_space_at_the_ends_is_no_part_of_a_span():
    found, person = list(words("\n\nBo\tLi\n\n")), 1 + 2 * TYPES.index("PERSON")
    tags = np.array([person, *[person + 1] * 4])
    assert [span[:3] for span in spans_of(found, tags, np.ones(5))] == [(2, 7, "PERSON")]
    assert spans_of(found[:1], tags[:1], np.ones(1)) == []


@given(st.floats(0.01, 0.99), arrays(np.float64, (4, len(TAGS)), elements=SCORES))
def test_a_word_is_private_where_that_is_likelier_than_the_threshold(threshold, scores):
    log_probs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    private = 1.0 - np.exp(log_probs[:, OUTSIDE])
    chosen = private_scores(log_probs, threshold).argmax(-1)
    clear = np.abs(private - threshold) > 1e-6
    assert ((chosen != OUTSIDE) == (private > threshold))[clear].all()
    assert (chosen == 1 + log_probs[:, 1:].argmax(-1))[(chosen != OUTSIDE) & clear].all()
