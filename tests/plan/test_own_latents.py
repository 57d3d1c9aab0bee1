"""A study of autoencoders that others trained: how it is written, what is planned for it, the chain on tiny ones."""

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from shared.audio.io import write_pcm16
from shared.autoencoders.adapters.config import AdapterConfig
from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.cli.replicate import main
from shared.config import ConfigError, parse
from shared.plan.content import model_fingerprint
from shared.plan.describe import as_text, describe
from shared.plan.own_latents import Latent, Request, find_latent, write_study
from shared.plan.plan import Plan
from shared.plan.schema import Source
from shared.plan.workflow import load_settings
from shared.training.job import save_model
from tests.autoencoders.given import GIVEN, save_given
from tests.autoencoders.test_adapters import PATCHES
from tests.plan.chain import TRAINING, run_jobs, write_source
from tests.sources import SOURCES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def places(tmp_path):
    (tmp_path / "mine.py").write_text(PATCHES)
    shutil.copy(ROOT / "replications/base.yaml", tmp_path / "base.yaml")
    return [save_given("dac", tmp_path)["model"], f"mine={tmp_path / 'mine.py'}"]


def _plan(request: Request, root: Path, seeds=(0, 1)) -> Plan:
    source = Source(write_study(request, root))
    return Plan({source.name: source}, "smoke", list(seeds))


def test_an_adopted_autoencoder_is_one_job_for_all_seeds_and_hears_its_own_rate(places, tmp_path):
    plan = _plan(Request(tuple(places), rate=24000), tmp_path)
    by_kind: dict[str, list] = {}
    for job in plan.jobs.values():
        by_kind.setdefault(job.kind, []).append(job)
    assert "autoencoder" not in by_kind
    counts = {kind: len(by_kind[kind]) for kind in ("adopted", "latents", "reconstructions", "generator", "samples")}
    assert counts == {"adopted": 2, "latents": 2, "reconstructions": 2, "generator": 4, "samples": 4}
    assert sorted(job.spec["sample_rate"] for job in by_kind["corpus"]) == [8000, 16000, 24000]
    scored = {job.inputs["corpus"] for job in by_kind["scores"]}
    (corpus,) = [job.output for job in by_kind["corpus"] if job.spec["sample_rate"] == 24000]
    assert scored == {corpus}
    assert {job.spec["rate"] for job in (*by_kind["samples"], *by_kind["reconstructions"])} == {24000}


def test_another_file_of_the_users_is_another_job(places, tmp_path):
    before = _plan(Request(tuple(places)), tmp_path).jobs.keys()
    _change_file(tmp_path, "2.0", "3.0")
    after = _plan(Request(tuple(places)), tmp_path).jobs.keys()
    changed = {kind for _, kind, _ in before - after}
    assert changed == {"adopted", "reconstructions", "latents", "generator", "samples", "scores"}
    assert len([kind for _, kind, _ in after - before if kind == "adopted"]) == 1


def test_what_it_costs_counts_no_training_of_what_is_given(places, tmp_path):
    source = Source(write_study(Request(tuple(places)), tmp_path))
    described = describe(source, "smoke")
    given = described["variants"]["dac"]["autoencoder"]
    assert (given["parameters"], given["training_flops"], given["kind"]) == (0, 0.0, "dac")
    size = (Path(places[0]) / "model.safetensors").stat().st_size
    assert given["weights_bytes"] == size
    assert "0 (given)" in as_text(described)


def test_random_weights_are_called_so():
    plan = Plan({"public": SOURCES["public"]}, "smoke", [0])
    labels = [variant.label for study in ("speech", "music") for variant in plan.study_spec("public", study).variants]
    assert len(labels) == 13 and all(label.endswith(", random weights") for label in labels)
    shown = as_text(describe(SOURCES["public"], "smoke"))
    assert "0 (random)" in shown and "(given)" not in shown


@pytest.mark.parametrize("generator", ["infilling", "next_token"])
def test_the_command_writes_a_study_and_says_what_runs_it(generator, places, tmp_path, monkeypatch, capsys):
    asked = ["replicate", "--replications", str(tmp_path), "compare-latents", *places, "--generator", generator]
    monkeypatch.setattr("sys.argv", [*asked, "--name", "own", "--scale", "smoke"])
    main()
    said = capsys.readouterr().out
    assert "snakemake figures/own_latents.pdf --config scale=smoke" in said
    config = Source(tmp_path / "own/study.yaml").resolve("mine", "smoke", "latents")
    assert (config.generator.kind, config.frame_rate, config.information_rate) == (generator, 2000, 8000)


