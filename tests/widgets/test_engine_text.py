"""Tokenizer and drawing in the page: the same tokens, text and choices as in Python."""

import random

import numpy as np
import pytest
import tokenizers
import torch
from engine_host import EngineError, NodeHost, PageHost, module
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from project import ROOT

from realsam_edu import checkpoint
from realsam_edu.generation import browser
from realsam_edu.generation.sampling import Sampling, distribution
from realsam_edu.model.v2 import V2, V2Config
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import SPECIALS, BPETokenizer, CharTokenizer

calm = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
HOSTILE = [
    "",
    " ",
    "  a   b ",
    "\n\n a\t\tb\r\n\r\n  ",
    "<|endoftext|>",
    "a<|user|>b<|sam|> <|endoftext|><|endoftext|",
    "don't DON'T we'll we'LL 'tis 's ''s I'd've they're rock'n'roll '",
    "1st 2nd 3,000.50 ١٢٣ ⅷ Ⅷ ½ x² 10⁶",
    "naïve café Zoë e\u0301 ﬁ İı ß ẞ",
    "日本語のテキスト 한국어 עברית العربية हिन्दी ไทย",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 😀😀😀a😀",
    "\ufeffBOM\ufeff in \ufeff the middle",
    "\x00\x01\x7f\x80\x85\xa0\xad\u200b\u200d\u2028\u2029\u3000\ufffd\ufffe\uffff",
    "a\x85b \x85 c\xa0\xa0d \u1680\u180e\u2003x \ufeff y",
    "\U00010ffff \U000e0001 \U0001f600\U0002ebf0\U00031350 \U00011f02",
    "aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbb abababababababab thethethethe",
    "<script>alert(1)</script> &amp; \"'`\\ ${x}",
    "\u0301\u0300 \u0345a\u0345 ª º ʰ ᵃ",
]


@pytest.fixture(scope="module")
def bpe() -> BPETokenizer:
    return checkpoint.load(ROOT / "data" / "checkpoints" / "v4.safetensors").tokenizer


@pytest.fixture(scope="module")
def nested() -> BPETokenizer:
    """A BPE whose merges reach over the cuts between words, so that a wrong cut makes other tokens.

    Merges learnt within words do not notice most of them.
    """
    raw = tokenizers.Tokenizer(tokenizers.models.BPE())
    raw.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=list(SPECIALS),
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(HOSTILE * 3, trainer)
    text = raw.to_str()
    assert text.count('"use_regex":false') == 1
    return BPETokenizer.from_json(text.replace('"use_regex":false', '"use_regex":true'))


def packed(tokenizer) -> bytes:
    seed_all(0)
    config = V2Config(vocab=tokenizer.vocab_size, embed=3, hidden=4, depth=1)
    return browser.pack(V2(config), tokenizer, {})


@pytest.fixture(scope="module")
def in_node(node, tmp_path_factory, bpe):
    host = NodeHost(node, tmp_path_factory.mktemp("engine"))
    host.open(packed(bpe))
    yield host
    host.close()


@pytest.fixture(scope="module")
def in_page(chromium, bpe):
    host = PageHost(chromium)
    host.open(packed(bpe))
    yield host
    host.close()


@pytest.fixture(scope="module", params=["in_node", "in_page"])
def engine(request):
    """The engine in node, then in Chromium, with the tokenizer of V4."""
    return request.getfixturevalue(request.param)


def units(text: str) -> list[int]:
    """The UTF-16 units of a text, which JSON cannot spoil."""
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2").tolist()


def assert_same(engine, tokenizer, texts: list[str]):
    mine = [tokenizer.encode(text).tolist() for text in texts]
    for text, said, want in zip(
        texts, engine("encode", texts=[units(text) for text in texts]), mine, strict=True
    ):
        assert said == want, repr(text)
    assert engine("decode", lists=mine) == texts


# ------------------------------------------------------------------ tokens


def test_hostile_texts(engine, bpe):
    assert_same(engine, bpe, HOSTILE)
    assert_same(engine, bpe, [one + two for one in HOSTILE for two in HOSTILE])


@pytest.fixture
def with_nested(in_node, bpe, nested):
    """The engine in node with the tokenizer that notices every cut."""
    in_node.open(packed(nested))
    yield in_node
    in_node.open(packed(bpe))


def test_every_cut_is_python_s(with_nested, nested):
    assert_same(with_nested, nested, [one + two for one in HOSTILE for two in HOSTILE])


def test_characters_at_the_edges_of_their_class(with_nested, nested):
    """Unicode versions differ: the page goes by the ranges of the library, not by the browser's."""
    edges = [browser._ranges(pattern) for pattern in (r"\p{L}", r"\p{N}", r"\s")]
    points = {near + step for found in edges for near in found for step in (-1, 0, 1)}
    points |= set(random.Random(0).sample(range(0x110000), 3000))
    chars = [chr(p) for p in sorted(points) if 0 <= p < 0x110000 and not 0xD800 <= p < 0xE000]
    assert len(chars) > 5000
    texts = [f"x{char}x1{char}1 {char}  {char}'{char}." for char in chars]
    assert_same(with_nested, nested, texts)


