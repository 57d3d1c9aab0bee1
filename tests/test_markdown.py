"""Texts of users in Markdown pages: no viewer takes them for HTML, a link or another cell, and all is shown."""

import html
import re

import pytest
from markdown_it import MarkdownIt

from shared.markdown import as_text
from shared.record.files import load_source
from shared.record.ledger import ledger_table
from shared.record.table import to_markdown
from tests.report.made_up import make_record, row, verdict

HOSTILE = "<b>bold</b> | cell &lt; `code` [a](https://example.org) ![b](c.png) \\<i>\n# head"
VIEWER = MarkdownIt("commonmark", {"html": True}).enable("table")  # one that lets HTML through


def shown(page: str) -> str:
    """What a reader sees of a page, without the page's own markup."""
    rendered = VIEWER.render(page)
    tags = set(re.findall(r"<\s*/?([a-z0-9]+)", rendered))
    assert tags <= {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "code", "a"}
    assert set(re.findall('href="([^"]*)"', rendered)) <= {"../replications/longcat/README.md#what-came-out"}
    assert rendered.count("<h1>") <= 1
    return html.unescape(re.sub("<[^>]*>", "", rendered))


@pytest.mark.parametrize("text", ["σ-VAE, 7.5 Hz (p. 3)", "dim64_s0 * 2", "+ critic", "a 'quoted' one!"])
def test_a_plain_text_stays_as_it_is(text):
    assert as_text(text) == text


def test_what_a_study_is_called_is_shown_as_it_is_called(tmp_path):
    texts = {"label": HOSTILE, "setting": HOSTILE, "paper": 0.1, "paper_where": HOSTILE, "paper_trust": "primary"}
    claim = verdict("a", "reproduced", 0.1, text=HOSTILE, where=HOSTILE, reason=HOSTILE)
    page = to_markdown(HOSTILE, "cpu", [row("dim64", 0.1, **texts)], [claim])
    folder = make_record(tmp_path)
    ledger = ledger_table({"cpu": [load_source(folder)]}, {"longcat": HOSTILE})
    assert ledger.count("\n") == 4
    said = " ".join(HOSTILE.split())
    assert shown(page).count(said) == 7 and shown(ledger).count(said) == 1
