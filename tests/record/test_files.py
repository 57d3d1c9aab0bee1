"""Reading a record: whole, missing, damaged."""

import re
from pathlib import Path

import pytest

from shared.record.files import load_source, load_study, scales_with_results, study_names
from shared.record.manifest import write_manifest
from shared.record.readers import score_files
from tests.report.made_up import STUDY, VARIANTS, make_record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    return make_record(tmp_path)


def _problems(folder) -> dict[str, str]:
    return {part.path.name: part.problem for part in load_study(folder, STUDY).parts() if part.problem}


def test_a_whole_record_is_read(folder):
    study = load_study(folder, STUDY)
    assert all(part.value is not None and not part.problem for part in study.parts())
    assert [row.value for row in study.table.value] == list(VARIANTS.values())
    assert study.provenance.value.job_seconds_total == 3720.0
    assert (study.figure.value.width, study.figure.value.height) == (40, 20)


def test_a_missing_file_is_no_damage(folder):
    for path in (folder / f"{STUDY}.png", folder / f"{STUDY}_verdicts.csv", folder / "clips" / STUDY / "clips.csv"):
        path.unlink()
    write_manifest(folder, STUDY)
    study = load_study(folder, STUDY)
    assert study.figure.value is study.verdicts.value is study.clips.value is None
    assert _problems(folder) == {}
    assert study_names(folder) == [STUDY]


def _cut(data: bytes) -> bytes:
    return data[: int(len(data) * 0.6)]


DAMAGE = {
    "cut table": (f"{STUDY}.csv", _cut, "cut off"),
    "empty table": (f"{STUDY}.csv", lambda data: b"", "empty file"),
    "a column less": (f"{STUDY}.csv", lambda data: data.replace(b"metric", b"metrics", 1), "no column 'metric'"),
    "a column more": (f"{STUDY}.csv", lambda data: data.replace(b"\n", b",x\n"), "unknown column 'x'"),
    "a value more": (f"{STUDY}.csv", lambda data: data.replace(b"primary\n", b"primary,x\n", 1), "row 2: 15 values"),
    "no number": (f"{STUDY}.csv", lambda data: data.replace(b"0.04,", b"zero,", 1), "value: .*number"),
    "no such metric": (f"{STUDY}.csv", lambda data: data.replace(b",wer,", b",wero,", 1), "no metric .* wero"),
    "no number at all": (f"{STUDY}.csv", lambda data: data.replace(b"0.04,", b"nan,", 1), "row 2: value: .*finite"),
    "no end": (f"{STUDY}.csv", lambda data: data.replace(b"0.044,", b"inf,", 1), "row 2: high: .*finite"),
    "less than none": (f"{STUDY}.csv", lambda data: data.replace(b"0.04,", b"-0.04,", 1), "value is -0.04, which wer"),
    "ends exchanged": (f"{STUDY}.csv", lambda data: data.replace(b"0.036,0.044", b"0.044,0.036", 1), "low 0.044 is "),
    "clips below zero": (f"{STUDY}.csv", lambda data: data.replace(b",4,1,", b",-4,1,", 1), "n is -4"),
    "a value of no clip": (f"{STUDY}.csv", lambda data: data.replace(b",4,1,", b",0,1,", 1), "of n = 0"),
    "a row twice": (f"{STUDY}.csv", lambda data: data + data.splitlines(keepends=True)[-1], "generation wer is there"),
    "no text": (f"{STUDY}.csv", lambda data: b"\xff\xfe" + data, "not UTF-8"),
    "no such verdict": (f"{STUDY}_verdicts.csv", lambda data: data.replace(b",reproduced", b",repro"),
                        "no verdict 'repro'"),
    "no margin": (f"{STUDY}_verdicts.csv", lambda data: data.replace(b"0.14,0.09", b",0.09"), "the margin is None"),
    "no interval": (f"{STUDY}_verdicts.csv", lambda data: data.replace(b"0.14,0.09", b"0.14,"), "one of its ends"),
    "a verdict edited": (f"{STUDY}_verdicts.csv", lambda data: data.replace(b",reproduced", b",contradicted"),
                         "contradicted, but p of holds, 0.001, and of fails, 0.999, say reproduced"),
    "a verdict twice": (f"{STUDY}_verdicts.csv", lambda data: data + data.splitlines(keepends=True)[-1], "there twice"),
    "no number in JSON": (f"{STUDY}_provenance.json", lambda data: data.replace(b"3720.0", b"NaN"), "NaN is not"),
    "another's": (f"{STUDY}_provenance.json", lambda data: data.replace(b'"fig3"', b'"fig4"'),
                  "of longcat fig4, not of longcat fig3"),
    "a machine less": (f"{STUDY}_provenance.json", lambda data: data.replace(b'"cores": 2', b'"c": 2'), "cores: Field"),
    "cut json": (f"{STUDY}_provenance.json", _cut, "not valid JSON"),
    "a key less": (f"{STUDY}_provenance.json", lambda data: data.replace(b"seeds", b"sed"), "seeds: Field required"),
    "no object": (f"{STUDY}_metrics.json", lambda data: b"[]", "no object"),
    "cut picture": (f"{STUDY}.png", _cut, ""),
    "no picture": (f"{STUDY}.png", lambda data: b"GIF89a", "not a PNG"),
    "a path in the list": (f"clips/{STUDY}/clips.csv", lambda data: data.replace(b"dim64_gen", b"../dim64_gen"),
                           "below its folder"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_told_from_what_is_missing(folder, name):
    file, damage, expected = DAMAGE[name]
    path = folder / file
    before = path.read_bytes()
    path.write_bytes(damage(before))
    assert path.read_bytes() != before
    write_manifest(folder, STUDY)  # as if it had been recorded so
    problems = _problems(folder)
    assert list(problems) == [path.name]
    assert problems[path.name]
    assert re.search(expected, problems[path.name])


def test_scales_are_those_with_results_and_the_page_itself_is_none(tmp_path):
    make_record(tmp_path, "cpu")
    (tmp_path / "gpu/report").mkdir(parents=True)
    (tmp_path / "gpu/report/index.html").write_text("")
    (tmp_path / "gpu/report/fig3.csv").write_text("")
    assert scales_with_results(tmp_path) == ["cpu"]


def test_scores_of_a_variant_are_not_those_of_one_whose_name_begins_alike(tmp_path):
    (tmp_path / "scores/fig1").mkdir(parents=True)
    others = "kl80_lambda2_s0_generation", "kl80", "ground_truth"
    for name in ("kl80_s0_generation", "kl80_s1_exposure", "kl80_s2_exposure_bias", *others):
        (tmp_path / f"scores/fig1/{name}.csv").write_text("")
    found = [path.stem for path in score_files(tmp_path, "fig1", "kl80")]
    assert found == ["kl80", "kl80_s0_generation", "kl80_s1_exposure", "kl80_s2_exposure_bias"]
    assert score_files(tmp_path, "fig2", "kl80") == []


@pytest.mark.parametrize("folder", sorted((ROOT / "results/cpu").glob("*/")), ids=lambda path: path.name)
def test_the_record_in_git_is_whole(folder):
    for study in load_source(folder).studies.values():
        assert study.damage == {}