@calm
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=30))
def test_any_unicode(with_nested, nested, texts):
    assert_same(with_nested, nested, texts)


WORDS = st.sampled_from(["the", " ", "'s", "Tom", "\n", "went", "42", "<|sam|>", "é", "😀", "."])


@calm
@given(st.lists(st.lists(WORDS, max_size=40).map("".join), max_size=20))
def test_what_people_write(in_node, bpe, texts):
    assert_same(in_node, bpe, texts)


@calm
@given(st.lists(st.integers(0, 4095), max_size=80))
def test_any_tokens_decode_alike(in_node, bpe, ids):
    """Also halves of characters, which show as U+FFFD, and specials, which are spelled out."""
    assert in_node("decode", lists=[ids, ids[:1]]) == [bpe.decode(ids), bpe.decode(ids[:1])]


def test_text_comes_in_whole_characters(engine, bpe):
    text = "Tom saw 日本 👩‍👧 and é."
    ids = bpe.encode(text).tolist()
    pieces = engine("streamed", lists=[ids])[0]
    assert "".join(pieces) == text and "" in pieces and len(pieces) == len(ids)
    lone = bpe.encode("😀").tolist()[:1] * 9  # half characters only: nobody waits for ever
    assert "".join(engine("streamed", lists=[lone])[0]).count("\ufffd") >= 5


@pytest.mark.parametrize("broken", ["\ud83d", "a\ude00b", "\ude00\ud83d", "ok 😀 \udfff"])
def test_half_a_surrogate_pair_is_told(engine, bpe, broken):
    with pytest.raises(EngineError, match="half of a surrogate pair"):
        engine("encode", texts=[units(broken)])
    with pytest.raises(RealSamError, match="half of a surrogate pair"):
        bpe.encode(broken)


@pytest.mark.parametrize("kind", ["letters", "one letter", "spaces", "words", "emoji"])
def test_100_000_characters(in_node, bpe, kind):
    rng = random.Random(0)
    texts = {
        "letters": "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=100_000)),
        "one letter": "a" * 100_000,
        "spaces": " " * 100_000,
        "words": "Once upon a time, there was a little dog. " * 2_381,
        "emoji": "😀👍🏽" * 33_334,
    }
    assert len(texts[kind]) >= 100_000
    said = in_node("encode", texts=[units(texts[kind])])[0]
    assert said == bpe.encode(texts[kind]).tolist()
    assert in_node("begun", prompt=texts[kind]) == [len(said) + 1, bpe.END, said[0]]


def test_the_work_grows_with_the_text_and_not_with_its_square(node, tmp_path, bpe):
    """Counted, not timed: look-ups of pairs, in one word without a space."""
    counted = module().replace("const rank = i >= 0", "looks += 1;\n      const rank = i >= 0")
    counted += "let looks = 0;\nconst looked = () => looks;\nexport { looked };\n"
    host = NodeHost(node, tmp_path, counted)
    try:
        host.open(packed(bpe))
        rng, counts = random.Random(1), []
        for n in (2_000, 20_000):
            before = host("looked")
            host("encode", texts=[units("".join(rng.choices("etaoinshr", k=n)))])
            counts.append(host("looked") - before)
    finally:
        host.close()
    assert 2_000 < counts[0] < 10_000 and 8 * counts[0] < counts[1] < 12 * counts[0]


def test_merges_of_another_text(node, tmp_path):
    """Learnt from a text where short words nest in long ones, with ties in every piece."""
    other = BPETokenizer.train(["banana bandana an ana nana anan banan " * 20, "ééé éé"], 300)
    host = NodeHost(node, tmp_path)
    try:
        host.open(packed(other))
        texts = [
            "banana",
            "anananana nananan",
            "bananabandana" * 7,
            "éééé é",
            "anan\nanan  ana",
            *HOSTILE,
        ]
        assert_same(host, other, texts)
    finally:
        host.close()


def test_a_bpe_that_a_page_cannot_read_is_refused(bpe):
    for before, after in (
        ('"add_prefix_space":false', '"add_prefix_space":true'),
        ('"normalizer":null', '"normalizer":{"type":"NFC"}'),
    ):
        text = bpe.to_json()
        assert before in text
        with pytest.raises(RealSamError, match="byte-level BPE"):
            packed(BPETokenizer.from_json(text.replace(before, after, 1)))


def test_characters(node, tmp_path):
    letters = CharTokenizer.from_text("ROMEO: a bc\n😀é")
    host = NodeHost(node, tmp_path)
    try:
        host.open(packed(letters))
        assert_same(host, letters, ["", "ROMEO:\n", "😀é😀", "abc " * 25_000])
        assert host("streamed", lists=[[3, 4]])[0] == [letters.decode([3]), letters.decode([4])]
        with pytest.raises(EngineError, match='never seen the characters "q" "€"; its'):
            host("encode", texts=[units("a€q€")])
        with pytest.raises(EngineError, match="never seen the character "):
            host("encode", texts=[units("\ud83d")])
        with pytest.raises(EngineError, match="prompt is empty"):
            host("misuse", code="empty")
    finally:
        host.close()


