"""A figures.py that can't be imported is refused before any job, in one line and without importing it."""

import pytest

from shared.config import ConfigError
from shared.plan.layout import check_layout

GOOD = """
import math
import os.path as place
import matplotlib.pyplot
from matplotlib.figure import Figure
from shared.plotting import dots
from shared.plotting.dots import dots_figure

WIDTH, *OTHERS = [math.pi, place.sep, __file__]


class Panel:
    width = WIDTH

    def draw(self):
        return [each for each in OTHERS if each or self.width]


def fig1(table, width=WIDTH):
    global LAST
    LAST = Panel().draw()
    return dots_figure(table, {}) or LAST or Figure or dots or matplotlib
"""
WRONG = {
    "def fig1(table:\n    pass\n": "1: not valid Python: ",
    "import matplotlib.nothing\n" + GOOD: "1: no module matplotlib.nothing",
    "from nothing.at_all import all\n" + GOOD: "1: no module nothing.at_all",
    "from shared.plotting.dots import dot\n" + GOOD: "1: shared.plotting.dots has no dot",
    "from .dots import dots_figure\n" + GOOD: "1: a relative import",
    GOOD + "X = nothing\n": f"{len(GOOD.splitlines()) + 1}: nothing is defined nowhere",
    GOOD.replace("Panel()", "Panels()"): "Panels is defined nowhere",
    GOOD.replace("fig1", "fig2"): " no function fig1(table)",
    GOOD.replace("fig1(table, width", "fig1(other, table, width"): " fig1 must take one argument",
    GOOD.replace("fig1(table, width=WIDTH", "fig1("): "table is defined nowhere",
    GOOD + "X = " + "(" * 500 + ")" * 500: "too many nested parentheses",
    GOOD + "\0": "not valid Python",
}


def test_a_file_that_can_be_imported_is_taken(tmp_path):
    (tmp_path / "figures.py").write_text(GOOD)
    check_layout(tmp_path / "figures.py", ["fig1"])


@pytest.mark.parametrize("text", WRONG)
def test_one_that_can_not_is_refused_with_its_line(tmp_path, text):
    (tmp_path / "figures.py").write_text(text)
    with pytest.raises(ConfigError) as caught:
        check_layout(tmp_path / "figures.py", ["fig1"])
    assert str(caught.value).startswith(f"{tmp_path}/figures.py:")
    assert WRONG[text] in str(caught.value) and len(str(caught.value).splitlines()) == 1
