"""A damaged checkpoint is set aside, and the training that goes on from the one before ends with the same bits."""

import random
import shutil

import pytest
import torch

from shared.config import ConfigError
from shared.training import checkpoint
from shared.training.checkpoint import BEFORE, NAME, load_checkpoint, save_checkpoint
from shared.training.loop import fit
from tests.training.test_loop import Interrupted, config, flat, make_task

FLIPS = 12


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A training that stopped with checkpoints after 5 and 10 of 12 steps, and what it ends with."""
    folder = tmp_path_factory.mktemp("stopped")
    training = config(ema=0.9)
    with pytest.raises(Interrupted):
        fit(make_task(training, stop_at=11), folder / "run", "f")
    return folder / "run", flat(fit(make_task(training), folder / "straight", "f"))


def flip(data: bytes, place: int) -> bytes:
    return bytes([*data[: place // 8], data[place // 8] ^ 1 << place % 8, *data[place // 8 + 1 :]])


def go_on(stopped, folder, capsys, **damaged: bytes | None) -> tuple[list[str], list[str]]:
    """Resume with these files; returns what was said and the names of what was set aside. It ends as it should."""
    run, straight = stopped
    shutil.copytree(run, folder)
    for name, content in damaged.items():
        path = folder / {"newest": NAME, "before": BEFORE}[name]
        path.unlink() if content is None else path.write_bytes(content)
    capsys.readouterr()
    assert torch.equal(flat(fit(make_task(config(ema=0.9)), folder, "f")), straight)
    lines = [line for line in capsys.readouterr().err.splitlines() if "checkpoint" in line]
    return lines, sorted(each.name for each in folder.rglob("*") if each.name.startswith(("checkpoint", "other")))


def test_flipped_bits_anywhere_in_a_checkpoint_change_nothing(stopped, tmp_path, capsys):
    whole = (stopped[0] / NAME).read_bytes()
    moments = random.Random(0)
    places = [moments.randrange(8 * len(whole)) for _ in range(FLIPS)]
    places += [8 * len(whole) - 1 - moments.randrange(8 * checkpoint.LENGTH) for _ in range(4)]
    for number, place in enumerate(places):
        lines, names = go_on(stopped, tmp_path / f"{number}", capsys, newest=flip(whole, place))
        assert lines == [f"{tmp_path}/{number}/{NAME}: damaged, renamed to {NAME}.damaged-1; going on from step 5"]
        assert names == [BEFORE, NAME, f"{NAME}.damaged-1"]
        assert (tmp_path / f"{number}/{NAME}.damaged-1").read_bytes() == flip(whole, place)


def other_kinds(whole: bytes) -> dict[str, bytes]:
    return {"empty": b"", "half": whole[: len(whole) // 2], "one byte short": whole[:-1], "one byte more": whole + b"x",
            "without its hash": whole[: -checkpoint.LENGTH], "foreign": b"not a checkpoint\n" * 100}  # fmt: skip


def test_each_kind_of_damage_is_set_aside(stopped, tmp_path, capsys):
    for name, content in other_kinds((stopped[0] / NAME).read_bytes()).items():
        lines, names = go_on(stopped, tmp_path / name, capsys, newest=content)
        assert len(lines) == 1 and lines[0].endswith("going on from step 5") and f"{NAME}.damaged-1" in names


def test_two_damaged_ones_are_set_aside_and_the_training_starts_anew(stopped, tmp_path, capsys):
    lines, names = go_on(stopped, tmp_path / "both", capsys, newest=b"", before=b"x")
    said = (f"{tmp_path}/both/{name}: damaged, renamed to {name}.damaged-1" for name in (NAME, BEFORE))
    assert lines == ["; ".join([*said, "starting from step 0"])]
    assert names == [BEFORE, f"{BEFORE}.damaged-1", NAME, f"{NAME}.damaged-1"]
    (tmp_path / "both" / NAME).write_bytes(b"again")
    assert load_checkpoint(tmp_path / "both", "f")[0] == 10
    assert (tmp_path / "both" / f"{NAME}.damaged-2").read_bytes() == b"again"


def test_a_kill_while_the_newest_takes_its_place_leaves_the_one_before(stopped, tmp_path, capsys):
    assert go_on(stopped, tmp_path / "run", capsys, newest=None) == ([], [BEFORE, NAME])


def test_a_damaged_one_before_does_not_matter(stopped, tmp_path, capsys):
    assert go_on(stopped, tmp_path / "run", capsys, before=b"") == ([], [BEFORE, NAME])


def test_one_of_another_training_is_moved_and_not_resumed(stopped, tmp_path, capsys):
    save_checkpoint(tmp_path / "other", "g", 10, {"of": "another"})
    lines, names = go_on(stopped, tmp_path / "run", capsys, newest=(tmp_path / "other" / NAME).read_bytes())
    assert len(lines) == 1 and "from another config, code or corpus, moved with all beside it to other-1" in lines[0]
    assert lines[0].endswith("starting from step 0")
    assert names == sorted([BEFORE, BEFORE, NAME, NAME, "other-1"])


def test_what_took_hours_is_not_deleted(stopped, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(stopped[0], run)
    (run / "snapshots").mkdir()
    (run / "snapshots/step_5").write_text("kept")
    before = {each.name: each.read_bytes() for each in run.rglob("*") if each.is_file()}
    for number in (1, 2):
        assert load_checkpoint(run, f"changed {number}") == (0, None)
        if number == 1:
            save_checkpoint(run, "changed 1", 3, {})
    assert {each.name: each.read_bytes() for each in (run / "other-1").rglob("*") if each.is_file()} == before
    assert (run / "other-1/snapshots/step_5").exists() and (run / "other-2" / NAME).exists()
    assert {each.name for each in run.iterdir()} == {"other-1", "other-2"}


def test_only_the_first_process_renames_and_all_take_the_same(stopped, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    shutil.copytree(stopped[0], run)
    (run / NAME).write_bytes(b"")
    for first, said, there in ((False, 0, True), (True, 1, False), (False, 0, False)):
        assert checkpoint._load(run, "f", first)[0] == 5
        assert (capsys.readouterr().err.count("damaged, renamed"), (run / NAME).exists()) == (said, there)
    monkeypatch.setattr(checkpoint, "broadcast_object_list", lambda steps: [10])
    with pytest.raises(ConfigError, match="reads a checkpoint of step 5, the first of 10; run again"):
        load_checkpoint(run, "f")
