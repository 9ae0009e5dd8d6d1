"""Figures of the energy estimate: what is drawn is what was estimated, and it says so."""

import pytest
from plots.figures import ENERGY, MARKS, TWINS

from realsam_edu import plots

pytestmark = pytest.mark.usefixtures("clean_style")


def test_bars_are_shares_of_their_row_and_carry_their_numbers():
    ax = plots.plot_energy_rows(ENERGY)
    widths = [100 * 6 / 27, 100 * 100 / 350, 100, 100]
    assert [patch.get_width() for patch in ax.patches] == pytest.approx(widths)
    assert [text.get_text() for text in ax.texts] == ["6 µJ", "100 µJ", "27 µJ", "350 µJ"]
    assert [text.get_text() for text in ax.get_yticklabels()] == list(ENERGY)
    assert ax.patches[0].get_hatch() and not ax.patches[2].get_hatch()  # never color alone
    assert "an estimate, not measured" in ax.get_xlabel()


def test_break_even_is_marked_where_the_lines_meet():
    ax = plots.plot_break_even([0, 1], [1e6, 9e6], TWINS, MARKS, 0.1)
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xydata().tolist()[0] for line in marks] == [[50, 5], [25, 3]]  # none at 360 %
    said = [text.get_text() for text in ax.texts]
    assert said == ["break-even 50 %", "break-even 25 %", "Sam fires at 10.0 %"]
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([1, 9])
    assert "estimate" in ax.get_ylabel()
