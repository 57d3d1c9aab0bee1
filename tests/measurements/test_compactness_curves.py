"""Compactness in tables and claims: the last snapshot's, that before the last stage, and what compares the two."""

import json

import numpy as np
import pytest
from scipy.stats import t

from shared.config import ConfigError
from shared.measurements.compactness import LatentCompactness, read_compactness
from shared.plotting.draw import study_table
from shared.record.provenance import provenance
from shared.record.tabulate import keep_scores, tabulate
from tests.made_up_study import typed
from tests.measurements.made_up_compactness import write_compactness

SCORES = "id,pesq,reason\nx1,1.5,\nx2,2.5,\n"
# Two stages, the second from step 20 on: frozen, the dimensions stay 8; free, they go from 8 to 18, 19 or 20.
DIMS = {"frozen": 3 * [[5, 8, 8, 8]], "free": [[5, 8, 12, 18], [5, 8, 12, 20], [5, 8, 12, 19]]}


@pytest.fixture
def spec(tmp_path):
    """Two variants and three seeds."""
    variants = []
    for name, seeds in DIMS.items():
        scores, compactness = {}, {}
        for seed, dims in enumerate(seeds):
            path = tmp_path / name / str(seed) / "scores.csv"
            write_compactness(path.with_name("compactness.csv"), dims, border=20)
            path.write_text(SCORES)
            scores[seed] = {"reconstruction": str(path)}
            compactness[seed] = str(path.with_name("compactness.csv"))
        variants.append({"name": name, "scores": scores, "latents": {"compactness": compactness}})
    return {"study": "fig8", "seeds": [0, 1, 2], "variants": variants}


def judge(spec, tmp_path, *claims):
    common = {"study": "fig8", "text": "t", "where": "w", "side": "reconstruction"}
    listed = [common | {"id": f"c{index}", **claim} for index, claim in enumerate(claims)]
    (tmp_path / "claims.yaml").write_text(json.dumps({"claims": listed}))
    return tabulate(typed(spec), {name: tmp_path / f"{name}.yaml" for name in ("paper", "claims")})


def test_rows_are_of_the_last_snapshot_and_of_the_one_before_the_last_stage(spec, tmp_path):
    rows, _ = judge(spec, tmp_path)
    found = {(row.variant, row.metric): row for row in rows}
    last = found["free", "dims95"]
    assert (last.value, last.n, last.seeds, last.side) == (21, 36, 3, "reconstruction")  # 19 + 2
    # Draws of clips vary by 1, trainings by 1 / 3: those of the frozen one, which are all the same, lend nothing.
    variance, df = 1 + 1 / 3, (1 + 1 / 3) ** 2 / (1 / 999 + (1 / 3) ** 2 / 2)
    half = t.ppf(0.975, df) * np.sqrt(variance)
    assert (last.low, last.high) == (pytest.approx(21 - half, rel=1e-3), pytest.approx(21 + half, rel=1e-3))
    assert [found["free", f"dims{f}"].value for f in (80, 90, 99)] == [19, 20, 22]
    assert found["free", "active_dims"].value == 19
    assert found["free", "dims80_before"].value == 8 and found["frozen", "dims80_before"].value == 8


def test_what_stays_and_what_inflates(spec, tmp_path):
    against = {"metric": "dims95", "against": "dims95_before"}
    stays, inflates = {"relation": "stays", "tolerance": 2, **against}, {"relation": "inflates", **against}
    frozen, free = ({"variants": [name]} for name in DIMS)
    claims = (
        {**stays, **frozen, "control": ["free"]}, {**inflates, **frozen},
        {**stays, **free, "control": ["frozen"]}, {**inflates, **free},
    )  # fmt: skip
    _, verdicts = judge(spec, tmp_path, *claims)
    assert [verdict.verdict for verdict in verdicts] == [
        "not testable here", "inconclusive", "not testable here", "reproduced"
    ]  # fmt: skip
    assert "the same in every run, by construction" in verdicts[0].reason
    assert "its control, frozen, does not differ either" in verdicts[2].reason
    # Replicates of both ends are of the same draws: only trainings make the difference vary, by 1.
    assert (verdicts[1].margin, verdicts[3].margin) == (0, 11)
    half = t.ppf(0.975, 2) / np.sqrt(3)
    assert (verdicts[3].low, verdicts[3].high) == (pytest.approx(11 - half), pytest.approx(11 + half))
    _, (both,) = judge(spec, tmp_path, {**inflates, "variants": [*DIMS]})
    assert both.margin == 0


