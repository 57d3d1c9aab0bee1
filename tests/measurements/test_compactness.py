"""The job that measures compactness, on snapshots that a training kept, and how it keeps them."""

import json
import shutil
import sys

import numpy as np
import pytest
import torch

from shared.autoencoders.latents import save_latents
from shared.bootstrap import draw
from shared.config import ConfigError
from shared.measurements.compactness import SHOWN, read_compactness, read_replicates
from shared.measurements.jobs import compactness
from shared.measurements.jobs.compactness import measure_snapshots
from shared.measurements.jobs.effective_dims import effective_dims, principal_axes
from shared.training.snapshots import keep_snapshots, load_snapshots, read_kept
from tests.training.staged import DECODER, JOINT, recipe_of

DIM, CLIPS = 4, 3


def write_snapshots(folder) -> None:
    """Of steps 2, 4, 6 and 8; the encoder does not change after 4, as the recipe below has it."""
    for step in (2, 4, 6, 8):
        generator = torch.Generator().manual_seed(min(step, 4))
        size = torch.tensor([2.0, 1.0, 0.1, 0.01]) if step == 2 else torch.tensor([2.0, 2.0, 1.0, 0.01])
        clips = [(torch.randn(20 + clip, DIM, generator=generator) * size, torch.full((20 + clip, DIM), 0.5))
                 for clip in range(CLIPS)]  # fmt: skip
        save_latents(folder / f"snapshots/step_{step:08d}.safetensors", clips, 32)


@pytest.fixture
def kept(tmp_path):
    write_snapshots(tmp_path / "checkpoints")
    keep_snapshots(tmp_path / "checkpoints", 8, 2, tmp_path / "snapshots.safetensors")
    return tmp_path / "snapshots.safetensors"


def test_what_is_kept_outlives_the_checkpoints(kept):
    before = load_snapshots(kept.parent / "checkpoints")
    shutil.rmtree(kept.parent / "checkpoints")
    after = read_kept(kept)
    assert list(after) == list(before) == [2, 4, 6, 8]
    for step, latents in before.items():
        for part in ("mean", "std", "offsets"):
            assert torch.equal(getattr(after[step], part), getattr(latents, part))
        assert (after[step].hop, after[step].draw) == (32, "fixed")


def test_a_folder_that_was_cleaned_up_while_training_is_an_error(kept):
    for step in (2, 6):
        (kept.parent / f"checkpoints/snapshots/step_{step:08d}.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"step_00000002.safetensors: 2 of 4 snapshots are missing; delete .* anew"):
        keep_snapshots(kept.parent / "checkpoints", 8, 2, kept)


def run(kept, monkeypatch):
    recipe = recipe_of(JOINT, DECODER, snapshots={"every": 2}).model_dump(mode="json")
    (kept.parent / "spec.json").write_text(json.dumps({"autoencoder": {"autoencoder": recipe, "seed": 0}}))
    output = kept.parent / "made/compactness.csv"
    arguments = ["--spec", kept.parent / "spec.json", "--snapshots", kept, "--output", output]
    monkeypatch.setattr(sys, "argv", ["compactness", *map(str, arguments)])
    monkeypatch.setattr(compactness, "SET_REPLICATES", 40)
    compactness.main()
    return output


def test_the_job_writes_curves_intervals_and_replicates(kept, monkeypatch):
    output = run(kept, monkeypatch)
    found = read_compactness(output)
    assert found.steps.tolist() == [2, 4, 6, 8] and found.stage_begins.tolist() == [0, 0, 4, 4]
    assert found.borders == [4] and found.place("dims80_before") == 1
    latents = read_kept(kept)
    dims = found.curves["effective_dims", "singular_values", "0.9"]
    for index, each in enumerate(latents.values()):
        assert dims.value[index] == effective_dims(principal_axes(each.mean).singular_values, 0.9)
    assert dims.value[0] < dims.value[1] == dims.value[3]
    assert (dims.low <= dims.value).all() and (dims.value <= dims.high).all()
    replicates, clips = read_replicates(found)
    assert replicates.shape == (2, 5, 40) and clips == CLIPS
    # One of them by hand.
    weights = draw(1, CLIPS, 40).clips[7].astype(int)
    parts = latents[8].mean.tensor_split(latents[8].offsets[1:-1])
    frames = torch.cat([part for part, times in zip(parts, weights, strict=True) for _ in range(times)])
    row = list(SHOWN).index("dims95")
    values = principal_axes(frames).singular_values
    assert replicates[0, row, 7] == effective_dims(values, 0.95, "singular_values")
    written = output.read_bytes()
    assert json.loads(output.with_suffix(".json").read_text())["n"] == CLIPS
    assert run(kept, monkeypatch).read_bytes() == written


def test_a_latent_that_blew_up_is_named_by_its_step(kept):
    snapshots = read_kept(kept)
    snapshots[6].mean[0, 0] = np.inf
    with pytest.raises(ConfigError, match="not finite after 6 steps"):
        measure_snapshots(snapshots, [0, 4], 10)
