"""A committed study's record, damaged in each of its files in each way: every reader names the file, none fails."""

import functools
import json
import shutil
from pathlib import Path

import pytest

from shared.cli import of_record, replicate
from shared.config import ConfigError
from shared.files import write_json
from shared.plan.schema import Source
from shared.record.files import load_study, seal_study, study_names
from shared.record.manifest import Manifest, check_seal, files_of, write_manifest
from shared.report import build

ROOT = Path(__file__).parents[2]
SOURCE, STUDY, OTHER = "latentlm", "table6", "tables4_5"
# A smoke run beside the record is no part of it.
FOLDERS = sorted(path for path in (ROOT / "results").glob("*/*/") if study_names(path) and path.parent.name != "smoke")
FILES = [
    f"{STUDY}.csv", f"{STUDY}.md", f"{STUDY}.png", f"{STUDY}_verdicts.csv", f"{STUDY}_metrics.json",
    f"{STUDY}_provenance.json", f"{STUDY}_manifest.json", f"scores/{STUDY}/narrow_s0_generation.csv",
    f"scores/{STUDY}/narrow_s0_exposure.csv", f"clips/{STUDY}/clips.csv",
    f"clips/{STUDY}/narrow_s0_generation_test-00000-v000.mp3",
]  # fmt: skip


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _edit(path: Path) -> None:
    """One digit for another, as by hand."""
    data = path.read_bytes()
    digit = next((each for each in b"76543210" if each in data), data[-1])
    path.write_bytes(data.replace(bytes([digit]), bytes([digit + 1]), 1))


def _swap(path: Path) -> None:
    """The file of the same kind of another study of the source."""
    other = Path(str(path).replace(STUDY, OTHER).replace("narrow", "hz15"))
    path.write_bytes(other.read_bytes() if other.exists() else b"another file\n")


DAMAGE = {
    "flipped bit": _flip,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
    "edited": _edit,
    "another study's": _swap,
    "not UTF-8": lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()),
    "not a number": lambda path: path.write_bytes(path.read_bytes().replace(b"0.", b"NaN", 1) + b"NaN"),
    "other line ends": lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One study of the record, and another without what takes long to read."""
    source, target = ROOT / "results/cpu" / SOURCE, tmp_path_factory.mktemp("whole") / "cpu" / SOURCE
    files = [*files_of(source, STUDY), source / f"{STUDY}_manifest.json"]
    for path in [*files, *(source / f"{OTHER}{end}" for end in (".csv", ".md", "_verdicts.csv", "_provenance.json"))]:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    write_manifest(target, OTHER)
    return target


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of them to damage."""
    return Path(shutil.copytree(whole, tmp_path / "results/cpu" / SOURCE, copy_function=shutil.copyfile))


@pytest.mark.parametrize("place", FOLDERS, ids=lambda path: path.name)
def test_the_record_in_git_is_sealed_and_whole(place):
    for study in study_names(place):
        assert check_seal(place, study).damage() == {}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_every_damage_to_every_file_is_named(folder, name, damage):
    if damage == "other line ends" and name.endswith("_manifest.json"):
        return  # JSON, which says the same
    before = (folder / name).read_bytes()
    DAMAGE[damage](folder / name)
    assert not (folder / name).is_file() or (folder / name).read_bytes() != before
    found = load_study(folder, STUDY).damage
    assert list(found) == [folder / name]
    assert "\n" not in found[folder / name] and "git restore" in found[folder / name]
    assert load_study(folder, OTHER).damage == {}


@functools.cache
def _source() -> Source:
    return Source(ROOT / "replications" / SOURCE / "study.yaml")


