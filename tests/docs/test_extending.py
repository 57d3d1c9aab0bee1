"""What docs/EXTENDING.md adds to autoencoders, run in a copy of the project.

`tests.extending` takes a section's files and settings from the page: a block that opens with "```python <path>" is a
new file, a "```yaml" block is what a variant says beside a study's own settings.
"""

import json
from pathlib import Path

import pytest

from tests.extending import ROOT, Example, example, run_in

SECTIONS = {
    "A bottleneck": {"shared.bottlenecks.finite_scalar"},
    "A loss": {"shared.losses.si_sdr", "shared.losses.decorrelation"},
    "An autoencoder family": {"shared.autoencoders.patches"},
}
# Resolves a variant of a study with each section's settings, trains it on noise, and tells what happened.
TRAIN = """
import json, sys
from pathlib import Path

import numpy as np
import torch

torch.set_num_threads(1)
from shared.autoencoders.builder import build_autoencoder, load_autoencoder
from shared.autoencoders.latents import load_latents, save_latents
from shared.config import parse
from shared.kinds import modules_named
from shared.plan.dotted import merge
from shared.plan.schema import Source
from shared.plan.variant import VariantConfig
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.job import save_model

plain = Source(Path("replications/longcat/study.yaml")).resolve("dim64", "smoke")


def train(settings, folder):
    data = merge(plain.model_dump(mode="json"), settings)
    config = parse(VariantConfig, data, "settings")
    again = parse(VariantConfig, config.model_dump(mode="json"), "settings")

    recipe, rate = config.autoencoder, config.sample_rate
    length = round(recipe.crop_seconds * rate / recipe.architecture.hop) * recipe.architecture.hop
    waveforms = [np.random.default_rng(0).normal(size=3 * length).astype(np.float32) / 10]
    torch.manual_seed(0)
    step = AutoencoderStep(recipe, Crops(waveforms, length, recipe.architecture.hop), rate, seed=0)
    losses = [{name: value.item() for name, value in step(index).items()} for index in range(4)]

    folder.mkdir()
    weights = folder / "model.safetensors"
    config_of = recipe.model_dump(mode="json", include={"architecture", "bottleneck"})
    about = {"config": config_of, "sample_rate": 16_000, "hop": step.autoencoder.hop}
    save_model(weights, step.autoencoder.state_dict(), about)
    autoencoder = load_autoencoder(weights)
    audio = torch.from_numpy(waveforms[0])[None, None]
    with torch.inference_mode():
        decoded, latents, posterior = autoencoder(audio)
        generated = autoencoder.decode(torch.randn_like(latents))
    save_latents(folder / "latents", [(posterior.mean[0].T, posterior.std[0].T)], autoencoder.hop,
                 autoencoder.bottleneck.draw)
    return {
        "named": sorted(modules_named(config)), "named_by_others": sorted(modules_named(plain)),
        "equal_after_dump": again == config, "losses": losses, "kl": posterior.kl().mean().item(),
        "shapes": [list(audio.shape), list(decoded.shape), list(generated.shape)], "latents": latents[0].T.tolist(),
        "cached": load_latents(folder / "latents").sample(0).tolist(), "levels": len(latents.unique()),
    }


print(json.dumps({name: train(settings, Path(name)) for name, settings in json.loads(sys.argv[1]).items()}))
"""


@pytest.fixture(scope="module")
def came(tmp_path_factory):
    """By section, what came of training with what it adds; all in one copy of the project, and one process."""
    shown = {name: example(name) for name in SECTIONS}
    files = {path: text for each in shown.values() for path, text in each.files.items()}
    assert not any((ROOT / path).exists() for path in files)
    folder = Example(files, []).add_to(tmp_path_factory.mktemp("project") / "copy")
    settings = {name: only for name, each in shown.items() for only in each.settings}
    assert len(settings) == sum(len(each.settings) for each in shown.values())
    return json.loads(run_in(folder, TRAIN, json.dumps(settings)).splitlines()[-1])


@pytest.fixture(params=SECTIONS)
def section(request, came):
    """A section's name, and what came of it."""
    return request.param, came[request.param]


def test_no_section_rests_on_another():
    """They lie in one copy of the project here; a reader takes one."""
    for name in SECTIONS:
        text = "".join(example(name).files.values())
        assert not [each for other in SECTIONS.keys() - {name} for each in SECTIONS[other] if each in text]


def test_its_files_are_found_by_name_and_by_those_alone_that_name_them(section):
    name, came = section
    assert SECTIONS[name] == {path.removesuffix(".py").replace("/", ".") for path in example(name).files}
    assert SECTIONS[name] <= set(came["named"])
    assert SECTIONS[name].isdisjoint(came["named_by_others"])
    assert came["equal_after_dump"]


def test_it_trains_and_is_loaded_again(section):
    name, came = section
    assert all(abs(value) < 1e6 for losses in came["losses"] for value in losses.values())
    given, decoded, generated = came["shapes"]
    assert decoded == given and generated[-1] >= given[-1]
    if name == "A loss":
        assert {"si_sdr", "decorrelation"} <= came["losses"][0].keys()


@pytest.mark.parametrize("section", ["A bottleneck"], indirect=True)
def test_a_quantisers_latent_is_kept_for_a_generator_without_noise(section):
    _, came = section
    assert came["cached"] == came["latents"] and came["levels"] <= 5
    assert came["kl"] == pytest.approx(8 * 1.6094379, rel=1e-5)
    assert came["losses"][0]["penalty"] == 0


def test_the_page_shows_what_this_tests():
    page = (Path(ROOT) / "docs" / "EXTENDING.md").read_text(encoding="utf-8")
    assert set(SECTIONS) <= {line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")}
