import os
import unicodedata

import pytest

from shared.corpora.locate import Locator

NFC, NFD = (unicodedata.normalize(form, "mädchen/café.wav") for form in ("NFC", "NFD"))


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return Locator(folder)


@pytest.mark.parametrize(
    ("there", "named"),
    [
        ("..hidden.wav", "..hidden.wav"),
        ("...wav", "...wav"),
        ("..more/c.wav", "..more/c.wav"),
        ("c.wav", "sub/../c.wav"),
        ("c.wav", "./c.wav"),
        ("sub/c.wav", "sub//c.wav"),
        ("sub/c.wav", "sub\\c.wav"),
        ("sub/c.wav", ".\\sub\\..\\sub\\c.wav"),
        ("sub\\c.wav", "sub\\c.wav"),
        (NFD, NFC),
        (NFC, NFD),
        (NFD, NFC.replace("/", "\\")),
    ],
)
def test_what_is_there_is_found(tmp_path, there, named):
    assert make(tmp_path, there)(named) == (there, None)


@pytest.mark.parametrize(
    "named",
    ["../x.wav", "..", "sub/../../x.wav", "..\\x.wav", "/x.wav", "C:\\x.wav", "C:/x.wav", "\\\\nas\\x.wav"],
)
def test_what_lies_outside_is_refused(tmp_path, named):
    (tmp_path / "x.wav").touch()
    assert make(tmp_path / "mine", "x.wav")(named)[1] == "lies outside the folder"


@pytest.mark.parametrize(
    ("there", "named", "hint"),
    [
        ("c.WAV", "c.wav", "; did you mean c.WAV?"),
        ("Sub/c.wav", "sub/C.wav", "; did you mean Sub/c.wav?"),
        ("sub/c.flac", "sub\\c.wav", "; did you mean sub/c.flac?"),
        ("c.wav", "c", "; did you mean c.wav?"),
        ("c.wav", "d.wav", ""),
        ("c.wav", "sub/c.wav", ""),
        ("c.wav", "c.wav/d.wav", ""),
        ("c.wav", "c" * 5000 + ".wav", ""),
    ],
)
def test_what_is_missing_may_be_meant_otherwise(tmp_path, there, named, hint):
    assert make(tmp_path, there)(named)[1] == "no such file" + hint


def test_two_forms_of_a_name_are_two_files_where_both_are_there(tmp_path):
    locate = make(tmp_path, NFC, NFD)
    if len(os.listdir(tmp_path)) == 1:
        pytest.skip("this file system knows one form only")
    assert (locate(NFC)[0], locate(NFD)[0]) == (NFC, NFD)


def test_what_is_no_file_is_said(tmp_path):
    locate = make(tmp_path, "folder.wav/c.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "link.wav").symlink_to("nowhere.wav")
    names = ("folder.wav", ".", "pipe.wav", "link.wav")
    assert [locate(name)[1] for name in names] == [
        "a folder, not a file", "a folder, not a file", "a pipe, not a file", "a link that leads nowhere"
    ]  # fmt: skip


def test_what_may_not_be_looked_at_is_said(tmp_path, monkeypatch):
    locate = make(tmp_path, "c.wav")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "stat", refuse)
    assert locate("c.wav")[1] == "not readable: Permission denied"
