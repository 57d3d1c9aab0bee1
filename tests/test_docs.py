"""Pages for people: links lead somewhere, the README stays short and says what the record says."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for pattern in ("*.md", "docs/*.md", "replications/*/*.md")
               for path in ROOT.glob(pattern))  # fmt: skip
LINK = re.compile(r"\]\(([^)\s]+)\)")
LONGEST = 110


def _anchors(page: Path) -> set[str]:
    """As GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_are_there(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in LINK.findall(text):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target), f"{page}: {link}"


@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/EXTENDING.md"])
def test_files_of_the_code_that_a_page_names_are_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:shared|tests|rules|examples|profiles)/[\w/]+\.\w+)`", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_what_the_page_on_behaviour_says_is_in_a_file_is_there():
    text = (ROOT / "docs/BEHAVIOUR.md").read_text(encoding="utf-8")
    for name, file in re.findall(r"`([\w.]+)` in `(shared/[\w/]+\.py)`", text):
        assert name.rpartition(".")[2] in (ROOT / file).read_text(encoding="utf-8"), f"{name} in {file}"


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_readme_counts_the_verdicts_of_the_record():
    with open(ROOT / "results/cpu/verdicts.csv", newline="", encoding="utf-8") as file:
        found = Counter(row["standing"] for row in csv.DictReader(file) if row["origin"] == "paper")
    said = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    kinds = ("reproduced", "contradicted", "inconclusive", "pilot", "not testable here")
    wanted = "Of the papers' {} claims at the scale of two cores {} are reproduced, {} contradicted, {} inconclusive, "
    wanted += "{} pilots and {} not testable here"
    assert wanted.format(found.total(), *(found[kind] for kind in kinds)) in said


def test_every_script_of_findings_is_on_the_page_and_every_one_named_there_is_there():
    page = (ROOT / "docs/BEHAVIOUR.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("|")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row[-2])}
    assert {path.stem for path in (ROOT / "findings").glob("*.sh")} == {name for name in named if name != "script"}


def test_the_pre_commit_hooks_are_the_lint_of_make():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert all(hook["entry"].split()[0].startswith(".venv/bin/") for hook in hooks)
