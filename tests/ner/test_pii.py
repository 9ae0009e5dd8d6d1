"""The synthetic texts: frames, what fills them, splits, seeds, and noise that keeps spans exact."""

import hashlib
import itertools
import os
import random
import re
import subprocess
import sys
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project import ROOT

from realsam_edu.ner import examples
from realsam_edu.ner.checksums import iban_valid, luhn_valid
from realsam_edu.ner.labels import TYPES
from realsam_edu.ner.patterns import find, verdict
from realsam_edu.ner.pii import codes, frames, noise, people, places, times, vocabulary
from realsam_edu.ner.pii.fill import LANGUAGES, SLOTS, fill, joined
from realsam_edu.ner.pii.frames import Slot, all_frames, parse, read, split_of
from realsam_edu.ner.pii.hand import Hand
from realsam_edu.runtime.errors import RealSamError

# SHA-256 of two hundred examples of each split; whoever changes frames, words or Faker changes it.
DIGESTS = {"train": "6cb85aebbd6519c6", "test": "571dcca554f720ff"}
each_split = pytest.mark.parametrize("split", frames.SPLITS)


def digest(split: str) -> str:
    rows = itertools.islice(examples(split, seed=7), 200)
    return hashlib.sha256(repr([(e.text, e.spans) for e in rows]).encode()).hexdigest()[:16]


def some(split: str, seed: int, count: int, noise: float = 0.3) -> list:
    return list(itertools.islice(examples(split, seed, noise), count))


# --- frames ------------------------------------------------------------------------------------


def test_there_are_many_frames_of_many_registers():
    assert len(all_frames()) >= 600
    assert len({frame.register for frame in all_frames()} - {""}) >= 25
    assert not [frame.source for frame in all_frames() if not frame.register]


def test_no_frame_stands_twice():
    """Neither in the same words nor with other choices or variants of the same slots."""
    rough = Counter(re.sub(r"\.\w+\}", "}", frame.source).lower() for frame in all_frames())
    assert [source for source, times in rough.items() if times > 1] == []


def test_every_slot_is_known():
    for frame in all_frames():
        for slot in frame.slots:
            assert slot.variant in SLOTS[slot.kind], frame.source
            assert not slot.private or slot.kind in TYPES, frame.source
    assert set(TYPES) <= SLOTS.keys()
    assert set(LANGUAGES) <= {frame.register for frame in all_frames()}


@pytest.mark.parametrize(("split", "least"), [("train", 15), ("test", 5)])
def test_each_type_has_frames_in_both_splits(split, least):
    count = Counter(kind for frame in frames.frames(split) for kind in frame.types)
    assert {kind for kind in TYPES if count[kind] < least} == set()


def test_enough_frames_hold_nothing_private():
    for split in frames.SPLITS:
        empty = [frame for frame in frames.frames(split) if not frame.types]
        assert 0.08 < len(empty) / len(frames.frames(split)) < 0.3


def test_one_thing_is_never_cut_in_two():
    """Where two spans of one kind touch, or a town follows its street, a reader sees one thing."""
    for frame in all_frames():
        for one, gap, other in triples(frame):
            pair = (one.kind, other.kind)
            assert not (gap == "" or (pair == ("PERSON", "PERSON") and gap == " ")), frame.source
            follows = pair[0] == "STREET_ADDRESS" and pair[1] in ("LOCATION", "ZIP_CODE")
            assert not (follows and gap in (", ", " ", "\n")), frame.source


def triples(frame):
    for one, gap, other in zip(frame.parts, frame.parts[1:], frame.parts[2:], strict=False):
        if isinstance(one, Slot) and isinstance(other, Slot) and isinstance(gap, str):
            yield one, gap, other


def test_no_private_data_is_written_out_in_a_frame():
    """What stands between the slots is looked at with the patterns."""
    for frame in all_frames():
        for part in frame.parts:
            for text in (part,) if isinstance(part, str) else part if type(part) is tuple else ():
                assert find(text) == (), frame.source