def test_a_study_is_written_again_for_another_request_and_what_is_edited_is_not(places, tmp_path):
    path = write_study(Request(tuple(places)), tmp_path)
    text = path.read_text()
    assert write_study(Request(tuple(places)), tmp_path).read_text() == text
    assert write_study(Request(tuple(places), seeds=3), tmp_path).read_text() != text
    edited = path.read_text() + "# edited\n"
    path.write_text(edited)
    assert write_study(Request(tuple(places), seeds=3), tmp_path).read_text() == edited
    with pytest.raises(ConfigError, match="was edited since it was written, and was written for another request; give"):
        write_study(Request(tuple(places)), tmp_path)
    path.write_text("source: mine\n")
    with pytest.raises(ConfigError, match="is not one that compare-latents wrote; give another --name"):
        write_study(Request(tuple(places)), tmp_path)


def _change_file(tmp_path, old, new):
    """Edit the user's file; a fingerprint of a file is taken once in a process."""
    path = tmp_path / "mine.py"
    path.write_text(path.read_text().replace(old, new))
    model_fingerprint.cache_clear()


def test_a_study_says_what_the_latents_are_now(places, tmp_path):
    request = Request(tuple(places))
    path = write_study(request, tmp_path)
    _change_file(tmp_path, "= 8000, 4, 4, 1", "= 16000, 4, 4, 1")
    assert Source(write_study(request, tmp_path)).resolve("mine", "cpu").latent_sample_rate == 16000
    path.write_text(path.read_text() + "# edited\n")
    _change_file(tmp_path, "2.0", "3.0")  # of which the study says nothing
    assert write_study(request, tmp_path).read_text().endswith("# edited\n")
    _change_file(tmp_path, "= 16000, 4, 4, 1", "= 8000, 4, 4, 1")
    told = "mine now has sample_rate 8000, where the study says sample_rate 16000; say that there, or delete"
    with pytest.raises(ConfigError, match=told):
        write_study(request, tmp_path)
    said = "sample_rate: {}\n          hop: 4"
    path.write_text(path.read_text().replace(said.format(16000), said.format(8000)))
    assert write_study(request, tmp_path) == path


@pytest.mark.parametrize(
    ("latents", "problem"),
    [
        (["{0}"], "name two at least"),
        (["{0}", "{0}"], "two are called dac; write one as other=PLACE"),
        (["{0}", "dac:./nowhere"], "no such folder of a model"),
        (["{0}", "dacc:./nowhere"], "latents: dacc:./nowhere: no kind 'dacc'; did you mean 'dac'?"),
        (["{0}", "./nowhere.py"], "nowhere.py: no such file"),
        (["{0}", "nowhere"], "latents: nowhere: no such file or folder here, and a hub id is owner/name"),
    ],
)
def test_a_mistake_is_one_line(latents, problem, places, tmp_path):
    with pytest.raises(ConfigError, match=problem) as error:
        write_study(Request(tuple(each.format(*places) for each in latents)), tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"seeds": 0}, "seeds: must be 1 at least"), ({"rate": 7}, "sample-rate: must be 8000 Hz at least"),
     ({"corpus": "/no/such"}, "/no/such is not a folder"), ({"name": "score"}, "a rule of the workflow is called")],
)  # fmt: skip
def test_what_can_not_be_leaves_no_study(options, problem, places, tmp_path):
    with pytest.raises(ConfigError, match=problem):
        write_study(Request(tuple(places), **options), tmp_path)
    assert not list(tmp_path.glob("*/study.yaml"))


def test_settings_take_latents_as_they_are_typed():
    typed = ["latents=/a b,kyutai/mimi, mine=/x/mine.py", "generator=next_token"]
    assert load_settings({}, typed).latents == ["/a b", "kyutai/mimi", "mine=/x/mine.py"]


