"""Files of users: what is no file is not waited for, and nothing leads out of the folder that it should lie in."""

import os
import socket
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.config import ConfigError
from shared.files import read_json, sha256
from shared.job import run_job
from shared.user_files import Below, Refused, file_name, open_file, read_file, read_text
from shared.yaml_file import load_yaml


@pytest.fixture
def odd(tmp_path) -> dict[str, Path]:
    """What may stand in a file's place, by what is said of it."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
    return {"a folder": tmp_path / "folder", "a pipe": tmp_path / "pipe", "a socket": tmp_path / "socket",
            "a device": Path("/dev/zero")}  # fmt: skip


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a socket", "a device"])
def test_what_is_no_file_is_refused_and_not_waited_for(odd, what):
    for read in (open_file, read_file, read_text, sha256):
        with pytest.raises(Refused, match=f"{what}, not a file"):
            read(odd[what])
    with pytest.raises(ConfigError, match=f"{odd[what]}: not readable: {what}, not a file"):
        load_yaml(odd[what])
    with pytest.raises(ValueError, match=f"{odd[what]}: {what}, not a file"):
        read_json(odd[what])


def test_it_ends_a_job_with_one_line(odd, capsys):
    with pytest.raises(SystemExit):
        run_job(lambda: read_file(odd["a pipe"]))
    assert capsys.readouterr().err == f"error: {odd['a pipe']}: a pipe, not a file\n"


def test_a_link_may_lead_anywhere_below_the_folder_and_nowhere_else(tmp_path):
    folder, behind = tmp_path / "real", tmp_path / "behind"
    (folder / "sub").mkdir(parents=True)
    behind.symlink_to(folder)  # the folder itself may lie behind a link
    (folder / "sub/a").write_text("within")
    (tmp_path / "b").write_text("without")
    (folder / "near").symlink_to("sub/a")
    (folder / "absolute").symlink_to(behind / "sub/a")
    (folder / "far").symlink_to("../b")
    (folder / "aside").symlink_to(tmp_path)
    for name in ("near", "absolute"):
        assert read_text(behind / name, behind) == "within"
    for name in ("far", "aside/b"):
        with pytest.raises(Refused, match=f"leads out of the folder, to {tmp_path}/b"):
            read_file(behind / name, behind)
        assert read_file(behind / name) == b"without"


def test_more_than_was_expected_is_not_read(tmp_path):
    (tmp_path / "a").write_bytes(bytes(11))
    assert len(read_file(tmp_path / "a", most=11)) == 11
    with pytest.raises(Refused, match="larger than"):
        read_file(tmp_path / "a", most=10)
    (tmp_path / "sparse.yaml").touch()
    os.truncate(tmp_path / "sparse.yaml", 1 << 40)
    with pytest.raises(ConfigError, match=r"sparse\.yaml: not readable: larger than 16 MiB"):
        load_yaml(tmp_path / "sparse.yaml")


def test_a_text_is_utf8_with_one_kind_of_line_end(tmp_path):
    (tmp_path / "a").write_bytes("é\r\nb\rc\n".encode())
    assert read_text(tmp_path / "a") == "é\nb\nc\n"
    (tmp_path / "a").write_bytes(b"ab\xff")
    with pytest.raises(Refused, match="not UTF-8"):
        read_text(tmp_path / "a")


@pytest.mark.parametrize("name", ["dim64-cfg_s0_generation.csv", "000001-take-1", "ä b", "a=1,2"])
def test_a_plain_name_names_its_file(name):
    assert file_name(name) == name


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..", ".", "", "a\0b", "a\nb", "~/x\\y"])
def test_a_name_is_one_part_of_a_path_below_the_folder(tmp_path, name):
    path = tmp_path / file_name(name)
    path.write_text("")
    assert path.resolve().parent == tmp_path.resolve() and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\0b", ".."])
def test_a_path_in_our_own_files_leads_below_their_folder(path):
    with pytest.raises(ValidationError, match="below its folder"):
        TypeAdapter(Below).validate_python(path)
    assert TypeAdapter(Below).validate_python("clips/a..b.wav") == "clips/a..b.wav"
