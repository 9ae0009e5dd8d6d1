"""The front page in a browser: alive, by keyboard, at any width, with everything else cut off."""

import pytest

pytestmark = pytest.mark.browser
PATIENCE = 600_000  # milliseconds; a busy machine is slow, and no test judges by the clock
MOST = 9_000_000  # bytes of the page with V4
HOSTILE = "<img src=x onerror=\"document.title='caught'\"><script>document.title='caught'</script>"
LIVE = ".live:not([hidden])"
WRITTEN = f"() => document.querySelector('{LIVE} .rs-sheet')?.innerText ?? ''"
REACHABLE = """() => {
  const seen = (el) => el.checkVisibility({ visibilityProperty: true }) && !el.closest("[inert]");
  const all = document.querySelectorAll(
    "a[href], :is(button, input, select, textarea):not(:disabled), summary, [tabindex='0']");
  return [...all].filter(seen).map((el, i) => (el.dataset.reach = String(i)));
}"""
HERE = """() => {
  const el = document.activeElement;
  const ring = (style) => style.outlineStyle !== "none" || style.boxShadow !== "none";
  const hit = el.querySelector(":scope > .hit");
  const shown = ring(getComputedStyle(el)) || (hit && getComputedStyle(hit).stroke !== "none");
  return [el.dataset?.reach ?? null, Boolean(shown), el.outerHTML.slice(0, 120)];
}"""


