"""The plan: shared jobs are planned once, and a key changes exactly when something upstream does."""

from pathlib import Path

import pytest
import yaml

from shared.cli.doctor import hub_names
from shared.config import ConfigError
from shared.metrics.config import KadConfig
from shared.plan.pieces import load_study
from shared.plan.plan import Plan, as_list
from shared.plan.schema import Source
from tests.generators.next_token_models import ask_for_exposure_bias
from tests.plan.edited import planned_after

ROOT = Path(__file__).parents[2]


def _keys(plan, kind):
    return {key for _, found, key in plan.jobs if found == kind}


def test_what_studies_share_is_planned_once(plan):
    assert {kind: len(_keys(plan, kind)) for kind in ("corpus", "asr", "speaker", "ground_truth")} == {
        "corpus": 1, "asr": 1, "speaker": 1, "ground_truth": 1,
    }
    # Three dims and two more rates; Table 4's variants differ at sampling time only.
    assert len(_keys(plan, "autoencoder")) == len(_keys(plan, "generator")) == 5
    assert len(_keys(plan, "samples")) == 7


def test_a_second_seed_adds_trainings_and_shares_evaluators(sources, plan):
    two = Plan(sources, "smoke", [0, 1])
    assert len(_keys(two, "autoencoder")) == 10
    assert _keys(two, "autoencoder") > _keys(plan, "autoencoder")
    assert _keys(two, "asr") == _keys(plan, "asr")
    assert len(_keys(two, "ground_truth")) == 1


def test_without_seeds_each_study_has_those_of_its_record(sources):
    plan = Plan(sources, "cpu")
    assert plan.seeds_of("longcat", "fig3") == [0, 1, 2]
    assert plan.seeds_of("longcat", "fig4") == [0]
    # Figures 3 and 4 share the first seed of dim64: 3 × 3 and two more.
    assert len(_keys(plan, "autoencoder")) == 11
    assert plan.study_spec("longcat", "fig3").seeds == [0, 1, 2]
    assert Plan(sources, "cpu", [4, 3, 4]).seeds_of("longcat", "fig3") == [3, 4]


def _aligned(sources, tmp_path, layer=1):
    def change(study):
        study["scales"]["smoke"]["teacher"] = {"encoder": {"depth": 2}}
        variant = study["variants"]["dim128"]
        variant["smoke"] = {**variant["cpu"], "autoencoder.alignment": {"layer": layer}}

    return planned_after(sources, tmp_path, change)


def test_an_aligned_autoencoder_waits_for_a_teacher_that_is_not_the_judge(sources, plan, tmp_path):
    aligned = _aligned(sources, tmp_path)
    assert len(_keys(aligned, "autoencoder") - _keys(plan, "autoencoder")) == 1
    assert len(_keys(aligned, "asr")) == 2 and _keys(aligned, "asr") > _keys(plan, "asr")
    (features,) = (job for job in aligned.jobs.values() if job.kind == "teacher_features")
    (judge,) = {job.inputs["asr"] for job in aligned.jobs.values() if job.kind == "scores"}
    assert features.inputs["teacher"] != judge
    taught = [job for job in aligned.jobs.values() if job.inputs.get("features") == features.output]
    assert [job.kind for job in taught] == ["autoencoder"]


def test_alignment_needs_a_teacher_that_has_the_layer(sources, tmp_path):
    with pytest.raises(ConfigError, match="layer 3 is past the teacher's 2 layers"):
        _aligned(sources, tmp_path, layer=3)


