"""The commands of `replicate` that read a scale's record as a whole, check it, or make parts of it again."""

import argparse
import subprocess
import sys
from functools import partial
from typing import Any

from shared.cli.named_sources import source_of, sources_of, titles_of
from shared.config import ConfigError, did_you_mean
from shared.plan.plan import Plan
from shared.plan.schema import load_sources

SIDES = ("generation", "reconstruction")


def add_commands(commands: Any) -> None:
    """Add them to argparse's subparsers."""
    _add_shown(commands)
    _add_kept(commands)


def add_scale(command: argparse.ArgumentParser) -> None:
    """Which record a command is of."""
    command.add_argument("--scale", default="cpu", help="which record: a folder under results/ (default: cpu)")


def _add_shown(commands: Any) -> None:
    """Those that show or draw what the record says."""
    each = commands.add_parser(
        "rank",
        help="each study's variants by one metric, best first",
        description="Rank the variants of each study by one metric, and say which the data can't tell from the best: "
        "where the 95 % interval of the difference of training runs covers zero. One run tells nothing apart.",
    )
    each.add_argument("--metric", default="wer", help="such as wer, sim, pesq, mel_distance, kad (default: wer)")
    each.add_argument("--side", choices=SIDES, default="generation", help="default: generation")
    each.add_argument("--source", help="only this one, such as longcat")
    add_scale(each)
    each.set_defaults(command=rank_variants)
    each = commands.add_parser(
        "summary",
        help="what is drawn from all of the record: verdicts.csv, history.csv, results.json, decoupling.png, ledger",
        description="Write, beside each scale's record, verdicts.csv (every claim, and what stands after correction "
        "for their number), history.csv (what earlier records said, from Git), results.json (all results; schema in "
        "results/schema.json) and decoupling.png and .md (rank by reconstruction against rank by generation), and the "
        "tables in docs/RESULTS.md. Nothing is trained, and nothing is written if a file of the record is damaged.",
    )
    each.add_argument("--scale", help="only this one; its figure also goes to figures/decoupling.pdf")
    each.set_defaults(command=summarise)
    each = commands.add_parser(
        "history",
        help="what earlier records of each study said of each claim",
        description="Show the records of each study, oldest first, with their commits and seeds, and what each said of "
        "each claim: from Git's history, or from history.csv where Git has none.",
    )
    each.add_argument("sources", nargs="*", metavar="SOURCE", help="only these, such as semavoice")
    add_scale(each)
    each.set_defaults(command=show_history)
    each = commands.add_parser(
        "report",
        help="all of the record as one page: results/<scale>/report/index.html",
        description="Build results/<scale>/report/index.html from the record: figures, tables, verdicts with their "
        "evidence, cost, and clips to hear, in one file that needs neither network nor script. Nothing is trained. "
        "What is missing is said in its place; exit status 1 if a file of the record is damaged.",
    )
    each.add_argument(
        "--scale", action="append", help="a folder under results/, such as cpu; again for more (default: all there are)"
    )
    each.set_defaults(command=report)


def _add_kept(commands: Any) -> None:
    """Those that decide by the record, check it or make parts of it again."""
    each = commands.add_parser(
        "decide",
        help="which claims of a study are decided, and what the next look at more seeds would take",
        description="Say of each claim of a study whether it is decided, at which look, given up, or needs another "
        "one: looks are at 4, 8 and 12 seeds, set beforehand, and none is taken because of a verdict's sign. Print "
        "what the next one takes, in core-minutes by the record's own times, and the command.",
    )
    each.add_argument("study", help="as its figure is called, such as longcat_fig3")
    each.add_argument("--looks", type=int, choices=(1, 2, 3), help="so many instead of the next")
    each.add_argument("--run", action="store_true", help="run the command")
    add_scale(each)
    each.set_defaults(command=decide)
    each = commands.add_parser(
        "verify",
        help="whether tables, verdicts and ledger follow from the scores that are committed",
        description="Make tables, pages and verdicts again of the record's own scores by the claims of today, and what "
        "`replicate summary` writes, in a folder of its own; say a line for each number that is not what is committed, "
        "and exit with status 1 if there is one. Nothing is trained and no figure is drawn.",
    )
    each.add_argument("source", nargs="*", help="only these, and not what is drawn from all (default: all)")
    each.add_argument("--scale", help="only this one (default: all but smoke)")
    each.set_defaults(command=verify_record)
    each = commands.add_parser(
        "tabulate",
        help="make tables, pages and verdicts again of the record's scores, after claims or rules have changed",
        description="Make each study's table, page, metrics and verdicts again of the scores that its record keeps, by "
        "the claims of today, and seal it. Nothing is trained; figures stay as they are.",
    )
    each.add_argument("source", nargs="+", help="folders under replications/, such as longcat")
    add_scale(each)
    each.set_defaults(command=tabulate_again)
    each = commands.add_parser(
        "seal",
        help="seal a record that was changed on purpose, as it lies there",
        description="Write <study>_manifest.json, with a hash of each file, for those studies of a record that have "
        "none, or another than fits. Snakemake does that when it records a study. Do it by hand only if you know what "
        "has changed (git diff results) and why.",
    )
    add_scale(each)
    each.add_argument("--source", help="only this one, such as longcat")
    each.add_argument("--study", help="only this one, such as fig3")
    each.set_defaults(command=seal)


def say_damage(sources: list[Any]) -> bool:
    """Name the files of these records that are damaged, whose studies are left out; returns whether there are none."""
    from shared.record.files import damaged

    broken = damaged(sources)
    for each in broken:
        print(f"damaged: {each}", file=sys.stderr)
    return not broken


