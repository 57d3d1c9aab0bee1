"""The page of one scale: sources and studies in order, what is there, what is missing, what is damaged."""

import base64
import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.config import ConfigError
from shared.plan.schema import Source
from shared.record.files import (
    REPORT,
    Part,
    SourceRecord,
    load,
    load_scale,
)
from shared.record.keep_clips import LIST, LONGEST
from shared.record.ledger import FAMILIES, Judged, judged
from shared.record.manifest import CLIPS, UNSEALED
from shared.record.provenance import younger
from shared.record.readers import VERDICTS, picture, text
from shared.report import cost, readme, sound
from shared.report.study_view import CLASSES, MEANINGS, SIGNS, StudyView
from shared.statistics.claims import load_claims

TEMPLATES = Path(__file__).parent / "templates"
STYLE = Path(__file__).parent / "style.css"
EXTRA = "decoupling"  # a figure over all sources, with its caption, where somebody has drawn it
RESULT, DEVIATIONS = "What came out", "Deviations and guesses"


@dataclass
class SourceView:
    """What the template asks of a source."""

    name: str
    title: str
    paper: str
    note: str
    record: SourceRecord
    studies: list[StudyView]
    missing: list[tuple[str, str]]
    texts: list[sound.Text] = field(default_factory=list)
    models: cost.Models = field(default_factory=lambda: cost.Models([]))
    folder: str | None = None
    readme: Part[str] | None = None
    result: Markup | None = None
    deviations: Markup | None = None

    def counts(self, origin: str) -> Counter[str]:
        """How many claims of a family have which verdict."""
        return Counter(claim.verdict for study in self.studies for claim in study.claims if claim.origin == origin)


@dataclass(frozen=True)
class Page:
    """A page and the files of the record that are damaged, with what is wrong."""

    html: str
    damaged: list[tuple[Path, str]]


def make_page(results: Path, label: str, sources: dict[str, Source | str]) -> Page:
    """The page of results/<label>/.

    Args:
        results: where the record lies.
        label: a scale, or a scale and a corpus.
        sources: by name the source, or why its study file can't be read.
    """
    folder = results / label
    page_folder = folder / REPORT
    records = load_scale(folder)
    standing = judged(records)
    views = [_view(each, standing, sources.get(each.name), label, page_folder) for each in records]
    recorded = {view.name for view in views}
    extra = load(folder / f"{EXTRA}.png", picture)
    caption = load(folder / f"{EXTRA}.md", text)
    damaged = [(part.path, part.problem) for part in (extra, caption) if part.problem]
    damaged += [each for view in views for each in _damaged(view)]
    style = STYLE.read_text(encoding="utf-8")
    html = _environment(page_folder).get_template("page.html").render(
        label=label,
        smoke=label.split("-")[0] == "smoke",
        paper_scale=label.split("-")[0] == "paper",
        sources=views,
        unrecorded=[(name, _title(each, name)) for name, each in sources.items() if name not in recorded],
        extra=extra,
        caption=caption,
        caption_html=readme.to_html(caption.value, "..", deeper=2) if caption.value else None,
        damaged=damaged,
        style=Markup(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )  # fmt: skip
    return Page(html, damaged)


def _environment(page_folder: Path) -> Environment:
    """Jinja with escaping on, and what the templates call."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {"verdicts": VERDICTS, "signs": SIGNS, "classes": CLASSES, "longest": LONGEST, "clips_list": LIST}
    made.globals |= {"families": FAMILIES, "meanings": MEANINGS}
    made.globals |= {"origins": cost.origins, "machine": cost.machine, "code": cost.code, "clips_folder": CLIPS}
    made.globals["younger"] = younger
    made.filters["link"] = lambda path: relative(path, page_folder)
    made.filters["base64"] = lambda data: base64.b64encode(data).decode()
    return made


def relative(path: Path, start: Path) -> str:
    """A path as a link from a folder."""
    return Path(os.path.relpath(path, start)).as_posix()


def _title(source: Source | str | None, name: str) -> str:
    return source.file.title if isinstance(source, Source) else name


def _view(
    record: SourceRecord,
    standing: dict[tuple[str, str], list[Judged]],
    source: Source | str | None,
    label: str,
    page_folder: Path,
) -> SourceView:
    known = source if isinstance(source, Source) else None
    titles, claims, note = {}, {}, source if isinstance(source, str) else ""
    if known:
        titles = {name: study.title for name, study in known.file.studies.items()}
        claims = {claim.id: claim for claim in load_claims(known.folder / "claims.yaml", known.variants_of_studies())}
    elif not note:
        note = f"No study file of {record.name!r} is here, so titles, parameters and deviations are not known."
    names = dict.fromkeys([*titles, *record.studies])  # the study file's order
    studies = [
        StudyView(each, titles.get(name, name), claims, standing[record.name, name])
        for name in names
        if (each := record.studies.get(name))
    ]
    missing = [(name, title) for name, title in titles.items() if name not in record.studies]
    view = SourceView(
        record.name, _title(source, record.name), known.file.paper if known else "", note, record, studies, missing,
        sound.listen(record), cost.models(known, record),
    )  # fmt: skip
    if known:
        _add_readme(view, known, label, page_folder)
    return view


def _add_readme(view: SourceView, source: Source, label: str, page_folder: Path) -> None:
    """What the source's README says of this scale's result, and of deviations."""
    view.folder = relative(source.folder, page_folder)
    path = source.folder / "README.md"
    part: Part[str] = load(path, text)
    view.readme = part
    if part.value is None:
        return
    written = part.value
    result = readme.section(written, RESULT, view.folder, deeper=1)
    # A README is written about one scale's record; on another's page it would mislead.
    view.result = result if result and f"cale <code>{label}</code>" in result else None
    view.deviations = readme.section(written, DEVIATIONS, view.folder, deeper=1)


def _damaged(view: SourceView) -> list[tuple[Path, str]]:
    """Files of a source's record that are damaged."""
    found = {path: problem for study in view.studies for path, problem in study.record.damage.items()}
    others = [(each.file.path, each.file.problem) for text in view.texts for each in text.sounds]
    others += [(each.path, each.problem) for study in view.studies for each in study.scores]
    others += [(view.readme.path, view.readme.problem)] if view.readme else []
    # What a manifest that is damaged itself does not vouch for is said there once.
    found |= {path: problem for path, problem in others if problem not in ("", UNSEALED)}
    return list(found.items())


def find_sources(replications: Path) -> dict[str, Source | str]:
    """Each source, or why its files can't be read: the page of a record must not fail on them."""
    found: dict[str, Source | str] = {}
    for path in sorted(replications.glob("*/study.yaml")):
        try:
            found[path.parent.name] = Source(path)
        except ConfigError as error:
            found[path.parent.name] = str(error)
    return found