def test_studies_on_other_corpora_share_an_autoencoder_that_hears_them_all(sources, tmp_path):
    def two_corpora(study):
        smoke = study["scales"]["smoke"]
        first = {**study["scales"]["cpu"]["corpus"], **smoke["corpus"]}
        second = {**first, "seed": 1}
        smoke["autoencoder_corpora"] = [first, second]
        smoke["studies"] = {"fig4": {"corpus": second}}

    changed = planned_after(sources, tmp_path, two_corpora)
    assert len(_keys(changed, "corpus")) == 2
    autoencoders = [job for job in changed.jobs.values() if job.kind == "autoencoder"]
    assert len(autoencoders) == 5 and {len(job.inputs["corpora"]) for job in autoencoders} == {2}
    # Figure 4's rates and Figure 3's dims have one autoencoder in common, whose latents are of two corpora.
    assert len(_keys(changed, "latents")) == len(_keys(changed, "generator")) == 6
    needed = changed.study_spec("longcat", "fig3").jobs
    assert sum(folder.parent.name == "corpus" for folder in needed) == 2


def _measured(sources, tmp_path, evaluation, evaluators=None):
    """Longcat's plan with other metrics."""

    def change(study):
        for scale in ("smoke", "cpu"):
            study["scales"][scale]["evaluation"] |= evaluation
            if evaluators is not None:
                study["scales"][scale]["evaluators"] = evaluators

    return planned_after(sources, tmp_path, change)


def test_only_the_evaluators_that_metrics_use_are_trained_and_passed(sources, tmp_path):
    plan = _measured(sources, tmp_path, {"reconstruction": ["pesq"], "generation": ["sim"]}, {"speaker": {}})
    assert len(_keys(plan, "speaker")) == 1 and not _keys(plan, "asr")
    scores = {key.split("-")[0]: job for (_, kind, key), job in plan.jobs.items() if kind == "scores"}
    assert "speaker" in scores["generation"].inputs and "speaker" in scores["generation"].spec["models"]
    assert "speaker" not in scores["reconstruction"].inputs and "speaker" not in scores["reconstruction"].spec["models"]


def test_a_metric_without_its_evaluator_is_one_line(sources, tmp_path):
    with pytest.raises(ConfigError, match=r"evaluation asks for sim, which needs evaluators.speaker: a hub id"):
        _measured(sources, tmp_path, {"reconstruction": ["wer", "sim"]}, {"asr": {}})


def test_without_generation_metrics_no_generator_is_trained(sources, plan, tmp_path):
    bare = _measured(sources, tmp_path, {"generation": []})
    assert not {"latents", "generator", "samples", "ground_truth"} & {kind for _, kind, _ in bare.jobs}
    assert _keys(bare, "autoencoder") == _keys(plan, "autoencoder")
    assert len(_keys(bare, "reconstructions")) == 5
    spec = bare.study_spec("longcat", "fig3")
    assert spec.ground_truth is None
    assert [[*variant.scores[0]] for variant in spec.variants] == 3 * [["reconstruction"]]
    assert len(bare.study_inputs("longcat", "fig3")["scores"]) == 3


def test_without_reconstruction_metrics_nothing_is_reconstructed(sources, plan, tmp_path):
    bare = _measured(sources, tmp_path, {"reconstruction": []})
    assert not _keys(bare, "reconstructions")
    assert _keys(bare, "samples") == _keys(plan, "samples")
    with pytest.raises(ConfigError, match="both empty"):
        _measured(sources, tmp_path / "again", {"reconstruction": [], "generation": []})


SETS = {"reconstruction": ["stoi", "kad"], "generation": ["text_similarity"]}


def test_a_set_metric_gets_embeddings_of_the_ground_truth(sources, tmp_path):
    plan = _measured(sources, tmp_path, SETS, {"clap": {}})
    assert len(_keys(plan, "clap")) == 1 and not _keys(plan, "asr") | _keys(plan, "speaker")
    (truth,) = [job for (_, kind, key), job in plan.jobs.items() if kind == "scores" and key.startswith("ground-truth")]
    assert truth.spec["metrics"] == ["text_similarity", "kad"] and "clap" in truth.inputs
    spec = plan.study_spec("longcat", "fig3")
    assert spec.set_metrics == {"reconstruction": ["kad"], "generation": []}
    assert spec.kad == KadConfig(bandwidth="reference", scale=1000.0)


