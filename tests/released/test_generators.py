"""Imported generators compute what the installed classes do, or what F5-TTS's own code did."""

import json
from pathlib import Path

import pytest
import torch
from diffusers.models.transformers.transformer_stable_audio3 import StableAudio3DiTModel
from diffusers.pipelines.stable_audio_3.modeling_stable_audio_3 import StableAudio3DurationEmbedder
from safetensors.torch import save_file
from transformers.models.vibevoice.configuration_vibevoice import VibeVoiceDiffusionHeadConfig
from transformers.models.vibevoice.modeling_vibevoice import VibeVoiceDiffusionHead

from shared.generators.builder import SavedGenerator, load_generator, meta_generator
from shared.released.importing import find, import_released
from shared.released.vibevoice_head import load_head
from shared.tensors import read_description, read_tensors
from shared.text.base import Text
from tests.released.compare import by_formula, difference, randomise

GOLDEN = Path(__file__).with_name("f5_golden.json")


@torch.no_grad()
def test_stable_audio_3(tmp_path):
    public = StableAudio3DiTModel(
        io_channels=4, embed_dim=32, depth=2, num_heads=2, cond_token_dim=6, global_cond_dim=6, local_add_cond_dim=5,
        num_memory_tokens=3,
    )  # fmt: skip
    embedder = StableAudio3DurationEmbedder(output_dim=6)
    randomise(public), randomise(embedder)
    # Frequencies above 6 are left out: of an angle of up to 10,000 turns, float32 rounds off more than is to be seen.
    for weight in (public.to_timestep_embed[0].weight, embedder.linear.weight):
        weight.view(-1, 2, 128)[:, :, 32:] = 0
    for name, model in (("transformer", public), ("duration_embedder", embedder)):
        (tmp_path / name).mkdir()
        save_file(model.state_dict(), tmp_path / name / "diffusion_pytorch_model.safetensors")
    import_released(tmp_path, find("sa3_dit"), tmp_path / "imported")
    path = tmp_path / "imported/model.safetensors"
    saved = read_description(path, SavedGenerator)
    ours = meta_generator(saved.config, 4).to_empty(device="cpu")
    ours.load_state_dict({name.removeprefix("transformer."): value for name, value in read_tensors(path)[0].items()})
    latents, context, text = torch.randn(2, 7, 4), torch.randn(2, 7, 4), torch.randn(2, 3, 6)
    context[:, 3:] = 0
    time, frames = torch.tensor([0.2, 0.7]), torch.tensor([7, 7])
    velocity = ours(latents, time, context, frames, Text(text, torch.tensor([3, 3])), torch.ones(2))
    duration = embedder(frames / saved.config.architecture.longest * 384)
    given = (context != 0).any(dim=2, keepdim=True).float()
    theirs = public(
        latents.transpose(1, 2), 1 - time, torch.cat([text, duration.unsqueeze(1)], dim=1), duration,
        local_add_cond=torch.cat([given, context], dim=2).transpose(1, 2),
    ).sample  # fmt: skip
    assert difference(velocity, -theirs.transpose(1, 2)) < 1e-4


def test_vibevoices_head(imported):
    config = VibeVoiceDiffusionHeadConfig(hidden_size=16, latent_size=3, num_hidden_layers=2, intermediate_size=48)
    public = randomise(VibeVoiceDiffusionHead(config))
    head = load_head(imported(public.state_dict(), config.to_dict(), "vibevoice_head")).requires_grad_(True)
    noisy, state, steps = torch.randn(5, 3), torch.randn(5, 16), torch.tensor([0.0, 1, 10, 500, 999])
    theirs = public(noisy, steps, state)
    ours = head(noisy.unsqueeze(1), steps / 1000, state, noisy.unsqueeze(1)).squeeze(1)
    assert difference(ours, theirs) < 1e-4
    ours.square().sum().backward(), theirs.square().sum().backward()
    assert difference(head.layers[0].gate.weight.grad, public.layers[0].ffn.gate_proj.weight.grad) < 1e-4
    head.inclusive = True  # 50 % off with these weights
    assert difference(head(noisy.unsqueeze(1), steps / 1000, state, noisy.unsqueeze(1)).squeeze(1), theirs) > 0.05


@pytest.mark.parametrize("name", ["f5_small", "f5_v1"])
@torch.no_grad()
def test_f5_tts(name, tmp_path):
    golden = json.loads(GOLDEN.read_text())
    state = by_formula(golden["shapes"])
    save_file({f"ema_model.transformer.{key}": value for key, value in state.items()}, tmp_path / "model_1.safetensors")
    (tmp_path / "vocab.txt").write_text("\n".join(golden["vocabulary"]) + "\n")
    import_released(tmp_path, find(name), tmp_path / "imported")
    generator, _ = load_generator(tmp_path / "imported/model.safetensors")
    latents, context = (torch.tensor(golden[each]) for each in ("latents", "context"))
    text = generator.encode_text([golden["text"]])
    frames, time = torch.tensor([latents.shape[1]]), torch.tensor([golden["time"]])
    for keep in (1, 0):
        given = context * keep
        velocity = generator.transformer(latents, time, given, frames, text, torch.tensor([float(keep)]))
        assert difference(velocity, torch.tensor(golden[name][str(keep)])) < 1e-4
