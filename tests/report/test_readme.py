"""Parts of a README on the page: the right part, links that still lead there, nothing that runs."""

import pytest

from shared.report.readme import moved, section, to_html

TEXT = """# Title

## What came out
Scale `cpu`: see [the table](../../results/cpu/x/fig.md), [here](#what-it-is) and [the paper](https://arxiv.org/abs/1).

### Why
| a | b |
|---|---|
| 1 | <script>alert(1)</script> |

![A picture](fig.png) and [bad](javascript:alert(1))

## Rest
Not this.
"""
BASE = "../../../replications/x"


def test_a_part_ends_at_the_next_heading_of_its_level_and_its_own_are_lowered():
    html = section(TEXT, "What came out", BASE, deeper=2)
    assert "<h5>Why</h5>" in html
    assert "Not this" not in html and "Title" not in html and "What came out" not in html
    assert section(TEXT, "Nothing", BASE) is None
    assert "Not this" in section(TEXT, "Rest", BASE)


def test_links_lead_to_the_same_places_from_the_page():
    html = section(TEXT, "What came out", BASE)
    assert 'href="../../../results/cpu/x/fig.md"' in html
    assert 'href="../../../replications/x/README.md#what-it-is"' in html
    assert 'href="https://arxiv.org/abs/1"' in html


@pytest.mark.parametrize(("link", "expected"), [
    ("study.yaml", "../../../replications/x/study.yaml"), ("../../results/cpu/x/", "../../../results/cpu/x/"),
    ("mailto:a@b.c", "mailto:a@b.c"), ("/abs", "/abs"),
])  # fmt: skip
def test_only_relative_links_move(link, expected):
    assert moved(link, BASE) == expected


def test_nothing_in_it_runs_or_loads():
    html = to_html(TEXT, BASE)
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "<img" not in html and "[A picture]" in html
    assert 'href="javascript' not in html


def test_tables_scroll_and_their_heads_are_heads():
    html = to_html(TEXT, BASE)
    assert '<div class="scroll" role="region" tabindex="0" aria-label="Table"><table>' in html
    assert '<th scope="col">a</th>' in html