def test_exposure_is_measured_where_it_is_asked_for_and_is_no_matter_of_the_scores(sources, tmp_path):
    def without(study):
        ask_for_exposure_bias(study)
        study["scales"]["smoke"]["evaluation"]["generation"].remove("exposure_bias")

    def in_one_variant_alone(study):
        ask_for_exposure_bias(study)
        study["variants"]["dim128"]["smoke"] = {**study["variants"]["dim128"]["cpu"], "evaluation.generation": ["sim"]}

    changes = {"with": ask_for_exposure_bias, "without": without, "mixed": in_one_variant_alone}
    asked, bare, mixed = (planned_after(sources, tmp_path / name, change) for name, change in changes.items())
    measured = [job for job in asked.jobs.values() if job.kind == "exposure_bias"]
    assert len(measured) == len(_keys(asked, "generator")) == 5
    assert {place for place in asked.jobs if place[1] != "exposure_bias"} == set(bare.jobs)
    for job in measured:
        same = asked.jobs["longcat", "samples", job.key]
        assert (job.spec, job.inputs) == (same.spec, same.inputs)
    spec, without = (each.study_spec("longcat", "fig3") for each in (asked, bare))
    assert all(set(each.latents["exposure_bias"]) == {0} for each in spec.variants)
    assert set(asked.study_inputs("longcat", "fig3")["exposure_bias"]) < {job.output for job in measured}
    assert {each.latents["exposure_bias"][0].parent for each in spec.variants} < set(spec.jobs)
    assert not any(each.latents for each in without.variants)
    shown = mixed.study_spec("longcat", "fig3").variants
    assert [each.name for each in shown if "exposure_bias" in each.latents] == ["dim64", "dim256"]


def test_exposure_alone_needs_no_samples(sources, tmp_path):
    def alone(study):
        ask_for_exposure_bias(study)
        study["scales"]["smoke"]["evaluation"]["generation"] = ["exposure_bias"]

    plan = planned_after(sources, tmp_path, alone)
    assert len(_keys(plan, "exposure_bias")) == 5 and not _keys(plan, "samples") | _keys(plan, "ground_truth")
    assert plan.sides("longcat", "fig3") == ["reconstruction"]


@pytest.mark.parametrize(("evaluation", "expected"), [
    ({"generation": ["sim", "exposure_bias"]}, "asks for exposure_bias, which generators of kind next_token have; "),
    ({"reconstruction": [], "generation": ["exposure_bias"]}, "both empty of metrics of clips: name one in either"),
    ({"reconstruction": ["exposure_bias"]}, r"reconstruction.0: no metric 'exposure_bias'; .* \(got 'exposure_bias'\)"),
])
def test_exposure_where_there_is_none_is_one_line(sources, tmp_path, evaluation, expected):
    with pytest.raises(ConfigError, match=expected):
        _measured(sources, tmp_path, evaluation)


def ask_for_compactness(study, metrics=("compactness", "stoi")):
    smoke, cpu = (study["scales"][scale] for scale in ("smoke", "cpu"))
    smoke["evaluation"]["reconstruction"] = [*metrics]
    smoke["autoencoder"] = cpu["autoencoder"] | smoke.get("autoencoder", {}) | {"snapshots": {"every": 4}}


def test_compactness_is_read_from_the_training_where_it_is_asked_for(sources, tmp_path):
    def without(study):
        ask_for_compactness(study, ["stoi"])

    edits = enumerate((ask_for_compactness, without))
    asked, bare = (planned_after(sources, tmp_path / str(number), edit) for number, edit in edits)
    measured = [job for job in asked.jobs.values() if job.kind == "compactness"]
    assert len(measured) == len(_keys(asked, "autoencoder")) == 5
    assert {place for place in asked.jobs if place[1] != "compactness"} == set(bare.jobs)
    trained = {job.output for job in asked.jobs.values() if job.kind == "autoencoder"}
    assert {job.inputs["autoencoder"] for job in measured} == trained
    spec, bare_spec = (each.study_spec("longcat", "fig3") for each in (asked, bare))
    assert all(set(each.latents["compactness"]) == {0} for each in spec.variants)
    assert {each.latents["compactness"][0].parent for each in spec.variants} < set(spec.jobs)
    assert set(asked.study_inputs("longcat", "fig3")["compactness"]) < {job.output for job in measured}
    assert not any(each.latents for each in bare_spec.variants)


