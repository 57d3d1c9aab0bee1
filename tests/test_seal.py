"""What a job wrote is what the next one reads: seals of run folders."""

import json
import random
import sys
from pathlib import Path

import pytest

from shared import seal
from shared.cli import run_job
from shared.config import ConfigError
from shared.files import write_text

CORPUS, MODEL = (
    Path("runs/s/shared/corpus/made-1/manifest.json"),
    Path("runs/s/a/autoencoder/seed0-2/model.safetensors"),
)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """A model made from a corpus, both sealed; the working folder is the project's."""
    monkeypatch.chdir(tmp_path)
    write(CORPUS, b"clips")
    write(CORPUS.parent / "audio/a.wav", b"a")
    seal.seal_folder([CORPUS])
    write(MODEL, bytes(1000))
    write(MODEL.with_name("model.json"), b"{}")
    write(MODEL.with_name("origin.json"), b'{"date_utc": "today"}')
    write(MODEL.parent / "checkpoints/checkpoint.pt", b"c")
    seal.seal_folder([MODEL], [CORPUS])


def test_what_was_made_passes(chain):
    seal.check_inputs([CORPUS, MODEL, "paper.yaml"])
    seal.check_file(MODEL)
    seal.check_file(Path("elsewhere.safetensors"))


def test_audio_and_checkpoints_carry_their_own_hash_and_notes_of_a_run_are_no_result(chain):
    files = json.loads((MODEL.parent / seal.NAME).read_text())["files"]
    assert set(files) == {"model.safetensors", "model.json", "origin.json"}
    for name in ("checkpoints/checkpoint.pt", "spec.json", "benchmark.tsv"):
        write(MODEL.parent / name, b"later")
    seal.check_inputs([MODEL])


@pytest.mark.parametrize("name", ["model.safetensors", "model.json", "origin.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "swapped", "gone"])
def test_a_damaged_file_is_named_with_what_to_delete(chain, name, damage):
    path = MODEL.with_name(name)
    content = bytearray(path.read_bytes())
    place = random.Random(name + damage).randrange(8 * len(content))
    content[place // 8] ^= 1 << place % 8
    match damage:
        case "gone":
            path.unlink()
        case "swapped":
            path.write_bytes(CORPUS.read_bytes())
        case _:
            path.write_bytes({"flipped": content, "cut": path.read_bytes()[:-1], "empty": b""}[damage])
    with pytest.raises(ConfigError, match=rf"{name}: .*; delete {MODEL} and run again") as error:
        seal.check_inputs([MODEL])
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match=name):
        seal.check_file(path)


@pytest.mark.parametrize("place", range(0, 400, 37))
def test_a_damaged_seal_is_named(chain, place):
    path = MODEL.parent / seal.NAME
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"{path}: damaged, .*delete {MODEL} and run again"):
        seal.check_inputs([MODEL])


def test_without_a_seal_a_job_does_not_read(chain):
    (MODEL.parent / seal.NAME).unlink()
    with pytest.raises(ConfigError, match=f"missing, so nothing says .* python -m shared.seal {MODEL}"):
        seal.check_inputs([MODEL])


def test_a_person_can_seal_what_is_whole(chain, monkeypatch):
    write(MODEL, b"mended")
    monkeypatch.setattr(sys, "argv", ["seal", str(MODEL)])
    seal.main()
    seal.check_inputs([MODEL])


def test_the_folder_of_another_job_does_not_pass(chain):
    other = MODEL.parent.with_name("seed0-3")
    MODEL.parent.rename(other)
    with pytest.raises(ConfigError, match=f"is of another job, autoencoder/seed0-2, .* delete {other / MODEL.name}"):
        seal.check_inputs([other / MODEL.name])


def test_what_was_made_from_another_corpus_than_lies_there_now_does_not_pass(chain):
    write(CORPUS, b"other clips")
    seal.seal_folder([CORPUS])
    with pytest.raises(ConfigError, match=f"was made from another {CORPUS.parent} than lies there now"):
        seal.check_inputs([MODEL])


def test_the_same_made_again_at_another_time_passes(chain):
    write(CORPUS.with_name("origin.json"), b'{"date_utc": "later"}')
    seal.seal_folder([CORPUS])
    seal.check_inputs([MODEL])


def test_two_jobs_may_seal_one_folder(chain):
    figure = MODEL.with_name("figure.pdf")
    write(figure, b"figure")
    seal.seal_folder([figure], [MODEL, CORPUS])
    write(figure, b"damaged")
    with pytest.raises(ConfigError, match=f"delete {figure} and run again"):
        seal.check_inputs([MODEL])


JOB = """
import sys
from pathlib import Path
Path(sys.argv[2]).write_text("made")
sys.exit(int(sys.argv[1]))
"""


def run(monkeypatch, status, output, *inputs):
    write_text(Path("a_job.py"), JOB)
    monkeypatch.syspath_prepend(".")
    words = ["--code", "abc", "--inputs", *map(str, inputs), "--outputs", str(output)]
    monkeypatch.setattr(sys, "argv", ["run_job", *words, "--", "a_job", str(status), str(output)])
    run_job.main()


def test_a_job_is_sealed_with_where_it_comes_from(chain, monkeypatch):
    output = Path("runs/s/a/scores/seed0-4/scores.csv")
    output.parent.mkdir(parents=True)
    run(monkeypatch, 0, output, MODEL)
    found = json.loads((output.parent / seal.NAME).read_text())
    assert set(found["files"]) == {"scores.csv", "origin.json"} and list(found["made_from"]) == [str(MODEL.parent)]
    assert found["place"] == "scores/seed0-4" and found["results"] == ["scores.csv"]
    seal.check_inputs([output])


def test_a_failed_job_is_not_sealed_and_passes_its_status_on(chain, monkeypatch):
    output = Path("runs/s/a/scores/seed0-4/scores.csv")
    output.parent.mkdir(parents=True)
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, 3, output, MODEL)
    assert end.value.code == 3 and not (output.parent / seal.NAME).exists()


def test_a_job_does_not_start_on_damaged_input(chain, monkeypatch):
    write(MODEL, b"damaged")
    output = Path("runs/s/a/scores/seed0-4/scores.csv")
    output.parent.mkdir(parents=True)
    with pytest.raises(ConfigError, match="is not what its job wrote"):
        run(monkeypatch, 0, output, MODEL)
    assert not output.exists()


def test_a_job_that_writes_elsewhere_is_not_sealed(chain, monkeypatch):
    write_text(Path("a_job.py"), JOB)
    monkeypatch.syspath_prepend(".")
    monkeypatch.setattr(sys, "argv", ["run_job", "--inputs", str(MODEL), "--", "a_job", "0", "copied.csv"])
    run_job.main()
    assert Path("copied.csv").exists() and not Path(seal.NAME).exists()
