"""Autoencoders that others trained: each adapter on a tiny model of its class, and what is refused."""

import json
import re
from pathlib import Path

import pytest
import torch

from shared.autoencoders.adapters.base import Adapter, Facts, kind_of
from shared.autoencoders.adapters.config import AdapterConfig, AdoptedRecipe
from shared.autoencoders.adopted import adopt, check_contract, wrapped
from shared.autoencoders.builder import build_autoencoder, load_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.config import ConfigError, parse
from shared.files import write_json
from shared.training.job import save_model
from tests.autoencoders.given import GIVEN, save_given

PATCHES = '''
import torch
from torch import nn

def load(weights):
    return Patches()

class Patches(nn.Module):
    sample_rate, hop, dim, channels = 8000, 4, 4, 1

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(2.0))

    def encode(self, audio):
        return self.gain * audio.unflatten(-1, (-1, 4))[:, 0].transpose(1, 2)

    def decode(self, latents):
        return (latents / self.gain).transpose(1, 2).flatten(1).unsqueeze(1)
'''
FACTS = {"sample_rate": 8000, "hop": 4, "dim": 4}


def _config(said: dict) -> AdapterConfig:
    return parse(AdoptedRecipe, {"pretrained": said}, "it").pretrained


def _user(folder, text=PATCHES, **changes) -> AdapterConfig:
    path = folder / "mine.py"
    path.write_text(text)
    return _config({"kind": "file", "model": str(path), **FACTS, **changes})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", GIVEN)
def test_a_class_of_a_library_keeps_the_contract(kind, models):
    said = save_given(kind, models)
    found = adopt(_config(said))
    check_contract(found.autoencoder, said["sample_rate"], kind)
    assert kind_of(said["model"]) == kind
    assert found.fingerprint == adopt(_config(said)).fingerprint
    random = adopt(GIVEN[kind])
    assert random.latent == f"random weights: {found.latent}"
    saved = found.autoencoder.state_dict()
    assert all(torch.equal(saved[name], each) for name, each in random.autoencoder.state_dict().items())
    audio = 0.1 * torch.randn(1, 1, 3 * said["hop"] - 1)
    with torch.inference_mode():
        made, latents, posterior = found.autoencoder(audio, sample=False)
        other = found.autoencoder.encode(audio.flip(-1)).mean
    assert (made.shape, latents.shape) == (audio.shape, (1, said["dim"], 3))
    assert not torch.allclose(other, posterior.mean), "the latent says nothing of the audio"


def test_every_kind_is_tried():
    assert {*AdapterConfig.kinds()} == {*GIVEN, "run", "file"}


def test_a_model_of_another_class_is_refused_with_the_kind_that_reads_it(models):
    said = save_given("dac", models)
    with pytest.raises(ConfigError, match="is of DacModel, and kind mimi reads MimiModel; say kind: dac"):
        adopt(_config(said | {"kind": "mimi"}))


@pytest.mark.parametrize(("field", "value"), [("sample_rate", 24000), ("hop", 41), ("dim", 31)])
def test_other_facts_than_the_models_are_refused(field, value, models):
    said = save_given("dac", models)
    told = rf"pretrained\.{field} is {value}, and the model's is {said[field]}; say that"
    with pytest.raises(ConfigError, match=told):
        adopt(_config(said | {field: value}))


@pytest.mark.parametrize(
    ("kind", "sizes", "problem"),
    [
        ("dac", {"encoder_hidden": 4}, r"pretrained\.random: DacModel has no encoder_hidden; did you mean"),
        ("dac", {"encoder_hidden_size": "a"}, r"pretrained\.random: DacModel: Validation error for field"),
        ("oobleck", {"channels": 4}, r"pretrained\.random: AutoencoderOobleck: .*unexpected keyword argument"),
        ("longcat", {"channels": 0}, r"pretrained\.random: LongCatAudioDiTVae: "),
    ],
)
def test_sizes_that_a_class_does_not_have_are_refused(kind, sizes, problem):
    with pytest.raises(ConfigError, match=problem):
        adopt(GIVEN[kind].model_copy(update={"random": sizes}))


def test_a_config_of_wrong_types_is_refused(models):
    said = save_given("dac", models / "damaged")
    path = Path(said["model"]) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n_codebooks": "two"}))
    with pytest.raises(ConfigError, match=r"config\.json: Validation error for field 'n_codebooks': TypeError"):
        adopt(_config(said))