class Commands:
    """`replicate` in this process; of what takes seconds, study files are read once and sounds not drawn."""

    def __init__(self, folder: Path, monkeypatch, capsys):
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        for module in (replicate, of_record):
            monkeypatch.setattr(module, "source_of", lambda arguments: _source())
        monkeypatch.setattr(of_record, "titles_of", lambda arguments: {SOURCE: "T"})
        monkeypatch.setattr(build, "find_sources", lambda replications: {})
        monkeypatch.setattr("shared.report.sound._draw", lambda sounds: None)
        monkeypatch.setattr("shared.report.sound.loudness", lambda audio, rate: None)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr."""
        self.monkeypatch.setattr("sys.argv", ["replicate", "--results", str(self.folder.parents[1]), *arguments])
        status = 0
        try:
            replicate.main()
        except SystemExit as stopped:
            status = stopped.code
        return status, *self.capsys.readouterr()


def _title(folder: Path, study: str) -> str:
    return (folder / f"{study}.md").read_text().splitlines()[0]


@pytest.fixture
def commands(folder, monkeypatch, capsys):
    return Commands(folder, monkeypatch, capsys)


COMMANDS = [
    ("report",), ("summary", "--scale", "cpu"), ("rank",), ("compare", SOURCE), ("compare", SOURCE, "--results"),
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_command_names_a_damaged_file_and_fails(whole, folder, commands, name):
    _edit(folder / name)
    for command in COMMANDS:
        given = (*command, str(whole.parents[1])) if command[-1] == "--results" else command
        status, out, err = commands.run(*given)
        assert status == 1, command
        assert f"{folder / name}: " in err and "Traceback" not in err, command
        assert len([line for line in err.splitlines() if str(folder) in line]) == 1, command
        if command[0] == "rank":  # the other study is shown, and this one is not
            assert f"{OTHER} (" in out and f"{STUDY} (" not in out
        if command == ("compare", SOURCE):
            assert _title(folder, OTHER) in out and _title(whole, STUDY) not in out
    assert not (folder.parent / "results.json").exists()


@pytest.mark.parametrize("name", FILES)
def test_what_was_sealed_and_can_not_be_is_named_by_all_that_read_it(folder, commands, name):
    damage = "not a number" if name.endswith(("csv", "json")) else "not UTF-8"
    DAMAGE[damage](folder / name)
    if not name.endswith("_manifest.json"):
        write_manifest(folder, STUDY)
    read_by_all = name.startswith(STUDY) or name.endswith("clips.csv")
    for command in COMMANDS[:-1] if read_by_all else COMMANDS[:1]:
        status, _, err = commands.run(*command)
        assert status == 1, command
        assert len([line for line in err.splitlines() if f"{folder / name}: " in line]) == 1, command


def test_scores_that_can_not_be_end_a_ranking_in_one_line(folder, commands):
    path = folder / f"scores/{STUDY}/narrow_s0_generation.csv"
    DAMAGE["not a number"](path)
    write_manifest(folder, STUDY)
    for command in (("rank",), ("summary", "--scale", "cpu")):
        status, _, err = commands.run(*command)
        assert status == 1 and err.startswith(f"error: {path}: ") and err.count("\n") == 1


def test_a_whole_record_is_no_error(folder, commands):
    for command in (("rank",), ("compare", SOURCE), ("compare", SOURCE, "--results", str(folder.parents[1]))):
        status, out, _ = commands.run(*command)
        assert status == 0 and (STUDY in out or _title(folder, STUDY) in out), command


def test_what_was_added_or_renamed_with_its_manifest_is_named(folder):
    extra = folder / f"scores/{STUDY}/narrow_s1_generation.csv"
    shutil.copyfile(folder / f"scores/{STUDY}/narrow_s0_generation.csv", extra)
    assert "not in the manifest" in load_study(folder, STUDY).damage[extra]
    extra.unlink()
    # All files of one study under another's name, the manifest, too.
    for path in [*files_of(folder, STUDY), folder / f"{STUDY}_manifest.json"]:
        target = folder / str(path.relative_to(folder)).replace(STUDY, "sigma")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (problem,) = load_study(folder, "sigma").damage.values()
    assert problem.startswith(f"of {SOURCE} {STUDY} at cpu, not of {SOURCE} sigma at cpu; ")
    for place, whose in (("cpu/rave", f"rave {STUDY} at cpu"), (f"gpu/{SOURCE}", f"{SOURCE} {STUDY} at gpu")):
        shutil.copytree(folder, folder.parents[1] / place)
        (problem,) = load_study(folder.parents[1] / place, STUDY).damage.values()
        assert f"not of {whose}; " in problem


def test_a_manifest_that_was_edited_to_fit_is_damaged(folder):
    table, path = folder / f"{STUDY}.csv", folder / f"{STUDY}_manifest.json"
    before = json.loads(path.read_text())
    _edit(table)
    write_manifest(folder, STUDY)
    write_json(path, json.loads(path.read_text()) | {"seal": before["seal"]})
    assert load_study(folder, STUDY).damage == {path: check_seal(folder, STUDY).problem}
    assert "changed since it was written" in check_seal(folder, STUDY).problem
    assert Manifest.model_validate(before).expected_seal() == before["seal"]


def test_seal_seals_what_can_be_and_says_what_had_changed(folder, commands):
    path = folder / f"{STUDY}.md"
    path.write_text("# Another title\n")
    (folder / f"{OTHER}.csv").write_text((folder / f"{OTHER}.csv").read_text().replace(",0.", ",-0.", 1))
    before = (folder / f"{OTHER}_manifest.json").read_bytes()
    status, out, err = commands.run("seal")
    assert status == 1 and f"{STUDY}: sealed as it is: {path.name}: changed since it was recorded" in out
    assert f"{folder / OTHER}.csv: row " in err and "1 of 2 studies are sealed" in out
    assert load_study(folder, STUDY).damage == {} and (folder / f"{OTHER}_manifest.json").read_bytes() == before


def test_scores_that_can_not_be_are_not_sealed(folder):
    path = folder / f"scores/{STUDY}/narrow_s0_generation.csv"
    path.write_text(path.read_text().replace(",5,", ",-5,", 1))
    with pytest.raises(ConfigError, match=r"narrow_s0_generation\.csv: words of clip test-\S+ can't be -5"):
        seal_study(folder, STUDY)