def test_how_frames_are_written():
    rows = read("### no\n== mail ==\nHi {PERSON.first} {{a|b}}, {x|y}\n| more\n|\n\nbye\n# kept\n")
    assert [row.source for row in rows] == [
        "Hi {PERSON.first} {{a|b}}, {x|y}\nmore\n",
        "bye",
        "# kept",
    ]
    assert rows[0].parts == ("Hi ", Slot("PERSON", "first"), " {a|b}, ", ("x", "y"), "\nmore\n")
    assert rows[0].types == {"PERSON"} and rows[0].register == "mail"
    with pytest.raises(ValueError, match="a brace stands alone"):
        parse("a { b")


# --- what fills them ---------------------------------------------------------------------------


@each_split
def test_spans_are_exact_and_in_order(split):
    for example in some(split, 3, 3000):
        assert example.text
        for span in example.spans:
            value = example.text[span.start : span.end]
            assert value and value == value.strip() and span.type in TYPES, (value, example.text)
        assert all(a.end <= b.start for a, b in itertools.pairwise(example.spans))


@each_split
def test_codes_pass_their_checksums(split):
    values = [value for example in some(split, 4, 4000, 0) for value in example.values()]
    count = Counter(kind for kind, _ in values)
    for kind, value in values:
        if kind in ("CREDIT_CARD", "IBAN", "US_SSN", "IP_ADDRESS", "EMAIL_ADDRESS"):
            assert verdict(kind, value), (kind, value)
    assert min(count[kind] for kind in TYPES) > 50


def test_every_filler_fills():
    for split in frames.SPLITS:
        hand = Hand(random.Random(1), split)
        for kind, variants in SLOTS.items():
            for variant, draw in variants.items():
                found = {draw(hand) for _ in range(40)}
                assert all(value == value.strip() and value for value in found), (kind, variant)
                assert len(found) > 3 or kind in ("digit",), (kind, variant)


def test_decoys_fail_the_checksums():
    hand = Hand(random.Random(2), "train")
    for _ in range(500):
        assert not luhn_valid(SLOTS["badcard"][""](hand))
        assert not iban_valid(SLOTS["badiban"][""](hand))


def test_articles_stay_outside():
    hand = Hand(random.Random(3), "train")
    frame = read("In {LOCATION.nature}.")[0]
    for example in (fill(frame, hand) for _ in range(200)):
        assert not example.values()[0][1].startswith("the ")
        assert example.text.startswith("In ") and example.text.endswith(".")


def test_two_texts_in_a_row_keep_their_spans():
    hand = Hand(random.Random(3), "train")
    for first, gaps in (("Call {PERSON}.", " \n"), ("{PERSON}", "\n")):
        one, other = (fill(read(source)[0], hand) for source in (first, "In {LOCATION}"))
        both = joined(one, other, hand)
        assert both.values() == one.values() + other.values()
        gap = both.text.removeprefix(one.text).removesuffix(other.text)
        assert gap and set(gap) <= set(gaps)


def test_names_come_from_many_peoples():
    assert len(vocabulary.LOCALES) >= 8
    rng = random.Random(4)
    names = {people.full(Hand(rng, "train")) for _ in range(3000)}
    assert len(names) > 2900
    assert sum(not name.isascii() for name in names) > 300


def test_mail_addresses_are_plain_ascii():
    rng = random.Random(5)
    for _ in range(500):
        hand = Hand(rng, "train")
        people.full(hand)
        assert re.fullmatch(r"[a-z0-9._+-]+@[a-z0-9.-]+", codes.email(hand))


# --- splits and seeds --------------------------------------------------------------------------


def test_splits_share_no_frame():
    train, test = ({f.source for f in frames.frames(split)} for split in frames.SPLITS)
    assert not train & test and len(train) + len(test) == len(all_frames())
    assert 0.15 < len(test) / len(all_frames()) < 0.25


def test_splits_share_hardly_a_name():
    seen = {
        split: {
            v for e in some(split, 6, 6000, 0) for k, v in e.values() if k == "PERSON" and " " in v
        }
        for split in frames.SPLITS
    }
    assert len(seen["test"]) > 1000
    assert len(seen["test"] & seen["train"]) / len(seen["test"]) < 0.01


def test_a_word_has_one_side():
    for kind in vocabulary.DRAWS:
        for name in ("en_US", "de_DE"):
            train, test = (set(vocabulary.names(kind, name, split)) for split in frames.SPLITS)
            assert train and test and not train & test
            assert all(split_of(word) == "test" for word in test)


