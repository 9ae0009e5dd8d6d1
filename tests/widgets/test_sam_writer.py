"""Sam writes in the page: by key and button, watched, questioned, silenced, and when missing."""

import base64
import json
import re
from contextlib import contextmanager
from functools import cache
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from project import ROOT
from widget_page import (
    expect_all_let_go,
    expect_room_and_names,
    module_page,
    settle,
    state_of,
    switch_to_dark,
    trait,
    widget_page,
)

from realsam_edu import checkpoint
from realsam_edu.generation.browser import dequantised
from realsam_edu.generation.generate import generate, read_prompt
from realsam_edu.inside.trace import trace_generation
from realsam_edu.model.environment import update_stress
from realsam_edu.model.versions import build
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import SamWriter, sam_writer
from realsam_edu.widgets.sam_writer import recording_of, weights_of

HANGS = 240_000  # milliseconds; only ends what hangs
STORY = "Once upon a time, there was a little dog. One day,"
PLAY = "ROMEO:\n"


@cache
def loaded(version: str) -> checkpoint.Checkpoint:
    return checkpoint.load(ROOT / "data" / "checkpoints" / f"{version}.safetensors")


@cache
def recorded(version: str = "v1", prompt: str = PLAY):
    return trace_generation(loaded(version).model, loaded(version).tokenizer, prompt, n=30)


def writer(version: str = "v1", **settings) -> SamWriter:
    """A widget that writes as fast as the page goes, and draws nothing by chance."""
    settings = {"prompt": PLAY if version == "v1" else STORY, "temperature": 0} | settings
    return SamWriter(loaded(version), **({"speed": 1e6} | settings))


@contextmanager
def shown(chromium, widget, width: int = 760, kernel: bool = True, **options):
    """Yield a page with the widget; it ends what hangs."""
    with widget_page(chromium, [widget], widget._css, width, kernel, **options) as page:
        page.set_default_timeout(HANGS)
        yield page


def root(page):
    return page.get_by_test_id("sam-writer")


def written(page) -> str:
    """What Sam himself wrote, told when he pauses."""
    return trait(page, 0, "text")


def sheet(page) -> str:
    return page.evaluate("() => document.querySelector('.rs-sheet').textContent")


def wait(page, condition: str, argument=None):
    page.wait_for_function(condition, arg=argument)


def rest(page):
    """Wait until Sam neither reads nor writes."""
    wait(page, "() => document.querySelector('.rs-sheet:not(.rs-busy)') !== null")
    settle(page)


def ready(page):
    """Wait until Sam has come and read the prompt."""
    wait(page, "() => !document.querySelector('[data-testid=send]').disabled")
    rest(page)


def write(page, pieces: int):
    """Let Sam write until there are at least so many pieces, then pause him."""
    press_if(page, "Write")  # "again" has begun already
    wait(page, "(n) => document.querySelectorAll('.rs-sams').length >= n", pieces)
    press_if(page, "Pause")
    rest(page)


def press_if(page, does: str):
    """Press space if that is what it does."""
    root(page).focus()
    if page.get_by_test_id("play").inner_text() == does:
        page.keyboard.press("Space")


# ------------------------------------------------------------------ what Python gives


def test_the_state_holds_no_weights_and_a_recording_is_plain():
    state = json.dumps(state_of(writer("v4")))
    assert len(state) < 1_000
    state = json.dumps(state_of(writer(recording=recorded())))
    assert 10_000 < len(state) < 100_000


def test_a_page_that_asks_gets_the_file_and_it_is_made_once():
    sent = []
    widget = writer()
    widget.send = lambda content, buffers=(): sent.append((content, buffers))
    for _ in range(2):
        widget._handle_custom_msg({"kind": "weights"}, [])
    widget._handle_custom_msg({"kind": "something else"}, [])
    assert [content for content, _ in sent] == [{"kind": "weights"}] * 2
    assert sent[0][1][0] is sent[1][1][0] is weights_of(loaded("v1"))


def test_a_model_that_cannot_be_packed_is_told_in_one_sentence(monkeypatch):
    def refuse(*_):
        raise RealSamError("This model cannot be packed; train another.")

    monkeypatch.setattr(sam_writer, "weights_of", refuse)
    sent, widget = [], writer()
    widget.send = lambda content, buffers=(): sent.append(content)
    widget._handle_custom_msg({"kind": "weights"}, [])
    assert sent == [{"kind": "weights", "error": "This model cannot be packed; train another."}]


