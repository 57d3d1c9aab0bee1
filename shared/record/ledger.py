"""The verdict ledger: of each source, how many of its claims got which verdict, and each claim in one table."""

from collections import Counter
from pathlib import Path

from shared.config import ConfigError, Strict
from shared.files import read_text
from shared.markdown import as_text
from shared.record.files import SourceRecord
from shared.record.readers import VERDICTS
from shared.record.table import to_csv
from shared.statistics.claims import Verdict
from shared.user_files import file_name

BEGIN, END = "<!-- ledger: `replicate summary` writes it -->", "<!-- end of the ledger -->"


class Place(Strict):
    """Which study of which source."""

    source: str
    study: str


class Entry(Verdict, Place):
    """One claim, and whose it is."""


def entries(sources: list[SourceRecord]) -> list[Entry]:
    """All verdicts of a scale's record, source by source."""
    return [
        Entry(source=source.name, study=study.name, **verdict.model_dump())
        for source in sources
        for study in source.studies.values()
        for verdict in study.verdicts.value or []
    ]


def ledger_csv(sources: list[SourceRecord]) -> str:
    """`verdicts.csv`."""
    return to_csv(entries(sources), Entry)


def ledger_table(scales: dict[str, list[SourceRecord]], titles: dict[str, str]) -> str:
    """Markdown for a page in docs/: a row for each source and scale, a column for each verdict, and the sum.

    Args:
        scales: scale → its record.
        titles: of each source; one that is not among them is shown by name.
    """
    lines = ["| source | scale | claims |" + "".join(f" {verdict} |" for verdict in VERDICTS)]
    lines.append("|---|---|---|" + "---|" * len(VERDICTS))
    for scale, sources in scales.items():
        total: Counter[str] = Counter()
        for source in sources:
            count = Counter(entry.verdict for entry in entries([source]))
            total += count
            name = titles.get(source.name)
            link = f"](../replications/{source.name}/README.md#what-came-out)"
            shown = f"[{as_text(name)}{link}" if name else as_text(source.name)
            lines.append(_line(shown, scale, count))
        if len(sources) > 1:
            lines.append(_line("**all**", scale, total))
    return "\n".join(lines)


def _line(name: str, scale: str, count: Counter[str]) -> str:
    cells = (str(number) for number in (count.total(), *(count[verdict] for verdict in VERDICTS)))
    return f"| {name} | `{file_name(scale)}` | {' | '.join(cells)} |"


def put_into(page: Path, table: str) -> str:
    """A page's text with the table between its two marks.

    Raises:
        ConfigError: it lacks a mark, or is not UTF-8.
    """
    text = read_text(page)
    for mark in (BEGIN, END):
        if mark not in text:
            raise ConfigError(f"{page}: no line {mark!r}; the ledger goes between {BEGIN!r} and {END!r}")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}"
