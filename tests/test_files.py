"""A file is whole or absent, and what the system refuses to write is one line with its name."""

import errno
import os
import shutil
import subprocess
from collections import namedtuple

import pytest
import torch

from shared.config import ConfigError
from shared.files import _host, atomic_path, read_csv, read_json, write_json, write_text

Usage = namedtuple("Usage", "total used free")


def fail(path, error):
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error


def test_a_failed_write_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "a.txt", "old\n")
    with pytest.raises(RuntimeError, match="unrelated"):
        fail(tmp_path / "a.txt", RuntimeError("unrelated"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old\n"


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS"])
def test_a_refusal_names_the_file_and_the_reason(tmp_path, code):
    number = getattr(errno, code)
    with pytest.raises(ConfigError, match=r"a\.txt: .*; mend that and run the same command again") as caught:
        fail(tmp_path / "new/a.txt", OSError(number, "refused"))
    assert caught.type.__name__ == "Unwritable"
    assert not list((tmp_path / "new").iterdir())


def test_a_full_disk_is_found_where_a_library_does_not_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 0))
    with pytest.raises(ConfigError, match=r"checkpoint\.pt: no space left on the disk; "):
        fail(tmp_path / "checkpoint.pt", RuntimeError("PytorchStreamWriter failed writing file data/0"))


def test_a_missing_folder_is_made(tmp_path):
    with atomic_path(tmp_path / "a/b/c.pt") as temporary:
        torch.save({"step": 1}, temporary)
    assert torch.load(tmp_path / "a/b/c.pt", weights_only=True) == {"step": 1}


@pytest.mark.parametrize(("content", "message"), [
    (b'{"a": NaN}', "NaN is not finite"), (b'{"a": [-Infinity]}', "-Infinity is not finite"),
    (b'{"a": 1e999}', "1e999 is not finite"), (b'{"a": 1', "not valid JSON"), (b'\xff{}', "not UTF-8"),
    (b"[" * 100_000, "nested too deep"),
])  # fmt: skip
def test_json_that_is_none_names_the_file(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"a\.json: .*{message}"):
        read_json(tmp_path / "a.json")


def test_json_is_read_as_it_was_written(tmp_path):
    data = {"a": [1, 0.1, -2.5e-7, None, "é"], "b": {"c": True}}
    write_json(tmp_path / "a.json", data)
    assert read_json(tmp_path / "a.json") == data


@pytest.mark.parametrize(("content", "message"), [
    (b"", "empty file"), (b"a,b\n1,2", "cut off"), (b"a,b\n1\n", "row 2: 1 values in 2 columns"),
    (b"a,a\n1,2\n", "a column is there twice"), (b'a\n"b\n', "not valid CSV"), (b"a\n\xe9\n", "not UTF-8"),
])  # fmt: skip
def test_a_table_that_is_none_names_the_file(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"a\.csv: .*{message}"):
        read_csv(tmp_path / "a.csv")
    with pytest.raises(ConfigError, match="no such file"):
        read_csv(tmp_path / "b.csv")


def test_a_table_is_read_by_column(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'a,b\r\n1,"x, ""y""\nz"\r\n')
    assert read_csv(tmp_path / "a.csv") == (["a", "b"], [{"a": "1", "b": 'x, "y"\nz'}])


def test_what_killed_processes_left_is_removed_and_what_others_write_stays(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    left = [f".model.{_host()}-{dead.pid}.tmp.safetensors", f".a.b.{_host()}-{dead.pid}.tmp"]
    others = [f".model.{_host()}-{os.getppid()}.tmp.safetensors", f".model.elsewhere-{dead.pid}.tmp.safetensors",
              f"model.{_host()}-{dead.pid}.tmp", ".saving"]  # fmt: skip
    for name in (*left, *others):
        (tmp_path / name).write_text("half")
    write_text(tmp_path / "a.txt", "whole\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([*others, "a.txt"])
