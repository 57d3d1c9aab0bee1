"""What lies at a path is in a run's name, and not the path."""

import copy
import functools
import shutil
from pathlib import Path

import pytest
import yaml

from shared.config import ConfigError, Role
from shared.plan import content
from shared.plan.pieces import load_study
from shared.plan.plan import Plan
from shared.plan.schema import Source

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A folder to plan in, and nothing known from before."""
    monkeypatch.chdir(tmp_path)
    yield
    content.model_fingerprint.cache_clear()


def _model(folder: Path, weights: str = "weights") -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_text(weights)
    (folder / "config.json").write_text("{}")
    return folder


@functools.cache
def _fig3() -> dict:
    """Longcat's study.yaml with one of its studies."""
    study = load_study(ROOT / "replications/longcat/study.yaml")
    study["studies"] = {"fig3": study["studies"]["fig3"]}
    study["variants"] = {name: study["variants"][name] for name in study["studies"]["fig3"]["variants"]}
    return study


def _keys(tmp_path: Path, change) -> set[tuple[str, str, str]]:
    """The jobs of longcat's plan after an edit of its study.yaml."""
    content.model_fingerprint.cache_clear()
    folder = tmp_path / "longcat"
    folder.mkdir(exist_ok=True)
    study = copy.deepcopy(_fig3())
    change(study["scales"]["smoke"], study)
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    (folder / "figures.py").write_text((ROOT / "replications/longcat/figures.py").read_text())
    return set(Plan({"longcat": Source(folder / "study.yaml")}, "smoke", [0]).jobs)


def _judge(kind):
    def ask(smoke, study, name):
        smoke["evaluators"] = {**smoke.get("evaluators", {}), kind: name}
        metric = {"clap": "text_similarity", "utmos": "utmos", "muq_eval": "muq_eval"}.get(kind)
        if metric:
            smoke["evaluation"] = {**smoke["evaluation"], "generation": ["sim", metric]}

    return ask


def _teacher(smoke, study, name):
    smoke["teacher"] = name
    smoke["autoencoder"] = {**smoke.get("autoencoder", {}), "alignment": {"layer": 1}}


def _reader(smoke, study, name):
    smoke["generator"] = {**smoke.get("generator", {}), "text": {"kind": "t5", "model": name, "dim": 8}}


FIELDS = {
    **{f"evaluators.{kind}": _judge(kind) for kind in ("asr", "speaker", "clap", "utmos", "muq_eval")},
    "teacher": _teacher,
    "generator.text.model": _reader,
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_model_that_lies_here_is_what_it_holds(tmp_path, field):
    def keys(name):
        return _keys(tmp_path, lambda smoke, study: FIELDS[field](smoke, study, str(name)))

    first = _model(tmp_path / "first")
    copy = shutil.copytree(first, tmp_path / "copy")
    before = keys(first)
    (first / "config.json").write_text('{"edited": true}')
    assert keys(copy) == before != keys(first)
    with pytest.raises(ConfigError, match=rf"{field}: \./nowhere: no such file or folder"):
        keys("./nowhere")


def test_an_id_of_the_hub_stays_what_it_is():
    assert content.content(Role.MODEL, "teacher", "microsoft/wavlm-base@main") == "microsoft/wavlm-base@main"


def test_weights_stand_for_their_folder(tmp_path):
    folder = _model(tmp_path / "model")
    assert content.model_fingerprint(str(folder / "model.safetensors")) == content.model_fingerprint(str(folder))


def test_a_file_is_one_alone_and_hidden_files_do_not_count(tmp_path):
    folder = _model(tmp_path / "model")
    before = content.model_fingerprint(str(folder)), content.model_fingerprint(str(folder / "config.json"))
    (folder / ".cache").mkdir()
    (folder / ".cache/note").write_text("downloaded")
    (folder / "model.safetensors").write_text("others")
    content.model_fingerprint.cache_clear()
    after = content.model_fingerprint(str(folder)), content.model_fingerprint(str(folder / "config.json"))
    assert after[0] != before[0] and after[1] == before[1]
    (folder / "model.safetensors").write_text("weights")
    content.model_fingerprint.cache_clear()
    assert content.model_fingerprint(str(folder)) == before[0]


def test_an_empty_folder_is_no_model(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"teacher: .*empty: no files in this folder"):
        content.content(Role.MODEL, "teacher", str(tmp_path / "empty"))
