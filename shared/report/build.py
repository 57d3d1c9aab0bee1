"""Build the pages: for each scale results/<scale>/report/index.html, one file that needs nothing beside it."""

import sys
from pathlib import Path

from shared.config import ConfigError, did_you_mean
from shared.files import write_text
from shared.report.page import find_sources, make_page
from shared.report.record import REPORT, scales_with_results

PAGE = "index.html"


def build(results: Path, replications: Path, scales: list[str] | None = None) -> bool:
    """Write the pages of these scales, by default of all that have a record; say where they are and what is damaged.

    Returns:
        Whether every file of the record that is there is whole.

    Raises:
        ConfigError: there is no record, or none of a scale that is asked for.
    """
    known = scales_with_results(results)
    if not known:
        raise ConfigError(f"{results}: no record at any scale; make one: snakemake figures/longcat_fig3.pdf")
    for scale in scales or []:
        if scale not in known:
            raise ConfigError(f"{results}: no record at scale {scale!r}{did_you_mean(scale, known)}")
    sources, whole = find_sources(replications), True
    for scale in dict.fromkeys(scales or known):
        page = make_page(results, scale, sources)
        path = results / scale / REPORT / PAGE
        write_text(path, page.html)
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
        for file, problem in page.damaged:
            print(f"damaged: {file}: {problem}", file=sys.stderr)
        whole &= not page.damaged
    return whole