@pytest.mark.parametrize(
    "wrong",
    [{"mode": "sing"}, {"mode": "chat"}, {"temperature": -1.0}, {"stress": 2.0}, {"top_p": 1.5}],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(RealSamError):
        writer("v1", **wrong)


# ------------------------------------------------------------------ writing


@pytest.fixture(scope="module")
def v1(chromium):
    """A page with V1, for tests that leave him as he was."""
    with shown(chromium, writer()) as page:
        ready(page)
        yield page


@pytest.mark.browser
def test_sam_writes_what_pytorch_writes_and_can_be_paused(v1):
    v1.get_by_test_id("again").click()
    write(v1, 150)
    text = written(v1)
    model = dequantised(loaded("v1").model).double()
    assert text == generate(model, loaded("v1").tokenizer, PLAY, len(text), temperature=0)
    assert sheet(v1) == PLAY + text
    assert v1.get_by_test_id("play").inner_text() == "Write"
    frames = """() => new Promise((done) => {
      let asked = 0;
      const real = window.requestAnimationFrame;
      window.requestAnimationFrame = (f) => (asked++, real(f));
      setTimeout(() => done([(window.requestAnimationFrame = real) && asked]), 300);
    })"""
    settle(v1)
    assert v1.evaluate(frames) == [0] and written(v1) == text  # paused is paused


@pytest.mark.browser
def test_a_step_writes_one_token_and_arrows_look_back(v1):
    v1.get_by_test_id("again").click()
    write(v1, 20)
    before = len(written(v1))
    v1.keyboard.press("ArrowRight")
    rest(v1)
    v1.get_by_test_id("step").click()
    rest(v1)
    assert len(written(v1)) == before + 2
    root(v1).focus()
    here = "() => document.querySelector('.rs-here')?.textContent"
    for back in range(1, 4):
        v1.keyboard.press("ArrowLeft")
        settle(v1)
        # the newest column is that of the last token but one: the last one is not read yet
        assert v1.evaluate(here) == sheet(v1)[-2 - back]
    assert len(written(v1)) == before + 2
    v1.keyboard.press("End")


@pytest.mark.browser
def test_arrows_choose_a_neuron_and_its_membrane_is_told(v1):
    root(v1).focus()
    for key, place in {
        "PageDown": (1, 0), "ArrowDown": (1, 1), "ArrowUp": (1, 0), "PageUp": (0, 0),
    }.items():  # fmt: skip
        v1.keyboard.press(key)
        settle(v1)
        assert (trait(v1, 0, "layer"), trait(v1, 0, "neuron")) == place
    v1.get_by_test_id("neuron").fill("7")
    v1.get_by_test_id("neuron").press("Enter")
    settle(v1)
    said = v1.get_by_test_id("membrane").get_attribute("aria-label")
    assert said.startswith("Membrane of neuron 7, layer 1:") and "threshold" in said
    assert "of 1024 neurons fired" in v1.get_by_test_id("raster").get_attribute("aria-label")


@pytest.mark.browser
def test_bars_show_what_was_likely_and_mark_what_was_drawn(v1):
    v1.get_by_test_id("again").click()
    write(v1, 10)
    bars = v1.get_by_test_id("next").locator("li")
    assert bars.count() == 8
    shares = [float(text.split()[0]) for text in bars.locator(".rs-num").all_inner_texts()]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.1
    marked = v1.locator("li.rs-came .rs-tok").inner_text()
    assert marked.translate({ord("␣"): " ", ord("↵"): "\n"}) == sheet(v1)[-1]
    assert "came next" in v1.get_by_test_id("drawn").inner_text()


@pytest.mark.browser
def test_the_same_seed_is_the_same_text_and_another_is_not(chromium):
    with shown(chromium, writer(temperature=1.0)) as page:
        ready(page)
        texts = []
        for button in ("again", "again", "another"):
            page.get_by_test_id(button).click()
            write(page, 80)
            texts.append(written(page)[:80])
        assert texts[0] == texts[1] != texts[2]
        assert trait(page, 0, "seed") == 1


@pytest.mark.browser
def test_what_is_written_is_said_in_groups_of_words(chromium):
    watch = """() => {
      window.said = [];
      const live = document.querySelector("[data-testid=aloud]");
      new MutationObserver(() => said.push(live.textContent)).observe(live, { childList: true });
    }"""
    with shown(chromium, writer()) as page:
        ready(page)
        page.evaluate(watch)
        write(page, 400)
        said = page.evaluate("said")
        assert 3 < len(said) < 60
        assert " ".join(said).split() == written(page).split()
        assert page.get_by_test_id("text").get_attribute("aria-live") is None


@pytest.mark.browser
def test_v4_reads_stress_and_feels_it(chromium):
    with shown(chromium, writer("v4")) as page:
        ready(page)
        assert page.get_by_test_id("feel").is_checked()
        write(page, 6)
        felt = float(page.get_by_test_id("stress").input_value())
        assert 0 < felt < 1
        page.get_by_test_id("stress").fill("0.2")
        assert trait(page, 0, "stress") == 0.2
        assert not page.get_by_test_id("feel").is_checked()
        page.get_by_test_id("again").click()
        write(page, 6)
        assert "stress 0.20" in page.get_by_test_id("rates").get_attribute("aria-label")
        page.get_by_test_id("feel").check()
        assert trait(page, 0, "stress") is None


@pytest.mark.browser
def test_only_v4_has_a_stress(v1):
    assert not v1.get_by_test_id("stress").is_visible()


# ------------------------------------------------------------------ talking


def say(page, words: str, key: str = "Enter"):
    page.get_by_test_id("prompt").fill(words)
    page.get_by_test_id("prompt").press(key)
    rest(page)


def turns(page) -> list[str]:
    return page.locator(".rs-turn .rs-flow").all_text_contents()


@pytest.mark.browser
def test_a_chat_keeps_its_history_in_the_state_until_it_is_forgotten(chromium):
    with shown(chromium, writer("v4", mode="chat")) as page:
        ready(page)
        page.get_by_test_id("prompt").fill("Hello Sam.")
        page.get_by_test_id("prompt").press("Shift+Enter")
        assert page.get_by_test_id("prompt").input_value() == "Hello Sam.\n" and turns(page) == []
        say(page, "Hello Sam.")
        say(page, "Hello Sam.")
        first = turns(page)
        assert first[0] == first[2] == "Hello Sam." and first[1].strip()
        assert page.locator(".rs-who").all_inner_texts() == ["You", "Sam", "You", "Sam"]
        assert not any("<|" in turn for turn in first)
        page.get_by_test_id("forget").click()
        assert turns(page) == []
        say(page, "Hello Sam.")
        assert turns(page) == first[:2]
        page.get_by_test_id("forget").click()
        say(page, "The cat is red.")
        say(page, "Hello Sam.")
        assert turns(page)[3] != first[1]  # what was said before is heard


@torch.no_grad()
def answers(model, tokenizer, said: list[str]) -> list[str]:
    """What the likeliest answers are, by PyTorch: the state goes from turn to turn."""
    state, texts = model.zero_state(1), []
    for k, words in enumerate(said):
        start = [] if k else [tokenizer.END]
        tokens = [*start, tokenizer.USER, *tokenizer.encode(words).tolist(), tokenizer.SAM]
        logits, state = read_prompt(model, torch.tensor([tokens]), state)
        reply = []
        while (token := logits.argmax(-1)).item() not in (0, 1, 2):  # the specials
            state = update_stress(state, F.cross_entropy(logits, token), 1, logits.shape[-1])
            logits, state = model.step(token, state)
            reply.append(token.item())
        texts.append(tokenizer.decode(reply))
    return texts


@pytest.mark.browser
def test_a_conversation_is_that_of_pytorch(chromium):
    said = ["Hello Sam, what do you like?", "Do you have a dog?", "Why?"]
    want = answers(dequantised(loaded("v4").model).double(), loaded("v4").tokenizer, said)
    with shown(chromium, writer("v4", mode="chat")) as page:
        ready(page)
        for words in said:
            say(page, f" {words}\n")
        assert turns(page)[1::2] == want and turns(page)[::2] == said


@pytest.mark.browser
def test_v1_cannot_chat_and_says_why(v1):
    chat = v1.get_by_test_id("mode-chat")
    assert chat.is_disabled() and "never seen a turn" in chat.get_attribute("title")
    v1.evaluate("() => shown[0].model.set('mode', 'chat')")
    assert trait(v1, 0, "mode") == "write"


# ------------------------------------------------------------------ surgery


@pytest.mark.browser
def test_surgery_changes_loss_and_text_and_a_freed_sam_is_whole(chromium):
    with shown(chromium, writer()) as page:
        ready(page)
        write(page, 60)
        whole = written(page)[:60]
        page.get_by_test_id("surgery").locator("summary").first.click()
        loss = page.get_by_test_id("loss")

        def measured() -> str:
            page.get_by_test_id("measure").click()
            rest(page)
            wait(
                page, "() => /nats/.test(document.querySelector('[data-testid=loss]').textContent)"
            )
            return loss.inner_text()

        before = measured()
        assert "nothing is held" in before
        page.get_by_test_id("silence-layer").click()
        page.evaluate("() => shown[0].model.set('layer', 1)")
        page.get_by_test_id("force").click()
        held = page.get_by_test_id("held").locator("li").all_inner_texts()
        assert len(held) == 2 and "all of layer 1 silenced" in held[0] and "held firing" in held[1]
        words = measured()
        was, now, more = map(float, re.findall(r"\d+\.\d{3}", words))
        assert f"{was:.3f} nats" in before
        assert now > was and more == pytest.approx(now - was, abs=0.0011)
        page.get_by_test_id("twice").click()
        rest(page)
        both = page.get_by_test_id("both")
        assert both.locator(".rs-flow").first.text_content() == whole
        assert both.locator("ins").nth(1).text_content() != ""
        page.get_by_test_id("again").click()
        write(page, 60)
        assert written(page)[:60] != whole
        page.get_by_test_id("free-all").click()
        assert "Nothing is held" in page.get_by_test_id("held").inner_text()
        assert measured() == before
        page.get_by_test_id("again").click()
        write(page, 60)
        assert written(page)[:60] == whole
        page.get_by_test_id("twice").click()
        rest(page)
        assert "Both are the same" in both.inner_text()


@pytest.mark.browser
def test_an_operation_gives_up_the_measurement_that_runs(chromium):
    with shown(chromium, writer()) as page:
        ready(page)
        page.get_by_test_id("surgery").locator("summary").first.click()
        page.get_by_test_id("silence-layer").click()
        click = (
            "(ids) => ids.forEach((id) => document.querySelector(`[data-testid=${id}]`).click())"
        )
        page.evaluate(click, ["measure", "free-all"])
        rest(page)
        assert page.get_by_test_id("loss").inner_text() == "Not measured yet."
        page.evaluate(click, ["twice", "silence"])
        rest(page)
        assert page.get_by_test_id("both").inner_text() == ""
        assert "silenced" in page.get_by_test_id("held").inner_text()


@pytest.mark.browser
def test_the_surgeon_leaves_a_paused_text_as_it_was(chromium):
    with shown(chromium, writer()) as page:
        ready(page)
        write(page, 40)
        page.get_by_test_id("surgery").locator("summary").first.click()
        page.get_by_test_id("measure").click()
        rest(page)
        page.get_by_test_id("twice").click()
        write(page, 90)  # begins before the surgeon has ended
        text = written(page)
        model = dequantised(loaded("v1").model).double()
        assert text == generate(model, loaded("v1").tokenizer, PLAY, len(text), temperature=0)


# ------------------------------------------------------------------ what the reader may type


@pytest.mark.browser
def test_html_and_emoji_are_text(chromium):
    prompt = '<img src=x onerror="window.hurt=1"><script>hurt=1</script> 🙂🧠 <|user|> é\u0301'
    with shown(chromium, writer("v4", prompt=prompt)) as page:
        ready(page)
        write(page, 3)
        assert sheet(page).startswith(prompt)
        assert page.evaluate("window.hurt === undefined && !document.querySelector('.rs-sam img')")


@pytest.mark.browser
def test_an_empty_prompt_is_a_beginning_for_v4_and_a_sentence_for_v1(chromium):
    with shown(chromium, writer("v4", prompt="")) as page:
        ready(page)
        write(page, 3)
        assert written(page)
    with shown(chromium, writer("v1", prompt="")) as page:
        ready(page)
        assert "at least one character" in page.get_by_test_id("note").inner_text()


@pytest.mark.browser
def test_characters_that_v1_never_saw_are_named(chromium):
    with shown(chromium, writer()) as page:
        ready(page)
        page.get_by_test_id("prompt").fill("ROMEO: 1 é")
        page.get_by_test_id("send").click()
        rest(page)
        said = page.get_by_test_id("note").inner_text()
        assert '"1"' in said and '"é"' in said and "never seen" in said
        assert page.get_by_test_id("prompt").get_attribute("aria-invalid") == "true"
        page.get_by_test_id("prompt").fill("ROMEO:")
        page.get_by_test_id("send").click()
        wait(page, "() => document.querySelectorAll('.rs-sams').length > 3")


@pytest.mark.browser
def test_a_very_long_prompt_is_read_in_slices_and_can_be_paused(chromium):
    slices = """() => new Promise((done) => {
      const counts = [];
      const look = () => {
        counts.push(document.querySelector("progress").value);
        counts.length < 12 ? requestAnimationFrame(look) : done(counts);
      };
      requestAnimationFrame(look);
    })"""
    long = "ROMEO:\nO, she doth teach the torches to burn bright!\n" * 2_000
    small = build("v1", 65, seed=0, embed=8, hidden=16).eval()
    sam = checkpoint.Checkpoint(small, loaded("v1").tokenizer, {})
    with shown(chromium, SamWriter(sam, prompt=PLAY, speed=1e6)) as page:
        ready(page)
        paste = "(text) => { document.querySelector('textarea').value = text; }"
        page.evaluate(paste, long[:100_000])
        page.get_by_test_id("send").click()
        wait(page, "() => document.querySelector('progress').value > 0")
        counts = page.evaluate(slices)
        assert all(b - a < 0.25 for a, b in pairwise(counts)) and len(set(counts)) > 3
        assert counts[-1] > counts[0]
        assert "of 100,000 tokens" in page.get_by_test_id("progress").inner_text()
        page.get_by_test_id("play").click()
        settle(page)
        assert page.evaluate("document.querySelectorAll('.rs-sheet *').length") < 2_000
        page.get_by_test_id("play").click()
        wait(page, "() => document.querySelectorAll('.rs-sams').length > 3")


# ------------------------------------------------------------------ when Sam is missing


def fault(page) -> str:
    wait(page, "() => !document.querySelector('[data-testid=fault]').hidden")
    return page.get_by_test_id("fault").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda data: data[: len(data) // 2], "cut short"),
        (lambda data: data[:8] + b"\x63" + data[9:], "format 99"),
        (lambda data: data[:-9] + b"\x55" + data[-8:], "damaged"),
        (lambda data: b"<!doctype html>", "not a Sam"),
    ],
    ids=["short", "version", "damaged", "foreign"],
)
def test_a_spoilt_file_is_told_and_the_recording_plays(chromium, monkeypatch, spoil, says):
    data = weights_of(loaded("v1"))
    monkeypatch.setattr(sam_writer, "weights_of", lambda _: spoil(data))
    with shown(chromium, writer(recording=recorded())) as page:
        said = fault(page)
        assert says in said and said.endswith("What plays here is a recording.")
        rest(page)
        page.get_by_test_id("again").click()
        rest(page)
        assert sheet(page) == recorded().text
        assert page.get_by_test_id("send").is_disabled()
        assert "of 1024 neurons fired" in page.get_by_test_id("raster").get_attribute("aria-label")


