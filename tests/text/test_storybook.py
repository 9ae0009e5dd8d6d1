"""The storybook: its exact entropy against sampling and against reading back, its words, leaks."""

import hashlib
import math
import random
import re
import time
from collections import Counter
from itertools import combinations, islice

import pytest

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text import storybook
from realsam_edu.text.storybook import LEVELS, entropy, leaks, mean_and_error, pretokens
from realsam_edu.text.storybook.compiler import Compiler, read_rules
from realsam_edu.text.storybook.grammar import Exact
from realsam_edu.text.storybook.pools import Entry, Pool
from realsam_edu.text.storybook.words import article, plural
from realsam_edu.text.token_files import text_length
from realsam_edu.text.tokenizer import END_OF_TEXT, SPELLED

each_level = pytest.mark.parametrize("level", LEVELS)


def toy_cost(pretoken: str) -> int:
    """Stand in for a tokenizer: one token per four bytes begun."""
    return -(-len(pretoken.encode()) // 4)


def toy_tokens(text: str) -> int:
    marks = SPELLED.findall(text)
    return len(marks) + sum(toy_cost(p) for p in pretokens(text) if p not in marks) + 1


# --- the floor ---------------------------------------------------------------------------------


@each_level
def test_entropy_against_ten_million_characters(level):
    floor = entropy(level)
    nats = chars = count = 0
    for text, cost in storybook.scored(level, seed=20):
        nats, chars, count = nats + cost, chars + text_length(text), count + 1
        if chars >= 10_000_000:
            break
    assert nats / chars == pytest.approx(floor.nats_per_char, rel=0.005)
    assert nats / count == pytest.approx(floor.nats_per_document, rel=0.005)
    assert chars / count == pytest.approx(floor.chars_per_document, rel=0.005)
    assert sum(floor.where.values()) == pytest.approx(floor.nats_per_document)


@each_level
def test_tokens_against_a_sample(level):
    floor = entropy(level, toy_cost)
    rows = list(islice(storybook.scored(level, seed=21), 10_000))
    tokens = sum(toy_tokens(text) for text, _ in rows)
    assert tokens / len(rows) == pytest.approx(floor.tokens_per_document, rel=0.01)
    assert sum(cost for _, cost in rows) / tokens == pytest.approx(floor.nats_per_token, rel=0.01)
    assert entropy(level).nats_per_token is None


@each_level
def test_a_text_has_one_derivation_only(level):
    """The grammar reads each text back and sums all ways to write it: there is one.

    Were two choices to give one text, its probability would exceed that of the choices made.
    """
    for text, cost in islice(storybook.scored(level, seed=22), 3_000):
        assert storybook.nats(text, level) == pytest.approx(cost, abs=1e-9), text


@each_level
def test_pieces_begin_where_pretokens_begin(level):
    """Token costs are summed piece by piece, so no piece may end inside a pre-token."""
    rnd = random.Random(23).random
    for _ in range(2_000):
        out = []
        storybook._root(level).draw(rnd, {}, out)
        assert [p for piece in out for p in pretokens(piece)] == pretokens("".join(out))


def test_words_by_hand():
    """The level of words in closed form: a theme, a length, then words not put back."""
    pools = storybook._compiler().pools
    sizes = [len(pool.entries) for name, pool in pools.items() if name.startswith("one_")]
    expected = math.log(3 * len(sizes)) + sum(
        math.log(size - i) for size in sizes for n in (3, 4, 5) for i in range(n)
    ) / (3 * len(sizes))
    assert entropy("words").nats_per_document == pytest.approx(expected)


def test_no_two_themes_share_a_list_of_words():
    pools = storybook._compiler().pools
    themes = [{str(e) for e in pool.entries} for n, pool in pools.items() if n.startswith("one_")]
    assert max(len(a & b) for a, b in combinations(themes, 2)) < 3


def test_a_floor_worth_having():
    """Stories leave a model something to learn and something to guess."""
    assert 0.15 < entropy("stories").nats_per_char < 0.45
    assert storybook.nats("Once upon a time there was a wug.", "stories") == math.inf


def test_sampler_is_fast_enough():
    start = time.process_time()
    text = storybook.sample("stories", 2_000_000, seed=3)
    assert len(text) / (time.process_time() - start) > 1_000_000


# --- small grammars whose answer is known ------------------------------------------------------


def small(text: str, **pools: str) -> Compiler:
    built = {}
    for name, words in pools.items():
        built[name] = Pool([Entry({"": w, "pl": w + "s"}) for w in words.split()], "words")
    return Compiler(read_rules(text), built, {}, {})


def expected(node) -> Exact:
    exact = Exact(lambda pretoken: 1)
    node.walk(exact, {}, 1.0)
    return exact


def test_remembering_costs_nothing():
    node = small("root:\n  {a=pets} and {pets!a} [love|hate] {a.pl}", pets="cat dog mouse").rule(
        "root"
    )
    exact = expected(node)
    assert exact.nats == pytest.approx(math.log(3) + math.log(2) + math.log(2))
    mean = (3 + 3 + 5) / 3
    assert exact.chars == pytest.approx(3 * mean + len(" and  love s"))
    assert exact.tokens == pytest.approx(5)


def test_weights_and_empty_alternatives():
    node = small("root:\n  so [3*very|] big").rule("root")
    assert expected(node).nats == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert expected(node).chars == pytest.approx(0.75 * len("so very big") + 0.25 * len("so big"))
    texts = set()
    for seed in range(20):
        out = []
        node.draw(random.Random(seed).random, {}, out)
        texts.add("".join(out))
    assert texts == {"so very big", "so big"}


def test_reading_back_finds_a_text_with_two_derivations():
    node = small("root:\n  {ones} {twos}\n  a {twos}", ones="a b", twos="c d").rule("root")
    ways = [n for end, _, n in node.parse("a c", 0, {}) if end == 3]
    assert len(ways) == 2
    assert sum(math.exp(-n) for n in ways) > math.exp(-min(ways))


@pytest.mark.parametrize(
    "text", ["root:\n  [a|b", "root:\n  a [b|c|b]", "root:\n  a {b c}", "a:\n  x\na:\n  y"]
)
def test_mistakes_in_a_grammar_are_found(text):
    with pytest.raises(ValueError):
        small(text).rule("root")


# --- the text ----------------------------------------------------------------------------------


def words(text: str) -> Counter:
    return Counter(re.findall(r"[a-z]+", SPELLED.sub(" ", text).lower()))


def test_more_than_a_thousand_words_and_stories_use_most():
    everything = sum((words(storybook.sample(lv, 600_000, seed=4)) for lv in LEVELS), Counter())
    stories = words(storybook.sample("stories", 3_000_000, seed=4))
    assert len(everything) >= 1_000
    assert len(stories) >= 1_000
    assert len(stories.keys() & everything.keys()) > 0.8 * len(everything)


@each_level
def test_spacing_articles_and_no_traces_of_the_grammar(level):
    for text in islice(storybook.documents(level, seed=5), 5_000):
        assert not re.search(r"  | \n|\n | [,.!?]|\n\n|[{}\[\]_@]|^\s|\s$|[.!?][A-Za-z]", text), (
            text
        )
        assert not re.search(r"\ba [aeiou](?!ni)|\ban [^aeiou\W](?!onest)", text, re.I), text


def test_stories_are_short_and_in_paragraphs():
    for story in islice(storybook.documents("stories", seed=6), 2_000):
        assert 2 <= len(story.split("\n")) <= 4
        assert 60 <= len(story.split()) <= 200


def test_the_hero_keeps_name_kind_and_pronoun():
    names = storybook._compiler().tables["names"]
    girls, boys = ({str(e) for e in names[key].entries} for key in ("girl", "boy"))
    for story in islice(storybook.documents("stories", seed=7), 2_000):
        found = set(re.findall(r"\w+", story))
        heroes = found & (girls | boys)
        assert len(heroes) <= 1
        assert ("girl" in found) <= bool(heroes & girls)
        assert ("boy" in found) <= bool(heroes & boys)


def test_conversations_take_turns_and_remember_the_name():
    for text in islice(storybook.documents("conversations", seed=8), 2_000):
        turns = re.findall(r"<\|(user|sam)\|>([^<]+)", text)
        assert "".join(f"<|{who}|>{said}" for who, said in turns) == text
        assert [who for who, _ in turns] == ["user", "sam"] * (len(turns) // 2)
        assert 4 <= len(turns) <= 8
        name = re.search(r"(?:I am|My name is) (\w+)\.$", turns[0][1])[1]
        says = [who for who, said in turns[1:] if re.search(rf"\b{name}\b", said)]
        assert says.count("user") == 0 and says.count("sam") > (len(turns) > 4)


def test_same_seed_same_text():
    first = list(islice(storybook.documents("stories", seed=9), 20))
    assert first == list(islice(storybook.documents("stories", seed=9), 20))
    assert first != list(islice(storybook.documents("stories", seed=10), 20))
    text = storybook.sample("stories", 10_000, seed=9)
    assert len(text) >= 10_000 and text.endswith(END_OF_TEXT)
    assert text.split(END_OF_TEXT)[:5] == first[:5]


def test_the_grammar_is_the_one_the_checkpoints_learnt():
    """A change of rules or words makes committed floors and trainings wrong: do both anew."""
    texts = ("\n".join(islice(storybook.documents(level, seed=1), 200)) for level in LEVELS)
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()
    assert digest.startswith("47a15d070666ebf7")


@pytest.mark.parametrize("call", [entropy, lambda level: storybook.documents(level, 1)])
def test_unknown_level(call):
    with pytest.raises(RealSamError, match="no level 'novels'; choose one of words, phrases"):
        call("novels")
    with pytest.raises(RealSamError):
        storybook.sample("mixed", 10, seed=1)
    with pytest.raises(RealSamError):
        storybook.nats("text", "mixed")


def test_word_forms():
    assert [plural(n) for n in ("mouse", "cherry", "toy", "box", "row of tulips", "snowman")] == [
        "mice", "cherries", "toys", "boxes", "rows of tulips", "snowmen"
    ]  # fmt: skip
    assert [article(word) for word in ("owl", "honest", "unicorn", "bear")] == [
        "an",
        "an",
        "a",
        "a",
    ]


# --- leaks -------------------------------------------------------------------------------------


class Counts:
    """A model by counting: the next pre-token given the `n` before, backing off to fewer."""

    def __init__(self, texts: list[str], n: int):
        self.n = n
        self.follow = [{} for _ in range(n + 1)]
        for text in texts:
            tokens = self.tokens(text)
            for i, token in enumerate(tokens):
                for k in range(n + 1):
                    context = tuple(tokens[max(0, i - k) : i])
                    self.follow[k].setdefault(context, Counter())[token] += 1
        self.total = [{c: sum(x.values()) for c, x in level.items()} for level in self.follow]

    @staticmethod
    def tokens(text: str) -> list[str]:
        return [*pretokens(text), END_OF_TEXT]

    def loss(self, text: str) -> float:
        """Return −ln p of a document; an unseen token is spelled letter by letter."""
        tokens, total = self.tokens(text), 0.0
        for i, token in enumerate(tokens):
            p = 27.0 ** -(len(token) + 1)
            for k in range(self.n + 1):
                context = tuple(tokens[max(0, i - k) : i])
                seen = self.total[k].get(context, 0)
                if seen:
                    p = (self.follow[k][context][token] + p) / (seen + 1)
            total -= math.log(p)
        return total


def held_out_loss(model: Counts, texts: list[str]) -> tuple[float, float]:
    return mean_and_error([model.loss(t) for t in texts], [len(model.tokens(t)) for t in texts])


def check_no_leak(model: Counts, texts: list[str]) -> None:
    """Fail for a model that is better than the grammar allows."""
    mean, error = held_out_loss(model, texts)
    floor = entropy("stories", lambda pretoken: 1).nats_per_token
    assert not leaks(mean, error, floor), f"{mean:.3f} ± {error:.3f} nats, under {floor:.3f}"


def test_honest_models_pass():
    train = list(islice(storybook.documents("stories", seed=11), 500))
    held_out = list(islice(storybook.documents("stories", seed=12), 150))
    for n in (0, 1, 3):
        check_no_leak(Counts(train, n), held_out)


def test_a_planted_leak_fails():
    train = list(islice(storybook.documents("stories", seed=11), 500))
    held_out = list(islice(storybook.documents("stories", seed=12), 150))
    with pytest.raises(AssertionError, match="nats, under"):
        check_no_leak(Counts(train + held_out, 4), held_out)


def test_the_grammar_itself_is_no_leak_and_one_percent_less_is_one():
    """The best honest model sits on the floor, and passes; any further down would be seen."""
    rows = list(islice(storybook.scored("stories", seed=13), 20_000))
    sizes = [len(Counts.tokens(text)) for text, _ in rows]
    floor = entropy("stories", lambda pretoken: 1).nats_per_token
    mean, error = mean_and_error([cost for _, cost in rows], sizes)
    assert abs(mean - floor) < 4 * error < 0.005 * floor
    assert not leaks(mean, error, floor)
    assert leaks(0.99 * mean, 0.99 * error, floor)


def test_standard_error_is_the_scatter_of_repeated_samples():
    means, errors = [], []
    for seed in range(200):
        rows = list(islice(storybook.scored("sentences", seed), 50))
        mean, error = mean_and_error([c for _, c in rows], [len(t) for t, _ in rows])
        means.append(mean)
        errors.append(error)
    centre = sum(means) / len(means)
    scatter = math.sqrt(sum((m - centre) ** 2 for m in means) / (len(means) - 1))
    assert sum(errors) / len(errors) == pytest.approx(scatter, rel=0.2)
