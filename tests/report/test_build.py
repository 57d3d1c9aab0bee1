"""The page as a file: whole, offline, accessible; what is missing or damaged said in its place; the exit status."""

import functools
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from shared.cli import replicate
from shared.config import ConfigError
from shared.record.manifest import write_manifest
from shared.report import build as build_module
from shared.report import page as page_module
from shared.report.build import build
from shared.report.cost import Models
from tests.report.made_up import STUDY, make_record, png

ROOT = Path(__file__).parents[2]
REPLICATIONS = ROOT / "replications"
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Outline(HTMLParser):
    """What a page consists of: tags with attributes, headings in order, whether tags nest."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables = self.captions = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} closes another tag, near {self.getpos()}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@functools.cache
def _sources(replications):
    return page_module.find_sources(replications)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A record to copy."""
    folder = tmp_path_factory.mktemp("record")
    make_record(folder / "results")
    return folder / "results"


@pytest.fixture
def results(record, tmp_path, monkeypatch):
    """A record; of what takes seconds, sources are read once and models, which have their own test, not counted."""
    monkeypatch.setattr(build_module, "find_sources", _sources)
    monkeypatch.setattr(page_module.cost, "models", lambda source, record: Models([]))
    return Path(shutil.copytree(record, tmp_path / "results"))


def _build(results, replications=REPLICATIONS) -> str:
    assert build(results, replications)
    return (results / "cpu/report/index.html").read_text()


def test_it_holds_values_papers_claims_evidence_cost_and_links(results):
    html = _build(results)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    for part in ("4.00 %", "3.60 % to 4.40 %", "40.00 %", "Figure 3 (primary)", "Latent dimension",
                 "Generation WER 4 % on 64 against 18 % on 256; margin 14 points [9, 19]", "1 h 2 min", "P1, 2 cores",
                 "Not tested: no &lt;utmos&gt;", "red &lt;fox&gt;", "aaaaaaaaaa, with changes",
                 "STFT resolutions, mel scales"):  # fmt: skip
        assert part in text, part
    for link in (f"../longcat/{STUDY}.csv", f"../longcat/scores/{STUDY}/dim64_s0_generation.csv"):
        assert f'href="{link}"' in html
        assert (results / "cpu/report" / link).exists()
    # The counts of the overview.
    counts = [re.findall(r"<td[^>]*>(\d+)<", row) for row in re.findall(r"<tr>.*LongCat-AudioDiT</a></th>.*", html)]
    assert counts == [["1", "0", "0", "0", "1", "2"], ["0"] * 6]
    assert "the source's primary claim" in text