@pytest.mark.browser
def test_without_weights_and_recording_a_sentence_is_all(chromium):
    with shown(chromium, writer(), kernel=False) as page:
        assert fault(page) == "Sam's weights are not on this page."
        assert page.get_by_test_id("play").is_disabled()


@pytest.fixture
def site(chromium):
    """A page at an address without a server: what it loads is answered here, by `answers`."""
    page, answers = chromium.new_page(), {}

    def answer(route):
        path = route.request.url.split("/", 3)[3]
        found = answers.get(path, {"status": 404, "body": "gone"})
        found(route) if callable(found) else route.fulfill(**found)

    page.set_default_timeout(HANGS)
    page.route("http://127.0.0.1:9/**", answer)
    frame = '<!doctype html><html lang="en" data-content_root="../"><body></body></html>'
    answers["notebooks/page.html"] = {"content_type": "text/html", "body": frame}
    page.goto("http://127.0.0.1:9/notebooks/page.html")
    yield page, answers
    page.close()


MOUNT_PLAIN = """async ([code, options]) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { mountSam } = await import(url);
  window.view = mountSam(document.body, options);
}"""


@pytest.mark.browser
def test_the_site_gives_the_weights_by_name(site):
    page, answers = site
    answers["_static/sam/v1.bin"] = {"body": weights_of(loaded("v1"))}
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, {"name": "v1", "prompt": PLAY}])
    ready(page)
    assert "Sam V1" in page.get_by_test_id("card").inner_text()


