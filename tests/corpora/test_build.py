import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from shared.corpora import build
from shared.corpora.manifest import CorpusError


def run(spec, folder):
    folder.mkdir(exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-m", "shared.corpora.build", "--spec", str(folder / "spec.json")]
    return subprocess.run(
        [*command, "--output", str(folder / "manifest.json")], capture_output=True, text=True, timeout=60
    )


def test_the_job_builds_a_corpus_and_says_how_far_it_is(tmp_path):
    spec = {"kind": "speech", "sample_rate": 16000, "voices": 2, "held_out_voices": 1, "utterances": 12}
    done = run({**spec, "grammar": "tiny", "validation": 2, "test": 4, "seed": 0}, tmp_path)
    assert done.returncode == 0 and "12/12" in done.stderr and "12 clips" in done.stdout
    assert len(list((tmp_path / "audio").iterdir())) == 12


def test_user_errors_are_one_line_without_a_traceback(tmp_path):
    done = run({"kind": "folder", "path": str(tmp_path / "nowhere"), "sample_rate": 16000}, tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path / 'nowhere'}: no such folder\n"


def test_a_corpus_that_cannot_be_evaluated_is_told_before_there_is_a_manifest(tmp_path, monkeypatch):
    rows = ["file_name,text,speaker", *(f"{i}.wav,text {i},s{i}" for i in range(8))]
    (tmp_path / "metadata.csv").write_text("\n".join(rows))
    for index in range(8):
        soundfile.write(tmp_path / f"{index}.wav", np.random.default_rng(index).normal(0, 0.05, 8000), 16000)
    out = tmp_path.with_name("out")
    out.mkdir()
    spec, manifest, asked = (out / name for name in ("spec.json", "manifest.json", "asked.json"))
    spec.write_text(json.dumps({"kind": "folder", "path": str(tmp_path), "sample_rate": 16000}))
    command = ["build", "--spec", str(spec), "--output", str(manifest)]
    for names in (None, {"wer": None}, {}):
        asked.write_text(json.dumps(names))
        monkeypatch.setattr(sys, "argv", command if names is None else [*command, "--asked", str(asked)])
        if names == {}:
            build.main()
        else:
            with pytest.raises(CorpusError, match="none of 2 test clips can be evaluated: each needs a prompt"):
                build.main()
        assert manifest.exists() == (names == {})


def test_the_job_imports_neither_torch_nor_datasets():
    code = "import sys, shared.corpora.build; print({'torch', 'datasets', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr
