"""The verdict ledger: which verdicts stand once their number is taken into account, and how many of each there are.

The papers' own claims and ours are two families, as nobody but us answers for ours. In a family the tested claims
(reproduced, contradicted, inconclusive) of a scale are corrected together by Benjamini & Hochberg (1995): of the
verdicts that stand, at most 5 % are expected to be false. The one primary claim of each source was named beforehand,
and stands by its own p.

p is two-sided, as a claim can come out either way: twice the lesser of the two that the test gave. At a look of a
sequential study it is multiplied by 0.025 / (the look's level of a side) as well: then it is below 5 % exactly where
the look decides, whichever it is. It is still a p, although the study stops where it is small: without any effect it is
below 5 % as often as some look decides, which is 5 %, as the levels are made for; and below 2, 1 and 0.1 % in 1.8, 0.8
and 0.05 % of four million draws of three looks.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from shared.config import ConfigError, Strict
from shared.files import read_text
from shared.markdown import as_text
from shared.record.files import SourceRecord
from shared.record.readers import VERDICTS
from shared.record.table import to_csv
from shared.statistics.claims import CONTRADICTED, INCONCLUSIVE, REPRODUCED, Verdict
from shared.statistics.looks import ONE_SIDED, level
from shared.user_files import file_name

BEGIN, END = "<!-- ledger: `replicate summary` writes it -->", "<!-- end of the ledger -->"
DECIDED = (REPRODUCED, CONTRADICTED)
TESTED = (*DECIDED, INCONCLUSIVE)
FALSE = 0.05  # share of the verdicts that stand which may be false
CORRECTED = "not after correction"
FAMILIES = {"paper": "The papers' own claims", "ours": "Claims that no paper makes"}


class Judged(Verdict):
    """A verdict among the others of its scale.

    Attributes:
        q: the least share of false ones at which it would stand (Benjamini & Hochberg's adjusted p); None of a primary
            claim, and of what was not tested.
        standing: the verdict that stands.
    """

    q: float | None
    standing: str


class Place(Strict):
    """Which study of which source."""

    source: str
    study: str


class Entry(Judged, Place):
    """One claim, and whose it is."""


def judged(sources: list[SourceRecord]) -> dict[tuple[str, str], list[Judged]]:
    """By source and study what stands of a scale's record, which is corrected as one."""
    verdicts = {(s.name, name): study.verdicts.value or [] for s in sources for name, study in s.studies.items()}
    left = iter(correct([each for study in verdicts.values() for each in study]))
    return {place: list(islice(left, len(study))) for place, study in verdicts.items()}


def entries(sources: list[SourceRecord]) -> list[Entry]:
    """All verdicts of a scale's record, source by source."""
    found = judged(sources).items()
    return [Entry(source=source, study=study, **dict(each)) for (source, study), verdicts in found for each in verdicts]


def correct(verdicts: Sequence[Verdict]) -> list[Judged]:
    """What stands of these verdicts, in their order."""
    from scipy import stats  # here, as plans read the history of records, and it takes longer than they do

    q: dict[int, float] = {}
    for origin in FAMILIES:
        family = [n for n, v in enumerate(verdicts) if v.origin == origin and not v.primary and v.verdict in TESTED]
        if family:
            q |= zip(family, stats.false_discovery_control([p_of(verdicts[n]) for n in family]).tolist(), strict=True)
    return [_judged(verdict, q.get(n)) for n, verdict in enumerate(verdicts)]


def p_of(verdict: Verdict) -> float:
    """Two-sided p of a claim that was tested, comparable between looks."""
    if verdict.holds is None or verdict.fails is None:
        raise ValueError(f"{verdict.id}: not tested")
    return min(1.0, 2 * min(verdict.holds, verdict.fails) * ONE_SIDED / level(verdict.look))


def _judged(verdict: Verdict, q: float | None) -> Judged:
    falls = q is not None and q > FALSE and verdict.verdict in DECIDED
    told = dict(verdict)
    if falls:
        told["reason"] = "; ".join(filter(None, [verdict.reason, CORRECTED]))
    return Judged(**told, q=q, standing=INCONCLUSIVE if falls else verdict.verdict)


def ledger_csv(sources: list[SourceRecord]) -> str:
    """`verdicts.csv`."""
    return to_csv(entries(sources), Entry)


def ledger_table(scales: dict[str, list[SourceRecord]], titles: dict[str, str]) -> str:
    """Markdown for a page in docs/: for each family a row for each source and scale, and a column for each verdict.

    Args:
        scales: scale → its record.
        titles: of each source; one that is not among them is shown by name.
    """
    found = {scale: entries(sources) for scale, sources in scales.items()}
    parts = []
    for origin, heading in FAMILIES.items():
        of_family = {scale: [each for each in all_ if each.origin == origin] for scale, all_ in found.items()}
        if any(of_family.values()):
            parts.append("\n".join([f"{heading}:", "", *_table(of_family, titles, origin == "paper")]))
    return "\n\n".join(parts)


def _table(scales: dict[str, list[Entry]], titles: dict[str, str], with_primary: bool) -> list[str]:
    columns = ["source", "scale", "claims", *VERDICTS, *(["the primary one"] if with_primary else [])]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for scale, all_ in scales.items():
        names = list(dict.fromkeys(each.source for each in all_))
        for name in names:
            own = [each for each in all_ if each.source == name]
            primary = ", ".join(each.standing for each in own if each.primary) or "–"
            lines.append(_line(_shown(name, titles), scale, own, [primary] if with_primary else []))
        if len(names) > 1:
            lines.append(_line("**all**", scale, all_, [""] if with_primary else []))
    return lines


def _shown(name: str, titles: dict[str, str]) -> str:
    title = titles.get(name)
    return f"[{as_text(title)}](../replications/{name}/README.md#what-came-out)" if title else as_text(name)


def _line(name: str, scale: str, found: list[Entry], more: list[str]) -> str:
    count = Counter(each.standing for each in found)
    cells = [str(number) for number in (count.total(), *(count[verdict] for verdict in VERDICTS))]
    return f"| {' | '.join([name, f'`{file_name(scale)}`', *cells, *more])} |"


def put_into(page: Path, table: str, begin: str = BEGIN, end: str = END) -> str:
    """A page's text with the table between its two marks.

    Raises:
        ConfigError: it lacks a mark, or is not UTF-8.
    """
    text = read_text(page)
    for mark in (begin, end):
        if mark not in text:
            raise ConfigError(f"{page}: no line {mark!r}; a table goes between {begin!r} and {end!r}")
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
