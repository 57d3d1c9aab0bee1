import csv
import io

import pytest

from shared.corpora.manifest import CorpusError
from shared.corpora.metadata import read_metadata

HEADER = "file_name,text,speaker\n"


def read(folder, content):
    (folder / "metadata.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_metadata(folder)


def rows(*texts, start=0):
    return "".join(f"c{start + index}.wav,{text},s\n" for index, text in enumerate(texts))


def test_legal_cells_of_several_lines_with_commas_and_quotation_marks(tmp_path):
    said = ['he said "yes" twice', "one, two", 'first\nsecond, "third"\r\nfourth', '"Yes," he said', "6\" tall", ""]
    text = io.StringIO()
    csv.writer(text).writerows([("file_name", "text", "speaker"), *((f"c{i}.wav", t, "s") for i, t in enumerate(said))])
    found = read(tmp_path, text.getvalue())
    assert [row.cells["text"] for row in found] == said
    assert [row.line for row in found] == [2, 3, 4, 7, 8, 9]


def test_a_quotation_mark_in_the_middle_of_a_bare_cell_is_part_of_it(tmp_path):
    (row,) = read(tmp_path, HEADER + rows('he said "yes" twice'))
    assert row.cells["text"] == 'he said "yes" twice'


@pytest.mark.parametrize(
    ("texts", "line", "problem"),
    [
        (["a", '"so he said', "b", "c"], 3, "none closes it"),
        (["a", '"so he said', "b", 'he said "yes" twice'], 3, "text follows the one that closes it, on line 5"),
        (["a", "b", '"Yes," he said'], 4, "text follows the one that closes it, on line 4"),
        (["a", '"so he said', "b", 'and so it ends"', "c"], 3, "goes on over what looks like the row of c2.wav"),
        (["a", '"so he said', 'and so it ends"'], 3, "goes on over what looks like the row of c2.wav"),
        (["a", '"so he said', '""', 'and so it ends"'], 3, "goes on over what looks like the row of c2.wav"),
        (['"' + 140_000 * "a"], 2, "its cell does not end"),
    ],
)
def test_a_stray_quotation_mark_is_told_with_its_line(tmp_path, texts, line, problem):
    with pytest.raises(CorpusError) as error:
        read(tmp_path, HEADER + rows(*texts))
    message = str(error.value)
    assert f"metadata.csv: line {line}: a quotation mark opens a cell, and" in message and problem in message
    assert "double each quotation mark" in message and "\n" not in message


@pytest.mark.parametrize("columns", ["text,file_name", "speaker,text,file_name", "speaker,file_name,text"])
def test_swallowed_rows_are_told_wherever_the_file_name_stands(tmp_path, columns):
    order = columns.split(",")
    cells = [{"file_name": f"c{index}.wav", "text": f"text {index}", "speaker": "s"} for index in range(6)]
    cells[1]["text"], cells[4]["text"] = '"so he said', 'and so it ends"'
    lines = [columns, *(",".join(row[name] for name in order) for row in cells)]
    with pytest.raises(CorpusError, match=r"line 3: .* looks like the row of c[12]\.wav"):
        read(tmp_path, "\n".join(lines) + "\n")


def test_a_row_is_told_by_a_file_without_a_suffix_too(tmp_path):
    (tmp_path / "b").touch()
    with pytest.raises(CorpusError, match=r"line 2: .* looks like the row of b"):
        read(tmp_path, HEADER + 'a,"so he said,s\nb,and,s\nc,so it ends",s\n')


def test_a_stray_quotation_mark_among_the_columns(tmp_path):
    with pytest.raises(CorpusError, match=r"line 1: .* looks like the row of c0\.wav"):
        read(tmp_path, 'file_name,text,"speaker\n' + rows("a", "b") + 'c2.wav,c,s"\n' + rows("d", start=3))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file_whatever_ends_them(tmp_path, end):
    content = HEADER + "\n" + rows("a") + "\n \n" + 'c1.wav,"b\nb\n\nb",s\n' + ",,\n" + rows("c", start=2) + "\n\n"
    found = read(tmp_path, content.replace("\n", end))
    assert [(row.line, row.cells["file_name"]) for row in found] == [(3, "c0.wav"), (6, "c1.wav"), (11, "c2.wav")]
    assert found[1].cells["text"].split() == ["b", "b", "b"]


@pytest.mark.parametrize(
    "header",
    [
        "\ufefffile_name,text\n",
        "File_Name, TEXT ,\n",
        '"file_name","text"\n',
        "sep=,\nfile_name,text\n",
        "\n\nfile_name,text,,\n",
    ],
)
def test_spellings_of_the_columns(tmp_path, header):
    (row,) = read(tmp_path, header + "a.wav,hi,,\n")
    assert (row.cells["file_name"], row.cells["text"], row.surplus) == ("a.wav", "hi", False)


def test_commas_at_the_end_are_nothing_and_words_behind_them_are_surplus(tmp_path):
    found = read(tmp_path, HEADER + "a.wav,hi,s,,\nb.wav,hi,there,s\nc.wav,hi\n")
    assert [row.surplus for row in found] == [False, True, False]
    assert found[2].cells == {"file_name": "c.wav", "text": "hi", "speaker": ""}


def test_an_index_of_the_rows_has_no_name_and_counts_for_nothing(tmp_path):
    (row,) = read(tmp_path, ",file_name,text\n0,a.wav,hi\n")
    assert row == (2, {"file_name": "a.wav", "text": "hi"}, False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file_name;text\na.wav;hi\n", "separated by ;; save it separated by commas"),
        ('"file_name";"text"\n"a.wav";"hi"\n', "separated by ;; save it separated by commas"),
        ("sep=;\nfile_name;text\na.wav;hi\n", "separated by ;; save it separated by commas"),
        ("file_name\ttext\na.wav\thi\n", "separated by tabs; save it separated by commas"),
        ("file_name|text\na.wav|hi\n", "separated by |; save it separated by commas"),
        ("file_name,text\na.wav,hi\n".encode("utf-16"), "in UTF-16; save it as CSV in UTF-8"),
        ("file_name,text\na.wav,hi\n".encode("utf-16-le"), "line 1: not a CSV file in UTF-8 (a NUL byte)"),
        (b"file_name,text\n\na.wav,h\0i\n", "line 3: not a CSV file in UTF-8 (a NUL byte)"),
        (b"\xef\xbb\xbffile_name,text\r\na.wav,caf\xe9\r\n", "line 2: not a CSV file in UTF-8 (byte 0xE9)"),
        ("file_name,text,Text\na.wav,hi,ho\n", "2 columns are named text; leave one of them"),
        ("a.wav,hi\nb.wav,ho\n", "no column file_name and text; there are: a.wav, hi; the first row names the columns"),
        ("", "no column file_name and text; there are: none"),
        ("\n\n", "no column file_name and text; there are: none"),
        ("file_name,text\n\n,\n", "no clips: no row below the names of the columns"),
    ],
)
def test_what_is_no_such_file_is_said(tmp_path, content, message):
    with pytest.raises(CorpusError) as error:
        read(tmp_path, content)
    assert message in str(error.value) and str(error.value).startswith(f"{tmp_path / 'metadata.csv'}: ")


def test_a_metadata_file_that_cannot_be_read(tmp_path):
    (tmp_path / "metadata.csv").mkdir()
    with pytest.raises(CorpusError, match=r"metadata\.csv: not readable: a folder, not a file"):
        read_metadata(tmp_path)