def test_a_recipe_and_a_given_model_do_not_mix(places, tmp_path):
    path = write_study(Request(tuple(places)), tmp_path)
    study = yaml.safe_load(path.read_text())
    given = study["variants"]["dac"]["all"]["autoencoder"]
    study["scales"] = {"cpu": study["scales"]["cpu"] | {"autoencoder": given}}  # what it extends has a recipe
    study["studies"]["latents"]["seeds"] = {}
    study["variants"]["dac"]["all"] = {}
    path.write_text(yaml.safe_dump(study))
    assert Source(path).resolve("dac", "cpu", "latents").autoencoder.pretrained.kind == "dac"
    study["scales"]["cpu"]["autoencoder"] = given | {"kl": {"weight": 1.0}}
    path.write_text(yaml.safe_dump(study))
    with pytest.raises(ConfigError, match=r"autoencoder\.kl: unknown key"):
        Source(path)


def _run_folder(folder: Path) -> dict:
    """What a study says of an autoencoder of this project that was not trained."""
    data = {"architecture": {"family": "oobleck", "channels": 4, "multipliers": [1, 2], "strides": [8, 16],
                             "shortcuts": False},
            "bottleneck": {"kind": "gaussian", "dim": 4}}  # fmt: skip
    config = parse(AutoencoderConfig, data, "it")
    about = {"config": config.model_dump(mode="json"), "sample_rate": 16000, "hop": 128}
    folder.mkdir()
    save_model(folder / "model.safetensors", build_autoencoder(config).state_dict(), about)
    return find_latent(str(folder)).pretrained


def _recordings(folder: Path) -> str:
    """Nine clips of two voices that hum, with texts."""
    folder.mkdir()
    rows = ["file_name,text,speaker,split"]
    for index in range(9):
        split, voice = ("test" if index > 5 else "validation" if index == 5 else "train"), index % 2
        time = np.arange(int((0.6 + 0.05 * index) * 16000)) / 16000
        write_pcm16(folder / f"{index}.wav", 0.3 * np.sin(2 * np.pi * (120 + 90 * voice) * time), 16000)
        rows.append(f"{index}.wav,text {'ab' * (index + 1)},v{voice},{split}")
    (folder / "metadata.csv").write_text("\n".join(rows))
    return str(folder)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_whole_chain_runs_on_latents_of_every_kind(places, tmp_path, monkeypatch):
    """Tiny speech with prompts, scored at a rate that none of the latents has."""
    given = {kind: save_given(kind, tmp_path) for kind in GIVEN}
    given |= {"file": find_latent(places[1]).pretrained, "run": _run_folder(tmp_path / "run")}
    assert given.keys() == {*AdapterConfig.kinds()}
    scale = {
        "sample_rate": 12000,
        "corpus": {"kind": "folder", "path": _recordings(tmp_path / "corpus")},
        "generator": {
            "kind": "infilling", "architecture": {"kind": "dit", "width": 16, "depth": 1, "heads": 1, "text_layers": 1},
            "text": {"kind": "characters", "dim": 4}, "flow": {}, "latent_scale": "std", "training": TRAINING,
        },
        "sampling": {"solver": {"kind": "infilling", "evaluations": 2}, "batch": 2},
        "evaluators": {"speaker": {"encoder": {"width": 16, "depth": 1}, "training": TRAINING}},
        "evaluation": {"clips": 2, "reconstruction": ["mel_distance"], "generation": ["sim"]},
    }  # fmt: skip
    study = {
        "source": "toy", "title": "Toy", "paper": "none",
        "studies": {"fig": {"title": "One", "variants": [*given]}},
        "variants": {kind: Latent(kind, said).variant for kind, said in given.items()},
        "scales": {"smoke": scale},
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    plan = Plan({"toy": write_source(tmp_path, study)}, "smoke", [0])
    run_jobs(plan, monkeypatch)
    for job in plan.jobs.values():
        if job.kind in ("samples", "reconstructions"):
            assert json.loads(Path(job.output).read_text())["sample_rate"] == 12000
        if job.kind == "adopted":
            assert json.loads(Path(job.output).read_text())["latent"]
    for point in plan.points["toy", "fig"]:
        for side, metric in (("reconstruction", "mel_distance"), ("generation", "sim")):
            rows = list(csv.DictReader(Path(point.scores[0][side].output).read_text().splitlines()))
            assert [row["reason"] for row in rows] == ["", ""], (point.variant, side)
            assert all(math.isfinite(float(row[metric])) for row in rows), (point.variant, side)
