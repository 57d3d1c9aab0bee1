"""Semantic-VAE and RAVE, imported, compute what their authors' code did (the golden files say how those were made)."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from shared.audio.pqmf import released_prototype
from shared.autoencoders.base import Autoencoder
from shared.autoencoders.builder import load_autoencoder
from shared.autoencoders.filtered_noise import FilteredNoise
from shared.config import ConfigError
from shared.released.importing import find, import_released
from tests.released.compare import by_formula, difference, golden_weights

CACHE = "decoder.net.2.net.branches.0.net.0.net.aligned.paddings.1.pad"
RAVE_GIN = """SAMPLING_RATE = 44100
convs.get_padding.mode = 'centered'
blocks.NoiseGenerator.ratios = [4, 4]
blocks.ResidualStack.dilations_list = [[1, 1], [3, 1], [5, 1]]
"""


def golden(model: str) -> dict[str, Any]:
    return json.loads(Path(__file__).with_name(f"{model}_golden.json").read_text())


def read(folder: Path, state: dict[str, Tensor], beside: dict[str, str], name: str) -> Autoencoder:
    for file, text in beside.items():
        (folder / file).write_text(text)
    save_file(state, folder / "model.safetensors")
    import_released(folder, find(name), folder / "ours")
    return load_autoencoder(folder / "ours/model.safetensors")


def agree(ours: Autoencoder, numbers: dict[str, Any], audio: Tensor, latents: Tensor, late: int = 0) -> None:
    """Mean, standard deviation and decoded audio, which theirs may make some samples late."""
    posterior = ours.encode(audio)
    decoded = ours.decode(latents)
    for made, name in ((posterior.mean, "mean"), (posterior.std, "std"), (decoded, "audio")):
        theirs, cut = torch.tensor(numbers[name]).reshape(made.shape), late if name == "audio" else 0
        assert difference(made[..., : made.shape[-1] - cut], theirs[..., cut:]) < 1e-4, name


def semantic_vae() -> tuple[dict[str, Tensor], dict[str, str]]:
    numbers = golden("semantic_vae")
    state = golden_weights(numbers["shapes"]) | {"projectors.model.0.bias": torch.ones(2)}
    state |= {"pre_block.attn.zero_k_bias": torch.zeros(64), "decoder.activation_post.upsample.filter": torch.ones(12)}
    state = {f"ema_model.{name}": value for name, value in state.items()} | {"step": torch.tensor(7)}
    return state, {"metainfo.json": json.dumps(numbers["metainfo"])}


@torch.no_grad()
def test_semantic_vae(tmp_path):
    ours = read(tmp_path, *semantic_vae(), "semantic_vae")
    audio, latents = by_formula({"a": [1, 1, 120], "b": [1, 4, 12]}).values()
    agree(ours, golden("semantic_vae"), audio, latents)


def rave(release: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    state = golden_weights(golden("rave")[release]["shapes"])
    state["pqmf.h"] = torch.tensor(released_prototype(4), dtype=torch.float32)
    state |= {"pqmf.hk": torch.zeros(4, 128), "decoder.synth.branches.2.target_size": torch.tensor(16)}
    state |= {"latent_pca": torch.eye(3), "discriminator.net.bias": torch.ones(2)}
    state |= {name: value.long() for name, value in state.items() if name.endswith("num_batches_tracked")}
    first = {"config.json": '{"sr": 48000, "no_latency": false}'}
    return state, first if release == "first" else {"config.gin": RAVE_GIN}


@pytest.mark.parametrize("release", ["released", "first"])
@torch.no_grad()
def test_rave(release, tmp_path, monkeypatch):
    # The authors' noise, (batch, blocks, bands, block), was by formula, too.
    noise = by_formula({"noise": [1, 6, 4, 16]})["noise"].transpose(1, 2)
    monkeypatch.setattr(FilteredNoise, "_draw", lambda self, response: noise)
    ours = read(tmp_path, *rave(release), "rave")
    audio, latents = by_formula({"a": [1, 1, 384], "b": [1, 3, 6]}).values()
    agree(ours, golden("rave")[release], audio, 2 * latents, late=4)  # one sample of a band


@torch.no_grad()
def test_an_exported_rave_without_weight_norm(tmp_path):
    """As `rave export --streaming` makes it; its caches are no weights."""
    state, _ = rave("released")
    for name in [name for name in state if name.endswith("weight_g")]:
        length, direction = state.pop(name), state.pop(name.replace("weight_g", "weight_v"))
        norm = torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True)
        state[name.removesuffix("_g")] = length * direction / norm
    state |= {CACHE: torch.zeros(1, 8, 2), "encode_params": torch.ones(4), "fake_adain.learn_x": torch.ones(1)}
    ours = read(tmp_path, state, {"config.json": '{"sr": 48000}'}, "rave")
    posterior = ours.encode(by_formula({"a": [1, 1, 384]})["a"])
    assert difference(posterior.mean, torch.tensor(golden("rave")["released"]["mean"]).reshape(1, 3, 6)) < 1e-4
    assert ours.decoder.loudness.bias.tolist() == [0]


@pytest.mark.parametrize(
    ("model", "change", "message"),
    [
        ("semantic_vae", lambda state, _: state.update({"ema_model.fc_z.bias": state.pop("ema_model.fc_mu.bias"),
                                                        "ema_model.pre_block.proj.bias": torch.ones(5)}),
         r"lacks fc_mu\.bias; has no place for fc_z\.bias; has of another shape pre_block\.proj\.bias \(5,\)"),
        ("semantic_vae", lambda state, _: state["ema_model.encoder.block.3.alpha"].neg_(), "holds values"),
        ("semantic_vae", lambda state, _: state.update({"ema_model.decoder.conv_pre.attn.q_bias": torch.ones(4)}),
         "begins with attention"),
        ("semantic_vae", lambda _, beside: beside.clear(), r"metainfo\.json: no such file"),
        ("semantic_vae", lambda _, beside: beside.update({"metainfo.json": beside["metainfo.json"].replace(
            '"use_bias_at_final": false', '"use_bias_at_final": true')}), "use_bias_at_final is True"),
        ("rave", lambda state, _: state.update({"encoder.gru": state.pop("decoder.synth.branches.0.weight_v"),
                                                "decoder.net.1.net.1.weight_v": torch.ones(16, 8, 4)}),
         r"lacks decoder\.synth\.branches\.0.*no place for encoder\.gru.*1\.weight_v \(16, 8, 4\) for \(16, 8, 8\)"),
        ("rave", lambda state, _: state["pqmf.h"].mul_(1.01), "another than ours"),
        ("rave", lambda state, _: state.update({CACHE: torch.zeros(1, 8, 0)}), "its convolutions are causal"),
        ("rave", lambda _, beside: beside.clear(), "says the sample rate"),
        ("rave", lambda _, beside: beside.update({"config.gin": RAVE_GIN.replace("centered", "causal")}), "no_latency"),
        ("rave", lambda _, beside: beside.update({"config.gin": RAVE_GIN.replace("[3, 1]", "[3, 3]")}), "dilations_"),
        ("rave", lambda _, beside: beside.update({"config.gin": RAVE_GIN.replace("[4, 4]", "[4, 2]")}), "noise_ratios"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(model, change, message, tmp_path):
    state, beside = semantic_vae() if model == "semantic_vae" else rave("released")
    change(state, beside)
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, state, beside, model)
    assert not (tmp_path / "ours/model.safetensors").exists()