def test_it_needs_nothing_from_elsewhere_and_runs_nothing(results):
    html = _build(results)
    outline = Outline(html)
    assert outline.open == []
    for tag, attributes in outline.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("src", "srcset", "poster", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style and "@import" not in style
    policy = next(each["content"] for each in outline.all("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none';")


def test_it_can_be_walked_by_keyboard_and_read_aloud(results):
    outline = Outline(_build(results))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    hrefs = {each["href"].removeprefix("#") for each in outline.all("a") if each["href"].startswith("#")}
    assert hrefs <= set(ids)
    named = {value for _, attributes in outline.tags if (value := attributes.get("aria-labelledby"))}
    assert named <= set(ids)
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [len(outline.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    assert outline.all("html")[0]["lang"] == "en"
    assert all(each["alt"] for each in outline.all("img"))
    assert all(each["aria-label"] and "controls" in each for each in outline.all("audio"))
    assert all(each.get("scope") for each in outline.all("th"))
    regions = [each for each in outline.all("div") if each.get("class") == "scroll"]
    assert regions and all(each["tabindex"] == "0" and each["aria-label"] for each in regions)
    first = next(attributes for tag, attributes in outline.tags if tag == "a")
    assert first["href"] == "#main"


def test_a_picture_says_what_it_shows(results):
    alts = [each["alt"] for each in Outline(_build(results)).all("img")]
    assert any("Generation, WER: 4.00 % (64), 5.00 % (128), 18.00 % (256)." in alt for alt in alts)
    assert any("dim64, generated: log-mel spectrogram of 1.0 s" in alt for alt in alts)


@pytest.mark.parametrize("name", [f"{STUDY}.png", f"{STUDY}.csv", f"{STUDY}_verdicts.csv", f"{STUDY}_provenance.json",
                                  f"clips/{STUDY}/clips.csv", f"clips/{STUDY}/dim64_generation_c0.mp3"])  # fmt: skip
def test_what_is_missing_is_said_in_its_place_and_is_no_error(results, name):
    (results / "cpu/longcat" / name).unlink()
    write_manifest(results / "cpu/longcat", STUDY)
    html = _build(results)
    assert "Not in the record:" in html and f"<code>../longcat/{name}</code>" in html


@pytest.mark.parametrize("name", [f"{STUDY}.png", f"{STUDY}.csv", f"{STUDY}_verdicts.csv", f"{STUDY}_provenance.json",
                                  f"{STUDY}_metrics.json", f"clips/{STUDY}/clips.csv",
                                  f"scores/{STUDY}/dim64_s0_generation.csv",
                                  f"clips/{STUDY}/dim64_generation_c0.mp3"])  # fmt: skip
@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_damaged_is_named_at_the_top_and_in_its_place_and_is_an_error(results, name, recorded, capsys):
    (results / "cpu/longcat" / name).write_bytes(b"\xff{broken")
    if recorded:
        write_manifest(results / "cpu/longcat", STUDY)
    assert not build(results, REPLICATIONS)
    html = (results / "cpu/report/index.html").read_text()
    assert html.count("damaged") + html.count("Damaged") > 2
    assert f"<code>../longcat/{name}</code>" in html[: html.index("<nav")]
    assert (name if "scores" in name else f"<code>../longcat/{name}</code>") in html[html.index("<main") :]
    assert f"damaged: {results}/cpu/longcat/{name}: " in capsys.readouterr().err


def test_scores_that_do_not_give_the_table_are_not_passed_off(results):
    path = results / f"cpu/longcat/scores/{STUDY}/dim64_s0_generation.csv"
    assert "does not give this table" not in _build(results)
    path.write_text(path.read_text().replace("100,4,", "100,5,"))
    write_manifest(results / "cpu/longcat", STUDY)
    html = _build(results)
    assert html.count("does not give this table") == 1
    assert "dim64_s0_generation</a> <em>does not give this table" in html


def test_the_figure_over_all_sources_is_shown_where_it_exists(results):
    (results / "cpu/decoupling.png").write_bytes(png((80, 40)))
    (results / "cpu/decoupling.md").write_text("# Both halves\n\nSee [LongCat](longcat/fig3.md).\n")
    html = _build(results)
    assert 'width="80" height="40"' in html
    assert '<h3>Both halves</h3>' in html and 'href="../longcat/fig3.md"' in html
    (results / "cpu/decoupling.png").write_bytes(b"no png")
    assert not build(results, REPLICATIONS)


def test_a_source_without_its_study_file_still_has_its_numbers(results, tmp_path):
    html = _build(results, tmp_path / "nothing")
    assert "No study file" in html and "4.00 %" in html
    broken = tmp_path / "replications/longcat"
    broken.mkdir(parents=True)
    (broken / "study.yaml").write_text("source: [")
    assert "not valid YAML" in _build(results, tmp_path / "replications")


def test_smoke_is_marked(tmp_path, results):
    make_record(results, "smoke")
    assert build(results, REPLICATIONS, ["smoke"])
    assert "no evidence" in (results / "smoke/report/index.html").read_text()
    assert not (results / "cpu/report").exists()


def test_a_scale_without_a_record_is_an_error_that_names_one(results, tmp_path):
    with pytest.raises(ConfigError, match="no record at scale 'cpa'; did you mean 'cpu'"):
        build(results, REPLICATIONS, ["cpa"])
    with pytest.raises(ConfigError, match="no record at any scale; make one: snakemake"):
        build(tmp_path / "empty", REPLICATIONS)


def test_the_command_exits_with_the_state_of_the_record(results, monkeypatch, capsys):
    command = ["replicate", "--results", str(results), "--replications", str(REPLICATIONS), "report"]
    monkeypatch.setattr("sys.argv", [*command, "--scale", "cpu"])
    for expected in (0, 1):
        with pytest.raises(SystemExit) as stopped:
            replicate.main()
        assert stopped.value.code == expected
        assert f"{results}/cpu/report/index.html (" in capsys.readouterr().out
        (results / f"cpu/longcat/{STUDY}.csv").write_text("cut")
