"""What became of verdicts from one record of a study to the next."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

from shared.markdown import as_text
from shared.record.history import AGAIN, NEW, Past
from shared.record.ledger import DECIDED
from shared.statistics.claims import INCONCLUSIVE
from shared.user_files import file_name

BEGIN, END = "<!-- history: `replicate summary` writes it -->", "<!-- end of the history -->"
STAYED, LOST, REVERSED, NONE, WITHDRAWN = "stayed", "became inconclusive", "reversed", "no verdict", "withdrawn"
KINDS = (STAYED, LOST, REVERSED, NONE, WITHDRAWN)
RECORDS = "records"


def studies(past: Iterable[Past]) -> dict[tuple[str, str], list[list[Past]]]:
    """By source and study its records, oldest first, each with its claims."""
    found: dict[tuple[str, str], list[list[Past]]] = {}
    for (source, study, _), rows in groupby(past, key=lambda each: (each.source, each.study, each.commit)):
        found.setdefault((source, study), []).append(list(rows))
    return found


def turned(records: list[list[Past]]) -> Counter[str]:
    """What became of each verdict, reproduced or contradicted, in the record after it.

    It stayed, became inconclusive, was reversed, or there is none any more (a pilot, not testable, no such claim).
    Where that record has read the same runs again and says otherwise, the verdict was withdrawn.
    """
    found: Counter[str] = Counter()
    for before, after in pairwise(records):
        now = {each.claim: each.verdict for each in after}
        for each in before:
            if each.verdict in DECIDED and (turn := _turn(each.verdict, now.get(each.claim), after[0].runs)):
                found[turn] += 1
    return found


def _turn(before: str, now: str | None, runs: str) -> str | None:
    if runs == AGAIN:
        return None if now == before else WITHDRAWN
    if now == before:
        return STAYED
    return REVERSED if now in DECIDED else LOST if now == INCONCLUSIVE else NONE


def history_table(scales: dict[str, list[Past]], titles: dict[str, str]) -> str:
    """Markdown: of each study that was recorded or read again what became of its verdicts (`KINDS`) in the next record.

    Args:
        scales: scale → its history.
        titles: of each source.
    """
    columns = ["study", "scale", RECORDS, *KINDS]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for scale, past in scales.items():
        total: Counter[str] = Counter()
        for (source, study), records in studies(past).items():
            if len(records) > 1:
                count = turned(records) + Counter({RECORDS: sum(rows[0].runs != AGAIN for rows in records)})
                total += count
                lines.append(_line(as_text(f"{titles.get(source, source)}, {study}"), scale, count))
        if total:
            lines.append(_line("**all**", scale, total))
    return "\n".join(lines)


def _line(name: str, scale: str, count: Counter[str]) -> str:
    return f"| {name} | `{file_name(scale)}` | {' | '.join(str(count[kind]) for kind in (RECORDS, *KINDS))} |"


def as_lines(past: Iterable[Past]) -> Iterator[str]:
    """For people: of each study its records, and by claim the verdict of each."""
    for (source, study), records in studies(past).items():
        count = sum(rows[0].runs != AGAIN for rows in records)
        yield f"{source} {study}: {count} record{'s' if count > 1 else ''}"
        yield from (f"  {number}. {_when(rows)}" for number, rows in enumerate(records, start=1))
        said = [{each.claim: each.verdict for each in rows} for rows in records]
        names = list(dict.fromkeys(name for each in said for name in each))
        width = max(map(len, names))
        yield _cells("", width, map(str, range(1, len(said) + 1)))
        # `not testable here`, and older words for it, without the last.
        yield from (_cells(name, width, (" ".join(each.get(name, "–").split()[:2]) for each in said)) for name in names)
        yield ""


def _when(rows: list[Past]) -> str:
    first, seeds = rows[0], max(each.seeds for each in rows)
    place = f"{first.date} {first.commit[:10]}" if first.date and first.commit else "as it lies there"
    how = "" if first.runs == NEW else f", {first.runs}"
    return f"{place:21}  {seeds} seed{'s' if seeds > 1 else ''}{how}"


def _cells(name: str, width: int, cells: Iterable[str]) -> str:
    return f"  {name:{width}}  {' '.join(f'{cell:13}' for cell in cells)}".rstrip()
