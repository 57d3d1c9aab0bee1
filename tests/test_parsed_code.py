"""What is kept of a file's code is what reading it gives, and a damaged or old one is read anew."""

import pytest

from shared import parsed_code
from shared.files import Unwritable
from shared.parsed_code import parse_file

TEXT = '''
"""Doc."""
import math
from .near import thing as other

FIELD: int = 3


@other(1)
class Config(Base):
    size: int = 2
    kind: ClassVar[str] = "shared.pack.thing"

    def double(self):
        return self.size * math.pi + thing.value


if __name__ == "__main__":
    print("no")
'''


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(parsed_code, "KEPT", tmp_path / "kept")
    (tmp_path / "shared").mkdir()
    path = tmp_path / "shared/mine.py"
    path.write_text(TEXT)
    return path


def test_what_is_kept_is_what_was_read(file, tmp_path, monkeypatch):
    read = parse_file(file, tmp_path)
    assert read.bound["other"] == ("shared", "near", "thing") and read.main == [5]
    assert read.statements[4].kind == parsed_code.CLASS and read.statements[4].hands_to == [("other",)]
    assert read.statements[4].fields.text == "size: int = 2" and read.statements[4].plain.own == {"size"}
    monkeypatch.setattr(parsed_code, "parse", None)
    assert parse_file(file, tmp_path) == read


@pytest.mark.parametrize("damage", [lambda text: text[:-3], lambda text: text.replace("size", "site"), lambda text: ""])
def test_a_damaged_one_is_read_anew(file, tmp_path, damage):
    read = parse_file(file, tmp_path)
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_text(damage(kept.read_text()))
    assert parse_file(file, tmp_path) == read


def test_another_text_package_or_reader_has_another(file, tmp_path, monkeypatch):
    parse_file(file, tmp_path)
    file.write_text(TEXT + "\nX = 1\n")
    parse_file(file, tmp_path)
    inner = tmp_path / "shared/pack/mine.py"
    inner.parent.mkdir()
    inner.write_text(TEXT)
    assert parse_file(inner, tmp_path).bound["other"] == ("shared", "pack", "near", "thing")
    monkeypatch.setattr(parsed_code, "_reader", lambda: "other")
    parse_file(file, tmp_path)
    assert len(list((tmp_path / "kept").iterdir())) == 4


def test_a_source_may_lie_in_another_folder(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = parse_file(file.relative_to(tmp_path), tmp_path / "elsewhere")
    assert relative == parse_file(file, tmp_path)


def test_where_nothing_can_be_kept_it_is_read_each_time(file, tmp_path, monkeypatch):
    def full(path, text):
        raise Unwritable(f"{path}: no space left")

    read = parse_file(file, tmp_path)
    monkeypatch.setattr(parsed_code, "KEPT", tmp_path / "other")
    monkeypatch.setattr(parsed_code, "write_text", full)
    assert parse_file(file, tmp_path) == read
    (tmp_path / "a_file").write_text("")
    monkeypatch.setattr(parsed_code, "KEPT", tmp_path / "a_file")
    assert parse_file(file, tmp_path) == read


def test_a_star_is_named(file, tmp_path):
    file.write_text("from shared.pack import *\n")
    with pytest.raises(ValueError, match=r"shared/mine\.py: import \* hides what it names"):
        parse_file(file, tmp_path)
