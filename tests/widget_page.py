"""Widgets, or their modules alone, in a browser page without a kernel: for the widget tests."""

import base64
from contextlib import contextmanager

from ipywidgets import DOMWidget

PAGE = """<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">
<style>body {{ width: {width}px; margin: 0; }} {css}</style><body></body>"""
UNPACK = """window.unpack = (state) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  for (const name in state)
    if (state[name]?.b64 !== undefined) state[name] = new DataView(bytes(state[name].b64).buffer);
  return state;
};
window.load = (code) =>
  import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));"""
MOUNT = """async ([code, state, kernel]) => {
  unpack(state);
  const heard = {};
  const model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      (heard[`change:${name}`] ?? []).forEach((f) => f());
    },
    save_changes: () => { throw new Error("no kernel"); },
    on: (event, f) => (heard[event] = [...(heard[event] ?? []), f]),
    off: (event, f) => (heard[event] = (heard[event] ?? []).filter((g) => g !== f)),
  };
  if (kernel !== null)
    model.send = async (message) => {
      for (const [said, buffers] of await window.kernel(kernel, message)) {
        const views = buffers.map((b64) => unpack({ b: { b64 } }).b);
        (heard["msg:custom"] ?? []).forEach((f) => f(said, views));
      }
    };
  const module = await load(code);
  const el = document.body.appendChild(document.createElement("div"));
  const stop = await module.default.render({ model, el });
  (window.shown ??= []).push({ model, el, stop, heard, module });
}"""


def state_of(widget: DOMWidget) -> dict:
    """The widget's own traits, as a page stores them."""
    own = set(widget.keys) - set(DOMWidget.class_traits()) - {"_esm", "_css", "_anywidget_id"}
    values = {name: getattr(widget, name) for name in sorted(own)}
    packed = {n: base64.b64encode(v).decode() for n, v in values.items() if isinstance(v, bytes)}
    return values | {name: {"b64": text} for name, text in packed.items()}


@contextmanager
def module_page(chromium, classes: dict):
    """Yield a page that holds the script of each widget class as a global variable of that name."""
    page = chromium.new_page()
    page.evaluate(UNPACK)
    load = "async ([name, code]) => { window[name] = await load(code); }"
    for name, widget in classes.items():
        page.evaluate(load, [name, widget._esm])
    try:
        yield page
    finally:
        page.close()


@contextmanager
def widget_page(chromium, made, css: str, width: int, kernel: bool = False, **options):
    """Yield a page that shows the widgets `made`, in order, as `shown`; it may raise no error.

    Args:
        css: their style sheets.
        width: of the body, in pixels.
        kernel: whether the widgets in Python answer messages from the page.
        options: of the page, as `viewport` and `reduced_motion`.
    """
    page, problems = chromium.new_page(**options), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_content(PAGE.format(width=width, css=css))
    page.evaluate(UNPACK)
    made = list(made)
    if kernel:
        page.expose_function("kernel", lambda k, message: _answers(made[k], message))
    for k, widget in enumerate(made):
        page.evaluate(MOUNT, [widget._esm, state_of(widget), k if kernel else None])
    try:
        yield page
    finally:
        page.close()
    assert problems == []


def _answers(widget: DOMWidget, message: dict) -> list:
    """What a widget sends when the page sends it a message: contents with their buffers."""
    sent = []
    widget.send = lambda content, buffers=(): sent.append([content, [*buffers]])
    widget._handle_custom_msg(message, [])
    return [[said, [base64.b64encode(b).decode() for b in buffers]] for said, buffers in sent]


def trait(page, which, name):
    """A trait of one of the widgets `shown`."""
    return page.evaluate("([k, name]) => shown[k].model.get(name)", [which, name])


def settle(page):
    """Wait until what changed is drawn."""
    frame = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    page.evaluate(frame)


def switch_to_dark(page):
    """Change the theme and wait until the page has drawn it."""
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark'; }")
    settle(page)


def expect_room_and_names(page, width: int, targets: str):
    """Nothing is wider than the page, no control nameless, none of `targets` hard to hit."""
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    nameless = """[...document.querySelectorAll('input, select, button, canvas')].filter((e) =>
      !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim())).length"""
    assert page.evaluate(nameless) == 0
    small_targets = """(targets) => [...document.querySelectorAll(targets)]
      .filter((e) => e.checkVisibility())
      .map((e) => e.getBoundingClientRect())
      .filter((r) => r.height < 44 || r.width < 44).length"""
    assert page.evaluate(small_targets, targets) == 0


def expect_all_let_go(page):
    """No widget listens to its model any more."""
    heard = "() => shown.flatMap(({ heard }) => Object.values(heard).flat()).length"
    assert page.evaluate(heard) == 0


def expect_self_contained(code: str):
    """A script fetches nothing, evaluates nothing, and writes no HTML."""
    for word in ("import ", "fetch(", "eval(", "Function(", "innerHTML"):
        assert word not in code
    assert code.replace("http://www.w3.org/2000/svg", "").count("://") == 0
