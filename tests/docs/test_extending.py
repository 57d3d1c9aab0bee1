"""What docs/EXTENDING.md adds to autoencoders, run in a copy of the project.

`tests.extending` takes a section's files and settings from the page: a block that opens with "```python <path>" is a
new file, a "```yaml" block is what a variant says beside a study's own settings.
"""

import json
from pathlib import Path

import pytest

from tests.extending import ROOT, example, run_in

SECTIONS = {
    "A bottleneck": {"shared.bottlenecks.finite_scalar"},
    "A loss": {"shared.losses.si_sdr", "shared.losses.decorrelation"},
    "An autoencoder family": {"shared.autoencoders.patches"},
}
# Resolves a variant of a study with the settings, trains it on noise, and tells what happened.
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
from shared.plan.schema import load_sources
from shared.plan.variant import VariantConfig
from shared.training.autoencoder import AutoencoderStep
from shared.training.crops import Crops
from shared.training.job import save_model

source = load_sources(Path("replications"))["longcat"]
plain = source.resolve("dim64", "smoke")
data = merge(plain.model_dump(mode="json"), json.loads(sys.argv[1]))
config = parse(VariantConfig, data, "settings")
again = parse(VariantConfig, config.model_dump(mode="json"), "settings")

recipe, rate = config.autoencoder, config.sample_rate
length = round(recipe.crop_seconds * rate / recipe.architecture.hop) * recipe.architecture.hop
waveforms = [np.random.default_rng(0).normal(size=3 * length).astype(np.float32) / 10]
torch.manual_seed(0)
step = AutoencoderStep(recipe, Crops(waveforms, length, recipe.architecture.hop), rate, seed=0)
losses = [{name: value.item() for name, value in step(index).items()} for index in range(4)]

weights = Path("model.safetensors")
about = {"config": recipe.model_dump(mode="json", include=set(AE)), "sample_rate": 16_000, "hop": step.autoencoder.hop}
save_model(weights, step.autoencoder.state_dict(), about)
autoencoder = load_autoencoder(weights)
audio = torch.from_numpy(waveforms[0])[None, None]
with torch.inference_mode():
    decoded, latents, posterior = autoencoder(audio)
    generated = autoencoder.decode(torch.randn_like(latents))
save_latents(Path("latents"), [(posterior.mean[0].T, posterior.std[0].T)], autoencoder.hop, autoencoder.bottleneck.draw)
print(json.dumps({
    "named": sorted(modules_named(config)), "named_by_others": sorted(modules_named(plain)),
    "equal_after_dump": again == config, "losses": losses, "kl": posterior.kl().mean().item(),
    "shapes": [list(audio.shape), list(decoded.shape), list(generated.shape)], "latents": latents[0].T.tolist(),
    "cached": load_latents(Path("latents")).sample(0).tolist(), "levels": len(decoded.new_tensor(latents).unique()),
}))
""".replace("set(AE)", '{"architecture", "bottleneck"}').replace("decoded.new_tensor(latents)", "latents")


@pytest.fixture(scope="module", params=SECTIONS)
def section(request, tmp_path_factory):
    """A section's name, and what came of training with what it adds."""
    shown = example(request.param)
    assert {name for name in shown.files if (ROOT / name).exists()} == set()
    folder = shown.add_to(tmp_path_factory.mktemp("project") / "copy")
    (settings,) = shown.settings
    return request.param, json.loads(run_in(folder, TRAIN, json.dumps(settings)).splitlines()[-1])


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