@pytest.mark.parametrize("kind", ["truncation", "noise", "linear_probe"])
def test_what_is_measured_by_clip_hears_the_clips_that_are_reconstructed(sources, tmp_path, kind):
    plan = _measured(sources, tmp_path, {"reconstruction": [kind, "stoi"]})
    measured = [job for job in plan.jobs.values() if job.kind == kind]
    assert len(measured) == len(_keys(plan, "autoencoder")) == 5
    for job in measured:
        same = plan.jobs["longcat", "reconstructions", job.key]
        assert job.spec == same.spec and job.inputs.items() > same.inputs.items()
        assert job.inputs["corpora"] == [job.inputs["corpus"]]
    spec = plan.study_spec("longcat", "fig3")
    assert all(set(each.latents) == {kind} and set(each.latents[kind]) == {0} for each in spec.variants)
    assert {job.output for job in measured} > set(plan.study_inputs("longcat", "fig3")[kind])
    assert all(Path(job.output).name == f"{kind}.csv" for job in measured)
    # Nothing else is another for it, and a metric of clips is still asked for.
    bare = _measured(sources, tmp_path / "bare", {"reconstruction": ["stoi"]})
    assert {place for place in plan.jobs if place[1] != kind} == set(bare.jobs)
    with pytest.raises(ConfigError, match="both empty of metrics of clips"):
        _measured(sources, tmp_path / "alone", {"reconstruction": [kind], "generation": []})


def test_compactness_without_snapshots_or_with_nothing_else_is_one_line(sources, tmp_path):
    with pytest.raises(ConfigError, match=r"asks for compactness, .* give autoencoder\.snapshots, such as"):
        _measured(sources, tmp_path / "a", {"reconstruction": ["compactness"]})
    with pytest.raises(ConfigError, match="both empty of metrics of clips: name one in either"):
        _measured(sources, tmp_path / "b", {"reconstruction": ["compactness"], "generation": []})


def test_how_kad_is_computed_is_no_matter_of_the_scores(sources, tmp_path):
    plans = [
        _measured(sources, tmp_path / name, SETS | {"kad": kad}, {"clap": {}})
        for name, kad in (("paper", {}), ("toolkit", {"bandwidth": "evaluated", "scale": 100}))
    ]
    assert plans[0].jobs.keys() == plans[1].jobs.keys()
    assert plans[0].study_folder("longcat", "fig3") != plans[1].study_folder("longcat", "fig3")


def test_a_clap_model_from_the_hub_is_passed_by_its_id(sources, tmp_path):
    name = "laion/clap-htsat-unfused"
    plan = _measured(sources, tmp_path, SETS, {"clap": name})
    assert not _keys(plan, "clap")
    scores = [job for job in plan.jobs.values() if job.kind == "scores"]
    assert all(job.spec["models"]["clap"] == name and "clap" not in job.inputs for job in scores)
    found = [each[:2] for each in hub_names({"longcat": Source(tmp_path / "longcat/study.yaml")})]
    assert ("model", name) in found


def test_a_study_shows_the_sides_that_all_its_variants_have(sources, tmp_path):
    def change(study):
        study["variants"]["dim128"]["smoke"] = study["variants"]["dim128"]["cpu"] | {"evaluation.generation": []}

    mixed = planned_after(sources, tmp_path, change)
    assert mixed.sides("longcat", "fig3") == ["reconstruction"]
    assert mixed.sides("longcat", "fig4") == ["reconstruction", "generation"]
    needed = mixed.study_spec("longcat", "fig3").jobs
    assert not [folder for folder in needed if folder.parent.name == "generator"]