# ------------------------------------------------------------------ drawing


RULES = st.fixed_dictionaries(
    {
        "temperature": st.sampled_from([0, 0.3, 0.8, 1.0, 2.5]),
        "topK": st.none() | st.integers(1, 40),
        "topP": st.none() | st.sampled_from([0.05, 0.31, 0.5, 0.77, 0.95, 1.0]),
        "penalty": st.sampled_from([1.0, 1.2, 3.0]),
    }
)
SCORES = st.lists(st.integers(-40, 40).map(lambda x: x / 4), min_size=1, max_size=30)  # with ties


@settings(calm, max_examples=400)
@given(SCORES, RULES, st.data())
def test_the_same_tokens_may_be_drawn(in_node, scores, rules, data):
    """As Python's `distribution` says, which rounds to float32: its set, and its probabilities."""
    recent = data.draw(st.lists(st.integers(0, len(scores) - 1), max_size=64))
    said = np.array(in_node("sample", scores=scores, recent=recent, rules=rules)["p"])
    sampling = Sampling(rules["temperature"], rules["topK"], rules["topP"], rules["penalty"])
    logits = torch.tensor([scores], dtype=torch.float64)
    want = distribution(logits, sampling, recent)[0].double().numpy()
    assert np.array_equal(said > 0, want > 0)
    assert np.allclose(said, want, atol=1e-6, rtol=0)


def test_draws_follow_the_probabilities(engine):
    scores, n = [2.0, 1.0, 1.0, 0.0, -3.0, 0.5], 40_000
    rules = {"temperature": 0.8, "topK": 5, "topP": 0.9, "penalty": 1.3}
    said = engine("sample", scores=scores, recent=[0, 4], rules=rules, draws=n, seed=7)
    p, count = np.array(said["p"]), np.array(said["count"])
    assert (count[p == 0] == 0).all() and 0 in p
    error = np.sqrt(p * (1 - p) / n)
    assert (np.abs(count / n - p) < 4 * error + 1e-12).all()
    again = engine("sample", scores=scores, recent=[0, 4], rules=rules, draws=n, seed=7)
    other = engine("sample", scores=scores, recent=[0, 4], rules=rules, draws=n, seed=8)
    assert again == said and other["count"] != said["count"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": -0.1}, "Temperature must be"),
        ({"temperature": None}, "Temperature must be"),
        ({"temperature": "warm"}, "Temperature must be"),
        ({"topK": 0}, "top-k of 0"),
        ({"topP": 0}, "Top-p must be"),
        ({"topP": 1.5}, "Top-p must be"),
        ({"penalty": 0.5}, "repetition penalty must be"),
    ],
)
def test_impossible_rules_are_told(in_node, change, words):
    rules = {"temperature": 1, "topK": None, "topP": None, "penalty": 1} | change
    with pytest.raises(EngineError, match=words):
        in_node("sample", scores=[0, 1], recent=[], rules=rules)


def test_a_tiny_temperature_takes_the_likeliest(in_node):
    rules = {"temperature": 1e-320, "topK": None, "topP": None, "penalty": 1}
    assert in_node("sample", scores=[1, 5, 2], recent=[], rules=rules)["p"] == [0, 1, 0]


PLANTED = {
    "spaces as JavaScript has them": ("[SPACE, spaces]", "[SPACE, [9, 13, 32, 32, 160, 160]]"),
    "contractions in capitals": ("/'(?:s|t|re|ve|m|ll|d)/y", "/'(?:s|t|re|ve|m|ll|d)/iy"),
    "the last space is lost": ("&& last > at ? last : to", "&& last > at ? to : to"),
    "the rightmost pair first": ("rank * 2 ** 32 + i)", "rank * 2 ** 32 + (n - i))"),
    "digits are letters": ("[NUMBER, numbers]", "[LETTER, numbers]"),
    "stale pairs": ("!== rank) continue", "!== rank && false) continue"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(node, tmp_path, bpe, nested, fault):
    before, after = PLANTED[fault]
    code = module()
    assert code.count(before) == 1
    if "rightmost" in fault:
        code = code.replace("top % 2 ** 32]", "n - (top % 2 ** 32)]")
    host = NodeHost(node, tmp_path, code.replace(before, after))
    try:
        with pytest.raises(AssertionError):
            for tokenizer in (nested, bpe):
                host.open(packed(tokenizer))
                assert_same(host, tokenizer, HOSTILE)
    finally:
        host.close()


def test_float32_scores_keep_the_same_set_as_torch(in_node):
    """V4's scores, top-k and temperature: what `torch.topk` keeps is what the page keeps."""
    scores = torch.randn(4096, generator=torch.Generator().manual_seed(0)) * 3
    rules = {"temperature": 0.8, "topK": 40, "topP": None, "penalty": 1}
    said = in_node("sample", scores=scores.tolist(), recent=[], rules=rules)["p"]
    kept = torch.tensor(said).nonzero()[:, 0].tolist()
    assert kept == sorted(scores.topk(40).indices.tolist())