def test_a_mono_model_hears_no_stereo(models):
    with pytest.raises(ConfigError, match=r"pretrained\.channels is 2, and the model's is 1"):
        adopt(_config(save_given("dac", models) | {"channels": 2}))


def test_a_folder_without_a_model_is_refused(tmp_path):
    said = {"kind": "dac", "model": str(tmp_path), **FACTS}
    with pytest.raises(ConfigError, match=re.escape(f"model {tmp_path}: no config.json in this folder")):
        adopt(_config(said))
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["BertModel"]}))
    with pytest.raises(ConfigError, match=r"config\.json is of BertModel, which no adapter reads"):
        kind_of(str(tmp_path))


def test_a_file_of_the_users_is_exact(tmp_path):
    autoencoder = adopt(_user(tmp_path)).autoencoder
    check_contract(autoencoder, 8000, "mine")
    audio = torch.randn(1, 1, 11)
    assert torch.allclose(autoencoder(audio, sample=False)[0], audio)
    assert autoencoder.encode(audio).kl().isinf().all(), "a latent without noise holds no bounded number of nats"


def test_the_file_that_the_docs_show_works(tmp_path):
    page = (Path(__file__).parents[2] / "docs/YOUR_LATENTS.md").read_text()
    _, _, rest = page.partition("```python patches.py\n")
    autoencoder = adopt(_user(tmp_path, rest.partition("```")[0], sample_rate=16000, hop=64, dim=64)).autoencoder
    check_contract(autoencoder, 16000, "patches")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PATCHES.replace("def load", "def other"), "no function load"),
        (PATCHES.replace("load(weights)", "load()"), "no function load"),
        (PATCHES.replace("hop, dim, ", "hop, "), "must have dim"),
        (PATCHES.replace("def decode", "def made"), "must have decode"),
        ("def load(:", r"mine.py:1: not valid Python"),
    ],
)
def test_a_file_that_breaks_the_protocol_is_refused(text, problem, tmp_path):
    text = text.replace("= 8000, 4, 4, 1", "= 8000, 4, 1") if "dim" in problem else text
    with pytest.raises(ConfigError, match=problem):
        adopt(_user(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("self.gain * audio", "torch.rand(()) * audio", "another latent each time"),
        ("self.gain * audio", "torch.nan * audio", "not finite"),
        ("[:, 0].transpose(1, 2)", "[:, 0].transpose(1, 2)[:, :3]", r"its latent is \(1, 3, 1\)"),
        ("transpose(1, 2)\n", "transpose(1, 2)[..., :0]\n", "makes 0 latent frames of audio of 4"),
        ("transpose(1, 2)\n", "transpose(1, 2).repeat(1, 1, 2)\n", "makes 8 latent frames of audio of 4: another hop"),
        ("unsqueeze(1)\n", "unsqueeze(1)[..., ::2]\n", "makes 10 samples of 4 latent frames, which are 16"),
        ("unsqueeze(1)\n", "unsqueeze(1).repeat(1, 1, 3)\n", "makes 48 samples of 4 latent frames"),
        ("(latents / self.gain)", "(latents + torch.randn_like(latents))", "other audio each time"),
        ("return self.gain * audio", "return audio.unflatten(-1, (-1, 4))[:, 0].mT, -self.gain\n        audio",
         "std of its latent is below 0"),
        ("return self.gain * audio", "return audio, audio, audio\n        audio", "mean and std of one shape"),
    ],
)
def test_an_autoencoder_that_breaks_the_contract_is_refused(old, new, problem, tmp_path):
    autoencoder = adopt(_user(tmp_path, PATCHES.replace(old, new, 1))).autoencoder
    with pytest.raises(ConfigError, match=problem):
        check_contract(autoencoder, 8000, "mine")


class Short(Adapter):
    """Drops a latent frame of what it hears, and two samples of what it decodes; stereo."""

    latent, facts, model, least = "short", Facts(8000, 4, 8, 2), None, 3

    def encode(self, audio):
        assert audio.shape[-1] >= 12
        return audio.unflatten(-1, (-1, 4)).permute(0, 1, 3, 2).flatten(1, 2)[..., :-1], None

    def decode(self, latents):
        return latents.unflatten(1, (2, 4)).permute(0, 1, 3, 2).flatten(2)[..., :-2]


