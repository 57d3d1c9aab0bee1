"""The job that measures exposure, on a tiny next-token model."""

import json

import numpy as np
import pytest

from shared.config import ConfigError
from shared.measurements.exposure_bias import read_curve
from shared.measurements.jobs import exposure_bias
from shared.measurements.jobs.exposure_bias import continue_items, main, read_example
from shared.sampling.config import PrefixConfig
from shared.sampling.next_token_config import NextTokenSolverConfig
from tests.generators.next_token_models import LATENTLM, SEMAVOICE, make_generator
from tests.sampling.test_samples import HOP, RATE, SECONDS, make_sampler, with_prompt

SOLVER = NextTokenSolverConfig(kind="next_token", evaluations=2)


def test_the_job_writes_a_curve_that_a_study_reads(tmp_path, monkeypatch):
    sampler = make_sampler(tmp_path, "s", make_generator(SEMAVOICE), SEMAVOICE, SOLVER)
    (tmp_path / "spec.json").write_text(sampler.spec.model_dump_json())
    options = {
        "spec": "spec.json", "corpus": "manifest.json", "autoencoder": "autoencoder/model.safetensors",
        "generator": "generator/model.safetensors", "output": "made/exposure_bias.csv",
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    monkeypatch.setattr("sys.argv", ["job", *given])
    main()
    curve = read_curve(tmp_path / "made/exposure_bias.csv")
    # Patches of two frames that each target has, the incomplete one cut off.
    patches = [-(-round(seconds * RATE) // HOP) // 2 for seconds in SECONDS]
    assert curve.recorded_clips.tolist() == [sum(n > k for n in patches) for k in range(max(patches))]
    assert curve.seconds[0] == pytest.approx(2 * HOP / RATE) and np.isfinite(curve.drift())
    written = (tmp_path / "made/exposure_bias.csv").read_text()
    assert written.splitlines()[-1].split(",")[::2] == [str(max(patches)), "", "1"]
    main()
    assert (tmp_path / "made/exposure_bias.csv").read_text() == written
    assert json.loads((tmp_path / "made/exposure_bias.json").read_text())["n"] == 3


def test_batches_make_no_difference(tmp_path):
    sampler = make_sampler(tmp_path, "s", make_generator(LATENTLM), LATENTLM, SOLVER)
    found = []
    for batch in (1, 3):
        sampling = sampler.spec.sampling.model_copy(update={"batch": batch})
        sampler.spec = sampler.spec.model_copy(update={"sampling": sampling})
        found.append(exposure_bias.measure_exposure(continue_items(sampler)))
    for one, three in zip(*found, strict=True):
        assert one.tolist() == pytest.approx(three.tolist(), rel=1e-3, nan_ok=True)


def test_an_example_is_prompt_and_target_and_a_sound_is_a_target_alone(tmp_path):
    for speaker, prompted in (("s", True), (None, False)):
        sampler = make_sampler(tmp_path / str(prompted), speaker, make_generator(SEMAVOICE), SEMAVOICE, SOLVER)
        item = sampler.items()[0]
        example = read_example(sampler, 0, item)
        text, frames = example.prompt
        assert example.noise.shape == example.latents.shape and (frames > 0) == prompted
        assert frames % 2 == 0 and text == (item.prompt.text if prompted else None)
        assert len(example.latents) - frames == -(-round(item.target.seconds * RATE) // HOP)
        assert example.text == (f"{item.prompt.text} {item.target.text}" if prompted else item.target.text)


def test_a_prefix_is_the_targets_own_beginning(tmp_path):
    sampler = make_sampler(tmp_path, "s", make_generator(SEMAVOICE), SEMAVOICE, SOLVER)
    sampler = with_prompt(sampler, PrefixConfig(prefix_seconds=0.17))
    item = sampler.items()[0]
    example = read_example(sampler, 0, item)
    assert example.prompt == (None, 4) and example.text == item.target.text
    assert len(example.latents) == -(-round(item.target.seconds * RATE) // HOP)


def test_one_clip_is_no_set(tmp_path):
    sampler = make_sampler(tmp_path, "s", make_generator(), LATENTLM, SOLVER)
    sampler.spec = sampler.spec.model_copy(update={"clips": 1})
    with pytest.raises(ConfigError, match="needs two test clips"):
        exposure_bias.measure_exposure(continue_items(sampler))
