"""What is measured of latents by clip, in tables, claims, record and provenance."""

import importlib.util
import json
import subprocess
import sys

import pytest

from shared.measurements.base import PACKAGE, find_measurement, measurements
from shared.record.files import load_study
from shared.record.manifest import write_manifest
from shared.record.provenance import provenance
from shared.record.readers import score_files
from shared.record.table import Row, to_csv
from shared.record.tabulate import keep_scores, tabulate
from shared.report.study_view import StudyView
from shared.statistics.catalogue import MEASURED_APART, STATISTICS
from tests.made_up_study import typed

CLIPS = ("x1", "x2", "x3")
# LSD by clip without noise, and what noise adds; PESQ with noise; error and baseline of the chroma probe.
MADE_UP = {
    "robust": {"lsd": (0.5, 0.6, 0.7), "more": (0.1, 0.1, 0.1), "pesq": (3.0, 3.1, 2.9),
               "probe": ((1.0, 10.0), (2.0, 5.0), (3.0, 5.0))},
    "brittle": {"lsd": (0.4, 0.5, 0.6), "more": (0.5, 0.6, 0.7), "pesq": (1.5, 1.6, 1.4),
                "probe": ((9.0, 10.0), (5.0, 5.0), (4.0, 5.0))},
}  # fmt: skip


def write(path, header, rows):
    lines = [",".join(map(str, (clip, *row))) for clip, row in zip(CLIPS, rows, strict=True)]
    path.write_text("\n".join([f"id,{header}", *lines, ""]))
    path.with_suffix(".json").write_text(json.dumps({"n": len(CLIPS)}))
    return str(path)


def write_run(folder, made, seed):
    """Files of one training; of LSD and PESQ the second has 1 % more."""
    folder.mkdir(parents=True)
    scale = 1 + seed / 100
    columns = zip(made["lsd"], made["more"], made["pesq"], strict=True)
    noisy = [(scale * lsd, scale * (lsd + more), scale * pesq, "") for lsd, more, pesq in columns]
    probed = [(*terms, "", "", "level_error: of stereo alone") for terms in made["probe"]]
    probes = "chroma_residual,chroma_baseline,level_residual,level_baseline,reason"
    return {
        "noise": write(folder / "noise.csv", "noise_lsd0,noise_lsd20,noise_pesq20,reason", noisy),
        "linear_probe": write(folder / "linear_probe.csv", probes, probed),
        "scores": write(folder / "scores.csv", "pesq,reason", [(2.0, "")] * 3),
    }


@pytest.fixture
def spec(tmp_path):
    """Two variants and two seeds."""
    variants = []
    for name, made in MADE_UP.items():
        runs = {seed: write_run(tmp_path / name / str(seed), made, seed) for seed in (0, 1)}
        scores = {seed: {"reconstruction": files.pop("scores")} for seed, files in runs.items()}
        latents = {kind: {seed: files[kind] for seed, files in runs.items()} for kind in runs[0]}
        variants.append({"name": name, "scores": scores, "latents": latents})
    return {"variants": variants, "seeds": [0, 1]}


def judge(spec, tmp_path, *claims):
    common = {"study": "s", "text": "t", "where": "w", "side": "reconstruction"}
    listed = [common | {"id": f"c{index}", **claim} for index, claim in enumerate(claims)]
    (tmp_path / "claims.yaml").write_text(json.dumps({"claims": listed}))
    rows, verdicts = tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})
    return {(row.variant, row.metric): row for row in rows}, verdicts


def test_each_kind_has_its_statistics_and_no_two_share_one():
    of = {each.name: [shown.name for shown in each.statistics] for each in measurements()}
    assert of["linear_probe"] == ["chroma_error", "level_error"] and len(of["noise"]) == 18
    assert find_measurement("noise").columns == tuple(of["noise"])
    assert find_measurement("linear_probe").columns == (
        "chroma_residual", "chroma_baseline", "level_residual", "level_baseline"
    )  # fmt: skip
    assert len(MEASURED_APART) == sum(map(len, of.values())) < len(STATISTICS)
    better_high = {name for name in of["noise"] if STATISTICS[name].higher_is_better}
    assert better_high == {name for name in of["noise"] if "pesq" in name}


def test_plans_know_all_measurements_without_torch():
    code = "import sys; from shared.measurements.base import measurements; measurements(); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'shared.measurements.noise'" in loaded and "'torch'" not in loaded


def test_every_measurement_is_called_as_its_module_and_has_a_job():
    assert [each.name for each in measurements()] == [
        "exposure_bias", "truncation", "noise", "linear_probe", "compactness"
    ]  # fmt: skip
    assert all(type(each).__module__ == f"{PACKAGE}.{each.name}" for each in measurements())
    assert all(importlib.util.find_spec(each.module) for each in measurements())