class Opened:
    """The front page in a window of its own, and what it loaded and complained of."""

    def __init__(self, chromium, address: str, width: int = 1280, **options):
        self.context = chromium.new_context(viewport={"width": width, "height": 800}, **options)
        self.context.set_default_timeout(PATIENCE)
        self.page, self.wrong, self.bytes, self.home = self.context.new_page(), [], 0, address
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("console", self.said)
        self.page.on("requestfinished", self.came)
        self.page.on("request", self.asked)

    def said(self, message) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text}")

    def asked(self, request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.wrong.append(f"remote: {request.url}")

    def came(self, request) -> None:
        self.bytes += request.sizes()["responseBodySize"]

    def go(self) -> "Opened":
        self.page.goto(f"{self.home}/book/index.html")
        return self

    def until(self, condition: str, arg=None):
        """Wait until a function of the page returns something; the policy forbids to poll there."""
        for _ in range(PATIENCE // 100):
            if value := self.page.evaluate(condition, arg):
                return value
            self.page.wait_for_timeout(100)
        raise AssertionError(f"never came true: {condition}")

    def ready(self) -> "Opened":
        """Wait until Sam has come and has read what he begins with."""
        self.until(f"() => document.querySelector('{LIVE} [data-testid=send]:not(:disabled)')")
        self.until(f"() => document.querySelector('{LIVE} .rs-sheet').innerText.trim() !== ''")
        return self


@pytest.fixture
def opened(chromium):
    """Return the way to open the front page; what was opened is closed."""
    pages = []

    def open_page(address: str, **options) -> Opened:
        pages.append(Opened(chromium, address, **options))
        return pages[-1]

    yield open_page
    for one in pages:
        one.context.close()


@pytest.fixture(params=["http", "file"])
def address(request, site, book) -> str:
    """The page from a server, and opened from a folder."""
    return site if request.param == "http" else book.html.as_uri()


def test_sam_writes_by_himself_and_nothing_comes_from_elsewhere(opened, address):
    front = opened(address).go().ready()
    before = front.page.evaluate(WRITTEN)
    front.until("(before) => (" + WRITTEN[6:] + ") !== before", before)
    assert front.wrong == []
    assert front.page.locator(".recording").is_hidden()
    if address.startswith("http"):
        assert 1_000_000 < front.bytes <= MOST


def test_sam_answers_what_is_typed_and_markup_stays_text(opened, site):
    front = opened(site, reduced_motion="reduce").go().ready()
    box = front.page.locator(f"{LIVE} textarea").first
    box.fill(HOSTILE)
    box.press("Control+Enter")
    front.until("(words) => (" + WRITTEN[6:] + ").includes(words)", "<img src=x onerror=")
    assert front.page.locator(f"{LIVE} img, {LIVE} script").count() == 0
    assert "caught" not in front.page.title()
    assert front.wrong == []


def test_without_weights_the_recording_is_played_and_it_is_said(opened, site):
    front = opened(site, reduced_motion="reduce")
    front.page.route("**/_static/sam/*.bin", lambda route: route.fulfill(status=200, body=b"RealS"))
    front.go()
    front.until(f"() => document.querySelector('{LIVE}')?.innerText.includes('recording')")
    play = f"{LIVE} [data-testid=play]:not(:disabled)"
    front.until(f"() => document.querySelector('{play}')")
    before = front.page.evaluate(WRITTEN)
    front.page.locator(f"{LIVE} [data-testid=step]").press("Enter")
    front.until("(before) => (" + WRITTEN[6:] + ") !== before", before)
    assert front.wrong == []


def test_v1_writes_while_v4_is_on_its_way(opened, site):
    front, held = opened(site), []
    front.page.route("**/v4.bin", lambda route: held.append(route))
    front.go()
    pressed = "(name) => document.querySelector(`.choose button[value=${name}]`).ariaPressed"
    front.until(pressed + " === 'true'", "v1")
    front.ready()
    assert "Shakespeare" in front.page.locator(".choose [aria-pressed=true]").inner_text()
    held[0].continue_()
    front.until(pressed + " === 'true'", "v4")
    front.ready()
    assert front.wrong == []


def test_who_has_begun_with_v1_is_not_interrupted(opened, site):
    front, held = opened(site), []
    front.page.route("**/v4.bin", lambda route: held.append(route))
    front.go()
    button = front.page.locator(".choose button[value=v1]")
    button.click()
    front.ready()
    held[0].continue_()
    front.until("() => document.querySelector('.live[hidden] [data-testid=send]:not(:disabled)')")
    assert button.get_attribute("aria-pressed") == "true"


def test_the_page_says_all_of_it_without_scripts(opened, site):
    front = opened(site, java_script_enabled=False).go()
    assert front.page.locator(".recording svg").is_visible()
    panels = front.page.locator(".panel")
    assert all(panels.nth(i).is_visible() for i in range(panels.count()))
    for link in front.page.locator(".part").all():
        assert front.page.locator(link.get_attribute("href")).count() == 1
    assert front.page.locator(".scrub").is_hidden()
    assert front.page.locator("#theme").is_hidden()


def test_keyboard_alone_reaches_everything_and_shows_where_it_is(opened, site):
    front = opened(site, reduced_motion="reduce").go().ready()
    front.page.locator("details").evaluate_all("(all) => all.forEach((d) => (d.open = true))")
    front.until("() => document.fonts.status === 'loaded'")
    wanted, reached, dark = front.page.evaluate(REACHABLE), set(), []
    front.page.evaluate("() => document.body.focus()")
    for _ in range(len(wanted) + 30):
        front.page.keyboard.press("Tab")
        name, ringed, html = front.page.evaluate(HERE)
        reached.add(name)
        if name is not None and not ringed:
            dark.append(html)
    missed = set(wanted) - reached
    tell = "(i) => document.querySelector(`[data-reach='${i}']`)?.outerHTML.slice(0, 120)"
    assert [front.page.evaluate(tell, i) for i in sorted(missed)] == []
    assert dark == []


def test_every_part_of_the_drawing_answers_to_a_key(opened, site):
    front = opened(site, reduced_motion="reduce").go().ready()
    parts = front.page.locator(".part")
    assert parts.count() == 7
    for part in parts.all():
        part.focus()
        part.press("Enter")
        panel = front.page.locator(part.get_attribute("href"))
        assert panel.is_visible() and part.get_attribute("aria-current") == "true"
        assert front.page.locator(".panel:visible").count() == 1
        for word in ("h3", ".eq", ".weighs", ".on a"):
            assert panel.locator(word).first.inner_text().strip()


def test_the_slider_tells_what_was_written_at_each_moment(opened, site):
    front = opened(site, reduced_motion="reduce").go().ready()
    slider, said = front.page.locator("#moment"), front.page.locator(".moment")
    last, place = said.inner_text(), front.page.locator(".curve.wide .cursor")
    at = place.get_attribute("transform")
    slider.press("Home")
    assert said.inner_text() != last and place.get_attribute("transform") != at
    assert "words" in slider.get_attribute("aria-valuetext")
    slider.press("End")
    assert said.inner_text() == last and place.get_attribute("transform") == at


def test_the_theme_is_chosen_by_key_and_kept(opened, site):
    front = opened(site, color_scheme="light", reduced_motion="reduce").go()
    theme = "() => document.documentElement.dataset.theme"
    button = front.page.locator("#theme")
    assert front.page.evaluate(theme) == "light"
    button.press("Enter")  # light
    button.press("Enter")  # dark
    assert front.page.evaluate(theme) == "dark" and "dark" in button.get_attribute("aria-label")
    front.page.goto(f"{site}/book/glossary.html")
    assert front.page.evaluate(theme) == "dark"
    front.go()
    assert front.page.evaluate(theme) == "dark"
    assert front.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(opened, site, width, scheme):
    front = opened(site, width=width, color_scheme=scheme, reduced_motion="reduce").go().ready()
    front.page.locator("details").evaluate_all("(all) => all.forEach((d) => (d.open = true))")
    wide = """() => [...document.querySelectorAll("main *, header *")]
      .filter((el) => el.checkVisibility() && !el.closest("svg, .scroll, .eq, .rs-widget"))
      .filter((el) => el.getBoundingClientRect().right > innerWidth + 1)
      .map((el) => el.outerHTML.slice(0, 120))"""
    assert front.page.evaluate(wide) == []
    assert front.page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_who_wants_no_motion_gets_none(opened, site):
    front = opened(site, reduced_motion="reduce").go().ready()
    idle = f"() => document.querySelector('{LIVE} [data-testid=play]').innerText.includes('Write')"
    front.until(idle)
    before = front.page.evaluate(WRITTEN)
    front.page.wait_for_timeout(1500)
    assert front.page.evaluate(WRITTEN) == before
    smooth = "() => getComputedStyle(document.documentElement).scrollBehavior"
    assert front.page.evaluate(smooth) == "auto"


def test_the_head_tells_what_is_shared(opened, site):
    front = opened(site, java_script_enabled=False).go()
    for name in ("og:title", "og:description", "og:image"):
        assert front.page.locator(f'meta[property="{name}"]').get_attribute("content")
    for name in ("description", "twitter:card", "twitter:image"):
        assert front.page.locator(f'meta[name="{name}"]').get_attribute("content")
    picture = front.page.locator('meta[property="og:image"]').get_attribute("content")
    assert front.page.request.get(f"{site}/book/{picture}").ok
    entrance = front.page.request.get(f"{site}/index.html").text()
    assert "book/index.html" in entrance and "og:image" in entrance


def test_only_the_front_page_has_the_policy_and_the_wide_layout(opened, site):
    front = opened(site, java_script_enabled=False).go()
    policy = 'meta[http-equiv="Content-Security-Policy"]'
    assert front.page.locator(policy).count() == 1
    assert front.page.locator(".bd-sidebar").count() == 0
    assert front.page.locator("script:not([src]):not([type='application/json'])").count() == 0
    front.page.goto(f"{site}/book/glossary.html")
    assert front.page.locator(policy).count() == 0
    assert front.page.locator(".bd-sidebar-primary").count() == 1


def test_links_into_the_pages_of_the_book_find_their_headings(opened, site):
    front = opened(site, java_script_enabled=False).go()
    links = front.page.locator("main a[href*='.html#']").evaluate_all(
        "(all) => all.map((a) => a.href)"
    )
    assert links
    for link in set(links):
        page, heading = link.split("#")
        assert f'id="{heading}"' in front.page.request.get(page).text(), link


def test_the_policy_really_stops_a_script_in_the_page(opened, site):
    """The tests above would notice: a script put into the page is refused, and said so."""
    front = opened(site, reduced_motion="reduce").go().ready()
    front.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'caught'";
          document.body.append(script);
        }"""
    )
    front.until("() => true")
    assert front.page.title() != "caught"
    assert any("Content Security Policy" in said for said in front.wrong)
