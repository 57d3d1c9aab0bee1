"""What is drawn from all of a scale's record at once: ledger, history, decoupling, and one JSON for machines.

Written beside the sources' folders: `verdicts.csv`, `history.csv`, `results.json`, `decoupling.png`, `decoupling.md`.
And for all scales results/schema.json and the tables of docs/RESULTS.md. The same record gives the same bytes.
"""

import sys
from pathlib import Path

from shared.config import ConfigError
from shared.files import read_text, write_json, write_text
from shared.markdown import as_text
from shared.plan.plan import PILOT
from shared.plotting.decoupling import decoupling_figure
from shared.plotting.style import save_figure, styled
from shared.record.decoupling import FAR, Ranked, Tau, pooled_tau, rank_record, tau_of
from shared.record.export import SCHEMA, export, schema
from shared.record.files import SourceRecord, choose_scales, damaged, load_scale, scales_with_results
from shared.record.history import FILE as HISTORY
from shared.record.history import Past, history
from shared.record.ledger import BEGIN, END, ledger_csv, ledger_table, put_into
from shared.record.table import to_csv
from shared.record.turned import BEGIN as HISTORY_BEGIN
from shared.record.turned import END as HISTORY_END
from shared.record.turned import history_table
from shared.statistics.catalogue import STATISTICS
from shared.user_files import file_name

FIGURE = "figures/decoupling.pdf"
SMOKE = "smoke"  # no evidence, as a pilot is none, and not in Git: only where it is asked for


def evidence(scales: list[str]) -> list[str]:
    """Those of these folders that are drawn from by default."""
    return [name for name in scales if name != SMOKE and not name.endswith(f"-{PILOT}")]


def load_scales(results: Path, scales: list[str] | None = None) -> dict[str, list[SourceRecord]]:
    """The record of these scales, by default of all that have one.

    Raises:
        ConfigError: there is no record, or none of a scale that is asked for.
    """
    chosen = choose_scales(results, scales)
    return {scale: load_scale(results / scale) for scale in chosen}


def summarise(
    folder: Path, sources: list[SourceRecord], titles: dict[str, str], pdf: Path | None, draw: bool = True
) -> list[Path]:
    """Write what is drawn from a scale's record; returns the files.

    Args:
        folder: results/<scale>.
        sources: what it holds.
        titles: of each source.
        pdf: where the figure goes as well.
        draw: the figure, too.
    """
    ranked, left_out = rank_record(sources)
    ledger, everything = folder / "verdicts.csv", folder / "results.json"
    write_text(ledger, ledger_csv(sources))
    write_json(everything, export(folder.name, sources, ranked, left_out).model_dump(mode="json"))
    written = [ledger, everything]
    if ranked:
        png, page = folder / "decoupling.png", folder / "decoupling.md"
        write_text(page, decoupling_page(ranked, left_out, titles, folder.name))
        written.append(page)
        if draw:
            with styled():
                save_figure(decoupling_figure(ranked, titles, folder.name), pdf or png.with_suffix(".pdf"), png)
            if pdf is None:
                png.with_suffix(".pdf").unlink()
            written += [png, *([pdf] if pdf else [])]
    return written


def write_history(folder: Path, say: bool = True) -> tuple[list[Past], list[Path]]:
    """Write what earlier records of a scale said, if Git knows it.

    Returns:
        What is known of them, and the file, if it is written.

    Raises:
        ConfigError: history.csv is damaged.
    """
    past, why_kept = history(folder)
    if why_kept:
        if say:
            print(why_kept, file=sys.stderr)
        return past, []
    write_text(folder / HISTORY, to_csv(past, Past))
    return past, [folder / HISTORY]


def decoupling_page(ranked: list[Ranked], left_out: dict[str, str], titles: dict[str, str], scale: str) -> str:
    """Kendall's tau of each study and of all, as Markdown."""
    lines = [
        "# Does the latent that reconstructs best generate best?",
        "",
        f"Scale `{file_name(scale)}`. Each study holds generator and training fixed and changes the latent."
        " Kendall's tau: 1 where the latents have the same order by both, −1 where the opposite; with two latents it "
        "is one of these. 95 % intervals: a study's over trainings and clips, those of several studies over sources. "
        "Metrics were chosen before: PESQ (mel distance or STOI where there is none), and WER (text-audio similarity "
        "for sounds).",
        "",
        "| study | latents | by reconstruction | by generation | seeds | tau [95 %] |",
        "|---|---|---|---|---|---|",
    ]
    for study in ranked:
        tau = tau_of(study)
        names = (STATISTICS[name].label for name in study.metrics)
        title = as_text(f"{titles[study.source]}, {study.study}")
        lines.append(
            f"| {title} | {len(study.variants)} | {' | '.join(names)} | {study.seeds} "
            f"| {_show(tau)} |"
        )
    pooled = {"all": None, f"reconstructions more than {FAR} standard errors apart": True, "the other pairs": False}
    for name, far in pooled.items():
        if found := pooled_tau(ranked, far):
            lines.append(f"| **{name}** | {found.pairs} pairs, each once | | | | **{_show(found)}** |")
    lines.append("")
    if left_out:
        reasons = "; ".join(f"{name} ({why})" for name, why in left_out.items())
        lines += [f"Left out: {as_text(reasons)}.", ""]
    return "\n".join(lines)


def _show(tau: Tau) -> str:
    return f"{tau.value:.2f}" + ("" if tau.low is None else f" [{tau.low:.2f}, {tau.high:.2f}]")


def summarise_all(
    results: Path, titles: dict[str, str], scale: str | None, page: Path | None, draw: bool = True
) -> list[Path]:
    """Summarise one scale, or all with schema and the tables of docs/RESULTS.md; returns what was written.

    Of a record that is not whole nothing is drawn: a ledger without some claims would look like one with all.

    Raises:
        ConfigError: files of the record are damaged, a line for each; there is no record, or none of the scale.
    """
    kept = evidence(scales_with_results(results))
    scales = load_scales(results, [scale] if scale else kept or None)
    if broken := [each for sources in scales.values() for each in damaged(sources)]:
        raise ConfigError("\n".join(["the record is damaged, nothing is drawn from it", *broken]))
    written, past = [], {}
    for name, sources in scales.items():
        known = {source.name: titles.get(source.name, source.name) for source in sources}
        # One figures/ for all scales, as for the studies' figures: it holds the scale that was asked for.
        written += summarise(results / name, sources, known, Path(FIGURE) if name == scale else None, draw)
        past[name], files = write_history(results / name, say=draw)
        written += files
    if scale is None:
        write_json(results / SCHEMA, schema())
        written.append(results / SCHEMA)
        if page is not None and page.exists():
            tables = {(BEGIN, END): ledger_table(scales, titles)}
            tables[HISTORY_BEGIN, HISTORY_END] = history_table(past, titles)
            for (begin, end), table in tables.items():
                if begin in read_text(page):
                    write_text(page, put_into(page, table, begin, end))
            written.append(page)
    return written