def test_without_an_earlier_stage_or_in_some_variants_alone_it_is_not_tested(spec, tmp_path):
    for seed in "012":
        write_compactness(tmp_path / "frozen" / seed / "compactness.csv", [5, 8], border=0)
    against = {"metric": "dims95", "against": "dims95_before"}
    claim = {"relation": "inflates", "variants": ["free"], **against}
    rows, (verdict,) = judge(spec, tmp_path, claim)
    assert (verdict.verdict, verdict.reason) == (
        "not testable here", "dims95_before: the training has one stage, or no snapshot before the last"
    )
    assert {row.metric for row in rows} == {"pesq", "dims80", "dims90", "dims95", "dims99", "active_dims"}
    del spec["variants"][0]["latents"]["compactness"]
    rows, (verdict,) = judge(spec, tmp_path, claim)
    assert "does not ask for compactness" in verdict.reason and {row.metric for row in rows} == {"pesq"}


def test_one_clip_gives_no_interval(tmp_path):
    write_compactness(tmp_path / "compactness.csv", [5, 8], border=10, clips=1)
    measured = LatentCompactness().collect(["a"], {"a": [read_compactness(tmp_path / "compactness.csv")]}).replicated
    assert measured["dims80"].values().tolist() == [8]
    assert np.isnan(measured["dims80"].deviations()).all()


def test_other_numbers_of_clips_are_an_error(spec, tmp_path):
    write_compactness(tmp_path / "free/1/compactness.csv", [5, 8, 8, 8], border=20, clips=11)
    with pytest.raises(ConfigError, match="give all the same snapshots"):
        judge(spec, tmp_path)


def test_figure_record_and_provenance_get_it(spec, tmp_path):
    table = study_table(typed(spec), [])
    one, two, _ = table.latents["compactness"]["free"]
    assert one.borders == [20] and one.steps.tolist() == [10, 20, 30, 40]
    assert two.curves["effective_dims", "singular_values", "0.99"].value.tolist() == [8, 11, 15, 23]
    keep_scores(typed(spec), tmp_path / "kept")
    assert (tmp_path / "kept/free_s1_compactness.csv").read_text().startswith("step,stage_begins")
    (tmp_path / "frozen/0/compactness.json").write_text('{"n": 12}')
    assert provenance(typed(spec))["metrics"] == {"reconstruction": {"compactness": {"n": 12}}}


def write_truncation(path, spectral):
    path.write_text("id,spectral95,spectral100,reason\n" + "".join(
        f"x{index},{full + more},{full},\n" for index, (full, more) in enumerate(spectral, start=1)
    ))  # fmt: skip


def test_truncation_is_of_clips_and_its_pairs_are_the_clips(spec, tmp_path):
    # By clip, what all dimensions give, and what fewer add.
    for variant in spec["variants"]:
        more = (0.02, 0.02) if variant["name"] == "frozen" else (0.395, 0.405)
        truncation = variant["latents"]["truncation"] = {}
        for seed in spec["seeds"]:
            path = tmp_path / variant["name"] / str(seed) / "truncation.csv"
            write_truncation(path, zip((1.0, 3.0), more, strict=True))
            truncation[seed] = str(path)
    against = {"metric": "spectral95", "against": "spectral100"}
    stays = {"relation": "stays", "tolerance": 0.05, **against}
    claims = [{**stays, "variants": [one], "control": [other]} for one, other in (DIMS, reversed(DIMS))]
    rows, (frozen, free) = judge(spec, tmp_path, *claims)
    found = {(row.variant, row.metric): row for row in rows}
    row = found["free", "spectral95"]
    assert (row.value, row.n, row.seeds, row.side) == (pytest.approx(2.4), 6, 3, "reconstruction")
    assert row.low < 1.3 and row.high > 3.5
    assert (frozen.verdict, frozen.margin) == ("reproduced", pytest.approx(0.03))
    assert free.verdict == "not testable here" and "its control, frozen, does not differ either" in free.reason
    assert (frozen.low, frozen.high) == (pytest.approx(0.03), pytest.approx(0.03)), "the pairs are the clips"
    assert (found["free", "pesq"].value, found["free", "dims80"].value) == (2, 19)
    keep_scores(typed(spec), tmp_path / "kept")
    assert (tmp_path / "kept/free_s1_truncation.csv").read_text().startswith("id,spectral95")
    del spec["variants"][0]["latents"]["truncation"]
    rows, (verdict, _) = judge(spec, tmp_path, *claims)
    assert "spectral95 is not computed for reconstruction" in verdict.reason
    assert "spectral95" not in {row.metric for row in rows}


def test_damaged_files_are_named(tmp_path):
    path = tmp_path / "compactness.csv"
    with pytest.raises(ConfigError, match="no such file"):
        read_compactness(path)
    for text in ("", "step\nx\n", "step,stage_begins,quantity,rule,fidelity,value,low,high\n1,0,kl,,,1,,\n"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"compactness\.csv: (no compactness in this file|empty file); delete it"):
            read_compactness(path)
    write_compactness(path, [5, 8], border=10)
    path.with_name("replicates.safetensors").unlink()
    with pytest.raises(ConfigError, match="delete the folder and run again"):
        LatentCompactness().collect(["a"], {"a": [read_compactness(path)]})
