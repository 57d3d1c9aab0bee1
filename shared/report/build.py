"""Build the pages: for each scale results/<scale>/report/index.html, one file that needs nothing beside it."""

import sys
from pathlib import Path

from shared.files import write_text
from shared.record.files import REPORT, choose_scales
from shared.report.page import find_sources, make_page

PAGE = "index.html"


def build(results: Path, replications: Path, scales: list[str] | None = None) -> bool:
    """Write the pages of these scales, by default of all that have a record; say where they are and what is damaged.

    Returns:
        Whether every file of the record that is there is whole.

    Raises:
        ConfigError: there is no record, or none of a scale that is asked for.
    """
    sources, whole = find_sources(replications), True
    for scale in choose_scales(results, scales):
        page = make_page(results, scale, sources)
        path = results / scale / REPORT / PAGE
        write_text(path, page.html)
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
        for file, problem in page.damaged:
            print(f"damaged: {file}: {problem}", file=sys.stderr)
        whole &= not page.damaged
    return whole