@each_split
def test_the_same_seed_gives_the_same_bytes(split):
    assert digest(split) == DIGESTS[split]
    assert some(split, 7, 50) == some(split, 7, 50)
    assert some(split, 7, 50) != some(split, 8, 50)


def test_hash_seeds_and_locales_do_not_matter():
    """Faker keeps some of its lists in sets; what is drawn from those changes from run to run."""
    code = (
        "import hashlib, itertools\nfrom realsam_edu.ner import examples\n"
        "for split in ('train', 'test'):\n"
        "    rows = itertools.islice(examples(split, seed=7), 200)\n"
        "    text = repr([(e.text, e.spans) for e in rows])\n"
        "    print(hashlib.sha256(text.encode()).hexdigest()[:16])\n"
    )
    env = os.environ | {"PYTHONHASHSEED": "99", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.stdout.split() == list(DIGESTS.values()), run.stderr


def test_a_wrong_split_or_noise_is_refused():
    with pytest.raises(RealSamError, match="no split 'dev'"):
        next(examples("dev", 0))
    with pytest.raises(RealSamError, match="share of the texts"):
        next(examples("train", 0, noise=30))


# --- noise -------------------------------------------------------------------------------------


def bare(text: str) -> str:
    """Letters and digits in small plain form: what no noise but typos may change."""
    flat = unicodedata.normalize("NFD", text.casefold().replace("ı", "i"))
    return "".join(sign for sign in flat if sign.isalnum())


def distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for n, a in enumerate(one, 1):
        last, row = row, [n]
        for m, b in enumerate(other, 1):
            row.append(min(last[m] + 1, row[-1] + 1, last[m - 1] + (a != b)))
    return row[-1]


each_noise = pytest.mark.parametrize("kind", noise.NOISES, ids=lambda kind: kind.__name__)


@each_noise
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_spans_stay_around_what_was_filled_in(kind, seed):
    hand = Hand(random.Random(seed), "train")
    clean = fill(hand.pick(frames.frames("train")), hand)
    noised = noise.apply(kind, hand, clean)
    assert len(noised.spans) == len(clean.spans)
    for (a_type, a), (b_type, b) in zip(clean.values(), noised.values(), strict=True):
        assert a_type == b_type and b == b.strip() and b
        if kind is noise.typos:
            assert distance(bare(a), bare(b)) <= 3
        else:
            assert bare(a) == bare(b)
        if a_type in noise.CODED:
            assert re.sub(r"\s", "", a).casefold() == re.sub(r"\s", "", b).casefold()
    outside = [bare(rest(example)) for example in (clean, noised)]
    assert kind is noise.typos or outside[0] == outside[1]


def rest(example) -> str:
    ends = [0, *(at for span in example.spans for at in span[:2]), len(example.text)]
    return "".join(example.text[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True))


@each_noise
def test_each_noise_does_something(kind):
    rng = random.Random(9)
    changed = 0
    for _ in range(400):
        hand = Hand(rng, "train")
        clean = fill(hand.pick(frames.frames("train")), hand)
        changed += noise.apply(kind, hand, clean) != clean
    assert changed > 20


def test_no_noise_leaves_nothing():
    dots = read("== x ==\n...")[0]
    for seed in range(200):
        hand = Hand(random.Random(seed), "train")
        assert noise.noisy(hand, fill(dots, hand)).text


def test_the_share_of_noise_is_kept():
    clean, noisy = (some("train", 1, 1500, share) for share in (0.0, 1.0))
    assert not any("\u00a0" in example.text for example in clean)
    assert sum(example.text.islower() for example in noisy) > 150
    assert any("\u00a0" in example.text for example in noisy)


def test_codes_keep_their_checksums_under_noise():
    for example in some("train", 2, 3000, 1.0):
        for kind, value in example.values():
            if kind == "IBAN":
                assert iban_valid(value), value
            if kind == "CREDIT_CARD":
                assert luhn_valid(value), value


def test_dates_and_places_have_many_forms():
    hand = Hand(random.Random(6), "train")
    shape = lambda text: re.sub(r"[A-Za-z]+", "a", re.sub(r"\d", "9", text))  # noqa: E731
    assert len({shape(times.date_time(hand)) for _ in range(3000)}) > 60
    assert len({shape(codes.phone(hand)) for _ in range(3000)}) > 80
    assert len({shape(places.address(hand)) for _ in range(3000)}) > 200
