"""The energy meter of the page: Python's numbers from the same spikes, and a table to read."""

import numpy as np
import pytest
from widget_page import (
    PAGE,
    UNPACK,
    expect_room_and_names,
    expect_self_contained,
    settle,
    switch_to_dark,
)

from realsam_edu.inside import energy
from realsam_edu.model.versions import MODELS, build
from realsam_edu.widgets.base import script, styles

EXPORTS = (
    "export { countOperations, samEnergy, twinEnergy, breakEven, energyMeter };\n"
    "export default { render() {} };\n"
)
SIZES = {"vocab": 17, "embed": 12, "hidden": 20}
KINDS = [("fp32", None), ("fp32", "sram"), ("int8", "sram"), ("int8", "dram")]


def code() -> str:
    return script("shared/energy.js") + EXPORTS


def random_spikes(sizes: dict, steps: int) -> list:
    """What fired in each step, a list of 0 and 1 for each population."""
    rng = np.random.default_rng(0)
    widths = [part["neurons"] for part in sizes["populations"]]
    return [[rng.integers(0, 2, n).tolist() for n in widths] for _ in range(steps)]


@pytest.fixture(scope="module")
def page(chromium):
    """A narrow page with the meter's script as window.energy."""
    page, problems = chromium.new_page(viewport={"width": 400, "height": 800}), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_content(PAGE.format(width=384, css=styles("energy.css")))
    page.evaluate(UNPACK)
    page.evaluate("async (code) => { window.energy = await load(code); }", code())
    yield page
    page.close()
    assert problems == []


COMPUTE = """([sizes, steps, kinds]) => {
  const bits = (fired) => fired.map((spk) => Uint8Array.from(spk));
  const counts = steps.map((fired) => energy.countOperations(sizes, bits(fired)));
  const joules = counts.map((ops) => kinds.map(([a, m]) => [
    energy.samEnergy(ops, a, m), energy.twinEnergy(ops, a, m), energy.twinEnergy(ops, a, m, true),
    energy.breakEven(ops, a, m, false), energy.breakEven(ops, a, m, true)]));
  const meter = energy.energyMeter(sizes);
  for (const fired of steps) meter.add(fired);
  return { counts, joules, mean: meter.mean() };
}"""


@pytest.mark.browser
@pytest.mark.parametrize("version", MODELS)
def test_the_page_counts_what_python_counts(page, version):
    sizes = energy.sizes(build(version, seed=0, **SIZES))
    steps = random_spikes(sizes, 5)
    found = page.evaluate(COMPUTE, [sizes, steps, KINDS])
    totals = np.array([[sum(layer) for layer in step] for step in steps])
    for fired, counts, joules in zip(totals, found["counts"], found["joules"], strict=True):
        ops = energy.count(sizes, fired.tolist())
        assert counts == ops._asdict() and ops.accumulates > 0
        wanted = [
            [
                energy.sam_energy(ops, *kind),
                energy.twin_energy(ops, *kind),
                energy.twin_energy(ops, *kind, binary=True),
                energy.break_even(ops, *kind),
                energy.break_even(ops, *kind, binary=True),
            ]
            for kind in KINDS
        ]
        np.testing.assert_allclose(joules, wanted, rtol=1e-12)
    mean = energy.count(sizes, totals.mean(0).tolist())
    assert found["mean"] == pytest.approx(mean._asdict(), rel=1e-12)


SHOW = """([sizes, steps]) => {
  const root = document.createElement("div");
  root.className = "rs-widget";
  window.meter = energy.energyMeter(sizes);
  root.append(meter.el);
  document.body.replaceChildren(root);
  for (const fired of steps) meter.add(fired);
  meter.show();
}"""


@pytest.mark.browser
def test_the_meter_is_a_table_that_says_it_is_an_estimate(page):
    sizes = energy.sizes(build("v4", seed=0, **SIZES))
    steps = random_spikes(sizes, 4)
    page.evaluate(SHOW, [sizes, steps])
    meter = page.get_by_test_id("energy")
    assert meter.locator("caption").inner_text() == "Energy: an estimate, not measured"
    fired = np.array([[sum(layer) for layer in step] for step in steps]).mean(0)
    ops = energy.count(sizes, fired.tolist())
    row = meter.get_by_test_id("energy-compute").locator("td")
    shown = [float(text.split()[0]) for text in row.all_inner_texts()[:2]]
    wanted = [energy.sam_energy(ops) / 1e3, energy.twin_energy(ops) / 1e3]
    assert shown == pytest.approx(wanted, rel=5e-3)
    share, dense = energy.share_met(ops), energy.break_even(ops)
    even = meter.get_by_test_id("energy-even").inner_text()
    assert f"{100 * share:.1f}\u00a0%" in even and f"{100 * dense:.0f}\u00a0%" in even
    assert meter.get_by_test_id("energy-counts").inner_text().startswith("4 tokens, each ")
    assert not meter.locator("li").first.is_visible()
    meter.locator("summary").click()
    assert "nothing here was measured" in meter.locator("li").first.inner_text()
    expect_room_and_names(page, 400, "summary")
    page.evaluate("meter.reset()")
    assert meter.get_by_test_id("energy-counts").inner_text() == "Nothing counted yet."


@pytest.mark.browser
def test_bars_are_as_long_as_the_numbers_and_change_with_the_theme(page):
    sizes = energy.sizes(build("v4", seed=0, **SIZES))
    page.evaluate(SHOW, [sizes, random_spikes(sizes, 4)])
    settle(page)
    look = """() => [...document.querySelectorAll("tbody .rs-fill")].map((e) => e.style.width)"""
    compute, twin, *_ = (float(width.rstrip("%")) for width in page.evaluate(look))
    ops = page.evaluate("meter.mean()")
    ratio = energy.sam_energy(energy.Operations(**ops)) / energy.twin_energy(
        energy.Operations(**ops)
    )
    assert twin == 100 and compute == pytest.approx(100 * ratio, rel=1e-3)
    ink = """() => getComputedStyle(document.querySelector(".rs-energy caption")).color"""
    light = page.evaluate(ink)
    page.evaluate("document.querySelector('.rs-widget').dataset.rsTheme = 'dark'")
    switch_to_dark(page)
    assert page.evaluate(ink) != light


def test_the_meter_fetches_nothing_and_evaluates_nothing():
    expect_self_contained(script("shared/energy.js"))