@pytest.mark.browser
def test_a_file_that_is_not_there_is_told(site):
    page, _ = site
    options = {"name": "v1", "prompt": PLAY, "recording": recording_of(recorded())}
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, options])
    assert "404" in fault(page)
    rest(page)
    assert sheet(page) == recorded().text


@pytest.mark.browser
def test_another_sam_of_the_same_version_is_not_shown_as_this_one(site):
    page, answers = site
    answers["_static/sam/v1.bin"] = {"body": weights_of(loaded("v1"))}
    mine = loaded("v1").card["commit"]
    options = {"name": "v1", "prompt": PLAY, "commit": mine}
    assert writer().commit == mine
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, options])
    ready(page)
    page.evaluate("() => { view.stop(); document.body.replaceChildren(); }")
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, options | {"commit": "another"}])
    assert fault(page) == "The weights beside this page are those of another Sam."


@pytest.mark.browser
def test_while_slow_weights_come_a_recording_plays(site):
    page, answers = site
    waiting = []
    answers["_static/sam/v1.bin"] = waiting.append
    options = {"name": "v1", "prompt": PLAY, "recording": recording_of(recorded())}
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, options])
    assert fault(page) == "Sam's weights take their time. What plays here is a recording."
    rest(page)
    assert sheet(page) == recorded().text
    waiting[0].fulfill(body=weights_of(loaded("v1")))
    ready(page)
    assert "Sam V1" in page.get_by_test_id("card").inner_text()
    assert not page.get_by_test_id("fault").is_visible() and sheet(page) == PLAY


