"""Made-up packages, unpacked, become a folder that the corpus job takes."""

import csv
import gzip
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from shared.config import ConfigError
from shared.corpora.build import build_corpus
from shared.corpora.config import parse_corpus

ROOT = Path(__file__).parents[1]
LETTERS = str.maketrans("01", "on")
ODD = {
    "beep": "[a beep]", "intro": "Speak after the tone. (tone)", "ready": "Say a very long sentence. " * 9,
    "digits/0": "nought", "hold": "Please hold the line.", "spy": "",
}  # fmt: skip
COPYRIGHT = """Files: *
Copyright: 2003, Some One
License: CC-BY-SA-3.0

Files: it-*
Copyright: 2012, Another
License: CC-BY-3.0
"""


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("telephone_prompts", ROOT / "examples/telephone_prompts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_language(packages, language, voice, texts, seconds):
    doc = packages / f"usr/share/doc/asterisk-core-sounds-{language}"
    doc.mkdir(parents=True)
    (doc / "copyright").write_text(COPYRIGHT)
    lines = ["\ufeff; Sounds", "", *(f"{key}: {text}" for key, text in texts)]
    (doc / f"core-sounds-{language}.txt.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    for key, _ in texts:
        sound = packages / f"usr/share/asterisk/sounds/{voice}/{key}.g722"
        sound.parent.mkdir(parents=True, exist_ok=True)
        sound.write_bytes(bytes(int(seconds.get(key, 1.0) * 8000)))


@pytest.fixture
def packages(tmp_path):
    """Two languages: 40 sentences of words of their own, and what can't be used."""
    texts = [(f"digits/w{i}", f"Al{i:06b}, be{i:06b}!".translate(LETTERS)) for i in range(40)]
    odd = [*ODD.items(), ("digits/0", "zero"), ("unheard", "Never said.")]
    write_language(tmp_path, "en", "en_US_f_Ann", texts + odd, {"hold": 11.0})
    (tmp_path / "usr/share/asterisk/sounds/en_US_f_Ann/unheard.g722").unlink()
    write_language(tmp_path, "it", "it_IT_m_Bo", [(key, text.replace("e", "i")) for key, text in texts], {})
    return tmp_path


def run(script, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["telephone_prompts.py", *map(str, arguments)])
    noise = np.random.default_rng(0).normal(0, 1000, 16000 * 12).astype(np.int16)
    monkeypatch.setattr(script, "read_g722", lambda path: noise[: 2 * path.stat().st_size])
    script.main()


def test_the_folder_is_a_corpus(script, packages, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "made"
    run(script, monkeypatch, folder, "--packages", packages, "--languages", "it", "en")
    said = capsys.readouterr().out
    assert "en: 40 recordings; left out: 1 longer than 10 s, 1 too short for the text, 2 with a remark in the text, "\
        "1 with two texts, 1 without a text" in said  # fmt: skip
    assert "80 clips, 1 minutes, 2 speaker(s); train 60, validation 8, test 12" in said
    licence = (folder / "LICENSE").read_text()
    assert "Some One under CC-BY-SA-3.0" in licence and "Another under CC-BY-3.0" in licence and COPYRIGHT in licence
    spec = {"kind": "folder", "path": str(folder), "sample_rate": 16000}
    manifest = build_corpus(parse_corpus(spec, "spec"), tmp_path / "corpus/manifest.json")
    assert len(manifest.clips) == 80 and not manifest.rejected
    assert {clip.speaker for clip in manifest.clips} == {"Ann", "Bo"}
    assert soundfile.info(folder / "it_IT_m_Bo/digits/w3.flac").frames == 16000
    with open(folder / "metadata.csv", encoding="utf-8") as file:
        assert {row["file_name"]: row["text"] for row in csv.DictReader(file)}[
            "en_US_f_Ann/digits/w0.flac"
        ] == "Aloooooo, beoooooo!"
    with pytest.raises(ConfigError, match="is there already"):
        run(script, monkeypatch, folder, "--packages", packages)


def test_near_duplicates_are_on_one_side(script):
    near = ["Press 1 to call this number.", "press 2 to call this number", "PRESS 17, to call this number!",
            "to call this number press 2 again"]  # fmt: skip
    apart = [f"word{letter}one word{letter}two" for letter in "abcdefghijklmnopqrstuvwxyz"]
    assert len(set(script.near_duplicates(near))) == 1 and len(set(script.near_duplicates(apart))) == len(apart)
    # Half of the words of either: 2 of 4, then 2 of 5.
    assert len(set(script.near_duplicates(["a b c", "b c d"]))) == 1
    assert len(set(script.near_duplicates(["a b c", "b c d e"]))) == 2
    # A word counts as often as it is there; what is not near itself may be linked.
    assert len(set(script.near_duplicates(["no", "no no no"]))) == 2
    assert len(set(script.near_duplicates(["a b c", "c d e", "b c d"]))) == 1
    sides = [script.split(near + apart, seed) for seed in range(40)]
    assert all(len(set(side[: len(near)])) == 1 for side in sides)
    assert {side[0] for side in sides} == {"train", "test"}  # validation has room for three of 30
    assert all(side.count("test") == 4 and side.count("validation") == 3 for side in sides)


def test_what_is_missing_is_named(script, packages, tmp_path, monkeypatch):
    folder, empty = tmp_path / "made", tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ConfigError, match=r"no asterisk-core-sounds-en_\*.deb; `apt-get download"):
        run(script, monkeypatch, folder, "--packages", empty)
    with pytest.raises(ConfigError, match="asterisk/sounds/fr_"):
        run(script, monkeypatch, folder, "--packages", packages, "--languages", "fr")
    next(packages.rglob("core-sounds-en.txt.gz")).write_bytes(b"no gzip")
    with pytest.raises(ConfigError, match=r"core-sounds-en.txt.gz: damaged"):
        run(script, monkeypatch, folder, "--packages", packages)
    monkeypatch.setenv("PATH", str(empty))
    with pytest.raises(ConfigError, match="apt-get: no such command here; get the packages on Debian"):
        run(script, monkeypatch, folder)
    (empty / "asterisk-core-sounds-en_1_all.deb").touch()
    (empty / "asterisk-core-sounds-en-g722_1_all.deb").touch()
    with pytest.raises(ConfigError, match="dpkg-deb: no such command here; install dpkg"):
        run(script, monkeypatch, folder, "--packages", empty)
    assert not folder.exists()


def test_without_pyav_the_lock_is_named(script, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ConfigError, match=r"pip install -r envs/prompts.txt"):
        script.read_g722(tmp_path / "a.g722")


def test_g722_is_read_at_its_rate(script, tmp_path):
    av = pytest.importorskip("av")
    tone = np.round(8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)).astype(np.int16)
    with av.open(str(tmp_path / "a.g722"), "w", format="g722") as file:
        stream = file.add_stream("g722", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = 16000
        for each in (frame, None):
            file.mux(stream.encode(each))
    heard = script.read_g722(tmp_path / "a.g722")
    assert len(heard) == pytest.approx(16000, abs=640) and heard.dtype == np.int16
    assert np.abs(np.fft.rfft(heard[:16000])).argmax() == pytest.approx(440, abs=1)