def rank_variants(arguments: argparse.Namespace) -> None:
    """Print the rankings."""
    from shared.record.files import choose_scales, load_source, source_folders
    from shared.record.ranking import as_text, rank

    if arguments.source is not None:
        source_of(arguments)
    choose_scales(arguments.results, [arguments.scale])
    folders = source_folders(arguments.results / arguments.scale)
    sources = [load_source(each) for each in folders if arguments.source in (None, each.name)]
    whole = say_damage(sources)
    print(as_text(rank(sources, arguments.metric, arguments.side), titles_of(arguments)))
    sys.exit(int(not whole))


def decide(arguments: argparse.Namespace) -> None:
    """Say how a study's claims stand and what the next look takes, and have it made where that is asked for."""
    from shared.report.decide import cost_of, stand
    from shared.report.fresh_seeds import first_seeds

    sources = load_sources(arguments.replications)
    today = Plan(sources, arguments.scale)
    source, study = today.figure(arguments.study)
    recipe = today.study_spec(source, study).config_hash
    standing = stand(arguments.results / arguments.scale / source, study, recipe, arguments.looks)
    for line in (f"{arguments.study} at {arguments.scale}, seeds: {standing.seeds}", *standing.said, *standing.notes):
        print(line)
    if standing.look is None:
        print("nothing to do: no claim needs another look")
        return
    plan = Plan(
        sources, arguments.scale, looks=standing.look, first_seeds=partial(first_seeds, arguments.results)
    )
    seeds = plan.seeds_of(source, study)
    cost = cost_of(plan, source, study, arguments.results)
    settings = [f"looks={standing.look}", *([] if arguments.scale == "cpu" else [f"scale={arguments.scale}"])]
    command = ["snakemake", f"figures/{arguments.study}.pdf", "--config", *settings]
    untold = f", and what {', '.join(cost.unknown)} take" if cost.unknown else ""
    print(f"look {standing.look} (seeds {seeds[0]} to {seeds[-1]}) takes {cost.trainings} trainings, in all about "
          f"{cost.minutes:.0f} core-minutes{untold}:\n  {' '.join(command)}")  # fmt: skip
    if arguments.run:
        sys.exit(subprocess.run([sys.executable, "-m", *command]).returncode)


def summarise(arguments: argparse.Namespace) -> None:
    """Write what is drawn from all of the record, if it is whole."""
    from shared.report.summary import summarise_all

    page = arguments.results.parent / "docs/RESULTS.md"
    for path in summarise_all(arguments.results, titles_of(arguments), arguments.scale, page):
        print(path)


def tabulate_again(arguments: argparse.Namespace) -> None:
    """Make tables, pages and verdicts again."""
    from shared.record.again import make_again
    from shared.record.files import choose_scales, study_names

    (scale,) = choose_scales(arguments.results, [arguments.scale])
    loaded = sources_of(arguments)
    for name in arguments.source:
        folder = arguments.results / scale / name
        for study in study_names(folder):
            make_again(folder, study, loaded[name].folder, loaded[name].variants_of_studies())
            print(folder / f"{study}.csv")


def verify_record(arguments: argparse.Namespace) -> None:
    """Make all again that follows from the record, and name what differs; exit status 1 if something does."""
    from shared.report.verify import compare_runs, verify

    loaded = sources_of(arguments)
    studies = {name: source.variants_of_studies() for name, source in loaded.items()}
    places = arguments.results, arguments.replications
    found = verify(*places, studies, titles_of(arguments), arguments.scale, arguments.source)
    for line in found:
        print(line, file=sys.stderr)
    for line in compare_runs(arguments.results, arguments.scale, arguments.source):
        print(line)
    print(f"{len(found)} differences from what is committed")
    sys.exit(int(bool(found)))


def show_history(arguments: argparse.Namespace) -> None:
    """Print what the records of each study said."""
    from shared.record.files import choose_scales
    from shared.record.history import history
    from shared.record.turned import as_lines

    choose_scales(arguments.results, [arguments.scale])
    past, why_kept = history(arguments.results / arguments.scale)
    known = {each.source for each in past}
    if unknown := next((name for name in arguments.sources if name not in known), None):
        raise ConfigError(f"no record of {unknown!r} is known at scale {arguments.scale}{did_you_mean(unknown, known)}")
    if why_kept:
        print(why_kept, file=sys.stderr)
    for line in as_lines(each for each in past if each.source in (arguments.sources or known)):
        print(line)


def seal(arguments: argparse.Namespace) -> None:
    """Seal a record as it lies there; exit status 1 if a file of it is damaged."""
    from shared.record.files import choose_scales, seal_study, source_folders, study_names
    from shared.record.manifest import check_seal

    (scale,) = choose_scales(arguments.results, [arguments.scale])
    folders = [each for each in source_folders(arguments.results / scale) if arguments.source in (None, each.name)]
    places = [(each, study) for each in folders for study in study_names(each) if arguments.study in (None, study)]
    if not places:
        asked = " ".join(filter(None, (arguments.source, arguments.study)))
        raise ConfigError(f"{arguments.results / scale}: no record of {asked or 'any study'}")
    broken = []
    for folder, study in places:
        before = check_seal(folder, study)
        if not before.damage():
            continue
        try:
            seal_study(folder, study)
        except ConfigError as error:
            broken.append(str(error))
            continue
        for path, problem in before.damage().items():
            print(f"{folder.name} {study}: sealed as it is: {path.name}: {problem.partition(';')[0]}")
    print(f"{len(places) - len(broken)} of {len(places)} studies are sealed")
    if broken:
        raise ConfigError("\n".join(["what can't be is not sealed", *broken]))


def report(arguments: argparse.Namespace) -> None:
    """Build the pages; exit status 1 if a file of the record is damaged."""
    from shared.report.build import build

    sys.exit(int(not build(arguments.results, arguments.replications, arguments.scale)))