@pytest.mark.browser
def test_sam_goes_on_to_the_next_text_until_somebody_touches_him(chromium):
    with shown(chromium, writer("v4", autoplay=True)) as page:
        wait(page, "() => shown[0].model.get('seed') === 1")
        wait(page, "() => document.querySelectorAll('.rs-sams').length > 3")
        page.get_by_test_id("text").click()
        wait(page, "() => /ended/.test(document.querySelector('[data-testid=note]').textContent)")
        assert trait(page, 0, "seed") == 1


@pytest.mark.browser
def test_control_and_enter_begin_and_enter_alone_is_a_new_line(v1):
    v1.get_by_test_id("prompt").fill("JULIET:")
    v1.get_by_test_id("prompt").press("Enter")
    assert v1.get_by_test_id("prompt").input_value() == "JULIET:\n"
    v1.get_by_test_id("prompt").press("Control+Enter")
    wait(v1, "() => document.querySelectorAll('.rs-sams').length > 3")
    assert sheet(v1).startswith("JULIET:\n")
    v1.get_by_test_id("play").click()
    v1.evaluate("(prompt) => shown[0].model.set('prompt', prompt)", PLAY)
    rest(v1)


@pytest.mark.browser
def test_a_new_prompt_from_python_is_read(v1):
    v1.evaluate("() => shown[0].model.set('prompt', 'JULIET:')")
    rest(v1)
    assert sheet(v1) == v1.get_by_test_id("prompt").input_value() == "JULIET:"
    v1.evaluate("(prompt) => shown[0].model.set('prompt', prompt)", PLAY)
    rest(v1)