UPSTREAM = ["corpus", "asr", "autoencoder", "latents", "generator", "samples", "reconstructions", "scores"]
EDITS = {
    "generator": (lambda scale: scale["generator"]["training"].update(steps=41), {"generator", "samples"}),
    "autoencoder": (
        lambda scale: scale["autoencoder"]["training"].update(steps=41),
        {"autoencoder", "latents", "generator", "samples", "reconstructions"},
    ),
    "sampling": (lambda scale: scale["sampling"]["solver"].update(evaluations=5), {"samples"}),
    "clips": (lambda scale: scale["evaluation"].update(clips=7), {"samples", "reconstructions"}),
    "corpus": (lambda scale: scale["corpus"].update(seed=1), {*UPSTREAM} - {"scores"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_the_keys_downstream_and_no_others(sources, plan, tmp_path, name):
    edit, expected = EDITS[name]
    after = planned_after(sources, tmp_path, lambda study: edit(study["scales"]["smoke"]))
    moved = {kind for kind in UPSTREAM if not _keys(after, kind) & _keys(plan, kind)}
    assert moved - {"scores"} == expected


def test_another_source_shares_corpus_and_evaluators_and_trains_in_its_own_folder(sources, plan, tmp_path):
    folder = tmp_path / "aardvark"
    folder.mkdir()
    study = load_study(ROOT / "replications/longcat/study.yaml") | {"source": "aardvark"}
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    (folder / "figures.py").write_text((ROOT / "replications/longcat/figures.py").read_text())
    both = Plan({"aardvark": Source(folder / "study.yaml"), **sources}, "smoke", [0])
    shared = {place for place in plan.jobs if place[0] == "shared"}
    assert {kind for _, kind, _ in shared} == {"corpus", "asr", "speaker", "ground_truth"}
    assert {place for place in both.jobs if place[0] == "shared"} == shared
    assert {place for place in both.jobs if place[0] == "longcat"} == plan.jobs.keys() - shared
    assert len(both.jobs) == 2 * len(plan.jobs) - len(shared)
    assert set(both.figures) == {*plan.figures, "aardvark_fig3", "aardvark_fig4", "aardvark_table4"}


def test_changes_reach_every_variant_and_leave_what_a_study_varies(sources, plan):
    changes = {"longcat": {"generator": {"training": {"steps": 41}}}}
    changed = Plan(sources, "smoke", [0], changes=changes)
    configs = [point.config for point in changed.points["longcat", "fig3"]]
    assert {config.generator.training.steps for config in configs} == {41}
    assert [config.autoencoder.bottleneck.dim for config in configs] == [
        point.config.autoencoder.bottleneck.dim for point in plan.points["longcat", "fig3"]
    ]
    assert _keys(changed, "autoencoder") == _keys(plan, "autoencoder")
    with pytest.raises(ConfigError, match=r"changes: longcat\.autoencoder\.bottleneck\.dim: changes nothing, "):
        Plan(sources, "smoke", [0], changes={"longcat": {"autoencoder": {"bottleneck": {"dim": 3}}}})
    with pytest.raises(ConfigError, match=r"no source .longcta..*longcat"):
        Plan(sources, "smoke", [0], changes={"longcta": {"sampling": {}}})
    with pytest.raises(ConfigError, match=r"generator\.training\.stepz"):
        Plan(sources, "smoke", [0], changes={"longcat": {"generator": {"training": {"stepz": 3}}}})


def test_unknown_scale_and_figure_say_what_there_is(sources, plan):
    with pytest.raises(ConfigError, match="scale: no 'smok'; did you mean 'smoke'"):
        Plan(sources, "smok", [0])
    with pytest.raises(ConfigError, match="there are: longcat_fig3"):
        plan.figure("nope")


def test_run_folders_name_inputs_that_other_jobs_make(plan):
    made = {job.output for job in plan.jobs.values()}
    for job in plan.jobs.values():
        assert {path for paths in job.inputs.values() for path in as_list(paths)} <= made