def test_noise_and_probe_become_rows_with_intervals(spec, tmp_path):
    rows, _ = judge(spec, tmp_path)
    noisy = rows["robust", "noise_lsd20"]
    assert (noisy.value, noisy.n, noisy.side) == (pytest.approx(0.7035), 6, "reconstruction")
    assert 0.4 < noisy.low < 0.6 < 0.8 < noisy.high < 1.2  # three clips leave two degrees of freedom
    # Sums of the terms, not the mean of the clips' shares, which is 0.37.
    assert rows["robust", "chroma_error"].value == pytest.approx(6 / 20)
    assert rows["brittle", "chroma_error"].value == pytest.approx(18 / 20)
    assert ("robust", "level_error") not in rows and ("robust", "noise_mel0") not in rows


def test_claims_compare_levels_of_noise_and_variants(spec, tmp_path):
    against = {"metric": "noise_lsd20", "against": "noise_lsd0"}
    pair = {"relation": "better", "variants": ["robust", "brittle"]}
    _, verdicts = judge(
        spec, tmp_path,
        {"relation": "stays", "tolerance": 0.12, "variants": ["robust"], "control": ["brittle"], **against},
        {"relation": "stays", "tolerance": 0.12, "variants": ["brittle"], "control": ["robust"], **against},
        {"relation": "stays", "tolerance": 0.2, "variants": ["robust"], "control": ["brittle"], **against},
        {"relation": "inflates", "variants": ["brittle"], **against},
        {**pair, "metric": "noise_pesq20"}, {**pair, "metric": "noise_lsd20"}, {**pair, "metric": "noise_lsd0"},
        {**pair, "metric": "chroma_error"}, {**pair, "metric": "level_error"},
    )  # fmt: skip
    assert [each.verdict for each in verdicts] == [
        "reproduced", "not testable here", "not testable here", "reproduced", "reproduced", "reproduced",
        "contradicted", "inconclusive", "not testable here",
    ]  # fmt: skip
    assert verdicts[0].margin == pytest.approx(0.0195) and verdicts[4].margin == pytest.approx(1.5075)
    assert "its control, robust, does not differ either" in verdicts[1].reason
    assert "a tolerance of 0.2 is more than 0.126, a quarter of the study's range" in verdicts[2].reason
    assert "of stereo alone" in verdicts[-1].reason


def test_why_all_levels_of_a_metric_are_missing_is_said_once_a_clip(spec, tmp_path):
    for variant in spec["variants"]:
        for seed in "01":
            write(tmp_path / variant["name"] / seed / "noise.csv", "noise_pesq0,noise_pesq20,reason",
                  [("", "", "noise_pesq: of speech alone")] * 3)  # fmt: skip
    claim = {"relation": "stays", "tolerance": 1, "metric": "noise_pesq20", "against": "noise_pesq0"}
    _, (verdict,) = judge(spec, tmp_path, {**claim, "variants": ["robust"], "control": ["brittle"]})
    assert "of speech alone" in verdict.reason


def test_what_one_variant_lacks_is_not_in_the_table(spec, tmp_path):
    del spec["variants"][0]["latents"]["noise"]
    rows, _ = judge(spec, tmp_path)
    assert ("brittle", "noise_lsd20") not in rows and ("brittle", "chroma_error") in rows


def test_record_and_provenance_get_them(spec, tmp_path):
    keep_scores(typed(spec), tmp_path / "kept/scores/s")
    names = [path.name for path in score_files(tmp_path / "kept", "s", "robust")]
    assert names == [
        f"robust_s{seed}_{kind}.csv" for seed in (0, 1) for kind in ("linear_probe", "noise", "reconstruction")
    ]
    kept = tmp_path / "kept/scores/s/robust_s0_noise.csv"
    assert kept.read_bytes() == (tmp_path / "robust/0/noise.csv").read_bytes()
    found = provenance(typed(spec))["metrics"]["reconstruction"]
    assert found["noise"] == {"n": 3} and found["linear_probe"] == {"n": 3}


def test_the_page_does_not_look_for_them_in_the_scores_of_reconstructions(spec, tmp_path):
    rows, _ = judge(spec, tmp_path)
    folder = tmp_path / "record"
    keep_scores(typed(spec), folder / "scores/s")
    (folder / "s.csv").write_text(to_csv([*rows.values()], Row))
    write_manifest(folder, "s")
    links = StudyView(load_study(folder, "s"), "S", {}, []).scores
    assert {each.name for each in links} == {path.stem for path in folder.glob("scores/s/*.csv")}
    assert not any(each.note or each.problem for each in links)