@pytest.mark.browser
def test_a_page_from_a_folder_takes_the_weights_from_a_script(chromium, tmp_path):
    (tmp_path / "_static" / "sam").mkdir(parents=True)
    text = base64.b64encode(weights_of(loaded("v1"))).decode()
    script = f'(window.realsamFiles ??= {{}})["v1"] = "{text}";'
    (tmp_path / "_static" / "sam" / "v1.js").write_text(script)
    frame = '<!doctype html><html lang="en" data-content_root="./"><body></body></html>'
    (tmp_path / "index.html").write_text(frame)
    page = chromium.new_page()
    page.set_default_timeout(HANGS)
    page.goto((tmp_path / "index.html").as_uri())
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, {"name": "v1", "prompt": PLAY, "autoplay": True}])
    wait(page, "() => document.querySelectorAll('.rs-sams').length > 3")
    page.evaluate("view.stop()")
    page.evaluate("""() => document.body.replaceChildren()""")
    page.evaluate(MOUNT_PLAIN, [SamWriter._esm, {"name": "v3"}])
    assert "not beside this page" in fault(page)
    page.close()


# ------------------------------------------------------------------ manners


TARGETS = "button, select, summary, textarea, label:has(input), input:not([type=checkbox])"


@pytest.mark.browser
@pytest.mark.parametrize("compact", [False, True])
def test_everything_is_labelled_large_and_inside_a_phone(chromium, compact):
    viewport = {"width": 360, "height": 740}
    with shown(chromium, writer("v4", compact=compact), width=360, viewport=viewport) as page:
        ready(page)
        for fold in page.locator("details > summary").all():
            if fold.is_visible():
                fold.click()
        expect_room_and_names(page, 360, TARGETS)


