"""Texts in CSV files: none is a formula to a spreadsheet, and each is read back as it was written."""

import csv

import pytest

from shared.cells import as_cell, from_cell
from shared.files import read_csv
from shared.metrics.score import to_csv as to_scores
from shared.record.keep_clips import KeptClip, read_kept
from shared.record.table import to_csv
from shared.statistics.scores import read_scores

TEXTS = ["=1+1", "+ generative probe", "-x", "@a", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''-x", "'-5", "'tis", "a=b",  # noqa: RUF001
         "-5", "+1e3", "", "'", "''", "- ", "-inf"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read_back_as_it_was(text):
    assert from_cell(as_cell(text)) == text


@pytest.mark.parametrize("text", [each for each in TEXTS if "\r" not in each])  # csv does not quote that one
def test_a_row_is_read_back_as_it_was(tmp_path, text):
    with open(tmp_path / "a.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([["text", "end"], [as_cell(text), ""]])
    assert read_csv(tmp_path / "a.csv")[1] == [{"text": text, "end": ""}]


@pytest.mark.parametrize("text", TEXTS[:9])
def test_no_text_begins_like_a_formula(text):
    assert as_cell(text).startswith("'")


@pytest.mark.parametrize("value", [-5, -0.5, "-5", "-0.5", "+1e3", None, True, "a", "'tis"])
def test_numbers_and_plain_texts_are_written_as_they_are(value):
    assert as_cell(value) is value


def test_what_people_open_has_no_formula_and_what_we_read_is_the_text(tmp_path):
    scores, clips = tmp_path / "scores.csv", tmp_path / "clips.csv"
    scores.write_text(to_scores([{"id": "@1", "si_sdr": -3.5, "text": "=1+1", "reason": "-"}]), newline="")
    kept = KeptClip(file="a.mp3", variant="v", label="+ critic", side=None, seed=None, id="@1", text="=1+1",
                    prefix_seconds=None, seconds=0.5)  # fmt: skip
    clips.write_text(to_csv([kept], KeptClip), newline="")
    for path in (scores, clips):
        (row,) = csv.DictReader(path.open(newline=""))
        assert row["text"] == "'=1+1" and row["id"] == "'@1"
    assert "-3.5" in scores.read_text() and "'-3.5" not in scores.read_text()
    assert read_scores(scores).clips == ["@1"] and read_scores(scores).columns["si_sdr"] == -3.5
    assert read_kept(clips) == [kept]
