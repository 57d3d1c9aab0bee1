import multiprocessing
import os
import shutil
import unicodedata
from pathlib import Path

import pytest

from shared.corpora import content_hash as module
from shared.corpora.content_hash import content_hash
from shared.corpora.manifest import CorpusError


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(name.encode() * 10)
    (folder / "metadata.csv").write_text("file_name,text\na.wav,a\nb.wav,b\nlost.wav,c\n")
    (folder / "notes.txt").write_text("no part of the corpus")
    return folder


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr(module, "SETTLED_NS", -1)


@pytest.fixture
def read(monkeypatch):
    """Names of the files whose content is read."""
    names = []

    def counting(path):
        names.append(path.name)
        return module_sha256(path)

    module_sha256 = module.sha256
    monkeypatch.setattr(module, "sha256", counting)
    return names


def test_the_content_decides_and_neither_place_nor_times(mine, tmp_path):
    found = content_hash(str(mine), tmp_path / "cache")
    shutil.copytree(mine, tmp_path / "copy", copy_function=shutil.copyfile)
    os.utime(tmp_path / "copy/a.wav", (1, 1))
    (tmp_path / "copy/notes.txt").write_text("other")
    assert content_hash(str(tmp_path / "copy"), tmp_path / "cache") == found


def test_another_content_or_name_is_another_corpus(mine, tmp_path, settled):
    cache = tmp_path / "cache"
    found = [content_hash(str(mine), cache)]
    stat = (mine / "a.wav").stat()
    (mine / "a.wav").write_bytes(b"A.WAV" * 10)
    os.utime(mine / "a.wav", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    found.append(content_hash(str(mine), cache))
    (mine / "lost.wav").write_bytes(b"here again")
    found.append(content_hash(str(mine), cache))
    (mine / "metadata.csv").write_text("file_name,text\na.wav,other\nb.wav,b\nlost.wav,c\n")
    found.append(content_hash(str(mine), cache))
    assert len(set(found)) == 4


def test_what_has_not_changed_is_not_read_again(mine, tmp_path, settled, read):
    found = content_hash(str(mine), tmp_path / "cache")
    assert read == ["metadata.csv", "a.wav", "b.wav"]
    assert content_hash(str(mine), tmp_path / "cache") == found and len(read) == 3
    (mine / "b.wav").write_bytes(b"other")
    assert content_hash(str(mine), tmp_path / "cache") != found and read[3:] == ["b.wav"]


def test_what_changed_a_moment_ago_is_read_again(mine, tmp_path, read):
    for _ in range(2):
        content_hash(str(mine), tmp_path / "cache")
    assert len(read) == 6


DAMAGED = {
    "empty": b"",
    "cut off": b"{",
    "no text": b"\xff",
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "another state": b'{"files": {"a.wav": {"state": [1], "sha256": "0"}}}',
    "another form": b'{"more": 1}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_cache_is_ignored_and_made_again(mine, tmp_path, settled, read, content):
    found = content_hash(str(mine), tmp_path / "cache")
    (cache,) = (tmp_path / "cache").iterdir()
    whole = cache.read_bytes()
    cache.write_bytes(content)
    assert content_hash(str(mine), tmp_path / "cache") == found and len(read) == 6
    assert cache.read_bytes() == whole


def test_the_cache_is_never_needed(mine, tmp_path, settled):
    (tmp_path / "cache").write_text("a file where the caches' folder should be")
    assert content_hash(str(mine), tmp_path / "cache") == content_hash(str(mine), tmp_path / "other")


def test_several_processes_agree(mine, tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        found = pool.starmap(content_hash, [(str(mine), tmp_path / "cache")] * 16)
    assert len(set(found)) == 1


def test_a_file_that_cannot_be_read_is_named(mine, tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(module, "sha256", refuse)
    with pytest.raises(CorpusError, match=r"mine/metadata\.csv: not readable: Permission denied"):
        content_hash(str(mine), tmp_path / "cache")


def test_a_name_is_the_same_in_either_form(tmp_path):
    found = set()
    for form in ("NFC", "NFD"):
        folder = tmp_path / form
        folder.mkdir()
        (folder / unicodedata.normalize(form, "café.wav")).write_bytes(b"a")
        (folder / "metadata.csv").write_text("file_name,text\ncafé.wav,a\n")
        found.add(content_hash(str(folder), tmp_path / "cache"))
    assert len(found) == 1


def test_much_to_read_is_told(mine, tmp_path, monkeypatch, capsys):
    content_hash(str(mine), tmp_path / "cache")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "QUIET_BYTES", 10)
    content_hash(str(mine), tmp_path / "cache")
    assert f"content of {mine}" in (error := capsys.readouterr().err) and "3/3" in error


def test_a_home_folder_is_found(mine, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert content_hash("~/mine", Path(tmp_path / "cache")) == content_hash(str(mine), tmp_path / "cache")