def test_lengths_are_made_exact_in_one_place():
    autoencoder = wrapped(Short(), 1)
    for length in (1, 4, 9, 40):
        audio = torch.randn(1, 1, length)
        assert torch.equal(autoencoder(audio, sample=False)[0], audio)
        assert autoencoder.decode(autoencoder.encode(audio).mean).shape[-1] == -(-length // 4) * 4


def test_a_checkpoint_of_this_project_is_itself(tmp_path):
    data = {"architecture": {"family": "oobleck", "channels": 4, "multipliers": [1], "strides": [8],
                             "shortcuts": False},
            "bottleneck": {"kind": "gaussian", "dim": 4}}  # fmt: skip
    config = parse(AutoencoderConfig, data, "it")
    trained = build_autoencoder(config).eval()
    about = {"config": config.model_dump(mode="json"), "sample_rate": 16000, "hop": 8}
    save_model(tmp_path / "model.safetensors", trained.state_dict(), about)
    said = {"kind": "run", "model": str(tmp_path), "sample_rate": 16000, "hop": 8, "dim": 4}
    audio = torch.randn(1, 1, 30)
    assert torch.equal(adopt(_config(said)).autoencoder.encode(audio).mean, trained.encode(audio).mean)


def test_a_stereo_checkpoint_hears_no_mono_corpus(tmp_path):
    data = {"architecture": {"family": "oobleck", "channels": 4, "multipliers": [1], "strides": [8],
                             "shortcuts": False, "audio_channels": 2},
            "bottleneck": {"kind": "gaussian", "dim": 4}}  # fmt: skip
    config = parse(AutoencoderConfig, data, "it")
    about = {"config": config.model_dump(mode="json"), "sample_rate": 16000, "hop": 8}
    save_model(tmp_path / "model.safetensors", build_autoencoder(config).state_dict(), about)
    said = {"kind": "run", "model": str(tmp_path), "sample_rate": 16000, "hop": 8, "dim": 4}
    with pytest.raises(ConfigError, match="is of 2 channels, and the audio of 1"):
        adopt(_config(said))
    assert adopt(_config(said | {"channels": 2})).autoencoder.channels == 2
    (tmp_path / "model.json").unlink()
    with pytest.raises(ConfigError, match=r"missing, or of no autoencoder of this project$"):
        adopt(_config(said))


def test_the_text_that_is_hashed_is_what_runs(tmp_path):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + PATCHES
    text += "\n@dataclass\nclass Settings:\n    size: int = 1\n"
    for gain in ("2.0", "3.0"):  # of one size, within a second
        adopted = adopt(_user(tmp_path, text.replace("2.0", gain))).autoencoder
        assert adopted.encode(torch.ones(1, 1, 4)).mean.max() == float(gain)


def test_a_change_of_what_lies_at_weights_is_another_model(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w/gain").write_text("2")
    config = _user(tmp_path, weights=str(tmp_path / "w"))
    before = adopt(config).fingerprint
    assert adopt(config).fingerprint == before
    (tmp_path / "w/gain").write_text("3")
    assert adopt(config).fingerprint != before


@pytest.mark.filterwarnings("ignore")
def test_another_setting_of_a_class_is_another_model(models):
    config = _config(save_given("vibevoice", models / "vibevoice_std"))
    before = adopt(config)
    posterior = before.autoencoder.encode(torch.zeros(8, 1, 4000))
    assert posterior.draw == "normal" and posterior.std.unique().numel() == 1
    path = models / "vibevoice_std/vibevoice/config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vae_std": 5.0}))
    assert adopt(config).fingerprint != before.fingerprint


def test_what_was_adopted_is_loaded_and_seen_to_be_the_same(tmp_path):
    config = _user(tmp_path)
    about = {"config": {"pretrained": config.model_dump(mode="json")}, "sample_rate": 8000, "hop": 4}
    write_json(tmp_path / "model.json", about | {"fingerprint": adopt(config).fingerprint})
    assert load_autoencoder(tmp_path / "model.json").latent_dim == 4
    _user(tmp_path, PATCHES.replace("2.0", "3.0"))
    with pytest.raises(ConfigError, match=r"mine.py is not what was adopted \(other weights\); delete"):
        load_autoencoder(tmp_path / "model.json")