@pytest.mark.browser
def test_both_themes_are_drawn(v1):
    look = "() => [...document.querySelectorAll('canvas')].map((c) => c.toDataURL())"
    settle(v1)
    light = v1.evaluate(look)
    switch_to_dark(v1)
    dark = v1.evaluate(look)
    v1.evaluate("() => { document.documentElement.dataset.theme = 'light'; }")
    settle(v1)
    assert all(a != b for a, b in zip(light, dark, strict=True))
    assert v1.evaluate(look) == light


@pytest.mark.browser
def test_reduced_motion_means_no_autoplay(chromium):
    with shown(chromium, writer(autoplay=True), reduced_motion="reduce") as page:
        ready(page)
        assert written(page) == "" and sheet(page) == PLAY
        assert page.get_by_test_id("play").inner_text() == "Write"


@pytest.mark.browser
def test_autoplay_begins_by_itself(chromium):
    with shown(chromium, writer(autoplay=True)) as page:
        wait(page, "() => document.querySelectorAll('.rs-sams').length > 20")


@pytest.mark.browser
def test_a_removed_sam_stops_and_lets_go(chromium):
    with shown(chromium, writer(autoplay=True)) as page:
        wait(page, "() => document.querySelectorAll('.rs-sams').length > 3")
        frames = """() => {
          shown.forEach(({ stop, el }) => { stop(); el.remove(); });
          window.asked = 0;
          const real = window.requestAnimationFrame;
          window.requestAnimationFrame = (f) => (asked++, real(f));
        }"""
        page.evaluate(frames)
        page.evaluate("() => new Promise((done) => setTimeout(done, 200))")
        assert page.evaluate("asked") == 0
        expect_all_let_go(page)


@pytest.mark.browser
def test_tokens_found_slice_by_slice_are_those_of_the_whole(chromium):
    compare = """async ([b64, texts]) => {
      const sam = script.loadSam(Uint8Array.from(atob(b64), (c) => c.charCodeAt(0)));
      return texts.map((text) => {
        const steps = script.encoded(sam, text);
        let step = steps.next();
        while (!step.done) step = steps.next();
        const whole = sam.tokenizer.encode(text);
        return [step.value.length, step.value.every((id, i) => id === whole[i]), whole.length];
      });
    }"""
    texts = ["Tim  had a  dog.\n " * 900, "🙂 " * 4_000, "x" * 9_000 + " y", "a\u00a0b " * 3_000]
    b64 = base64.b64encode(weights_of(loaded("v4"))).decode()
    with module_page(chromium, {"script": SamWriter}) as page:
        for length, same, whole in page.evaluate(compare, [b64, texts]):
            assert same and length == whole > 4_000 / 4
