"""LongCat-AudioDiT's weights compute here what they do in diffusers' classes, and in the authors' sampler."""

import torch
from diffusers.models.autoencoders.autoencoder_longcat_audio_dit import LongCatAudioDiTVae
from diffusers.models.transformers.transformer_longcat_audio_dit import LongCatAudioDiTTransformer

from shared.autoencoders.builder import load_autoencoder
from shared.generators.builder import SavedGenerator
from shared.generators.dit import DiT
from shared.generators.dit_config import DiTConfig
from shared.tensors import read_description, read_tensors
from shared.text.base import Text
from tests.released.compare import difference, randomise


@torch.no_grad()
def test_the_vae_computes_what_diffusers_does(imported):
    sizes = {"channels": 8, "c_mults": [1, 1, 2], "strides": [2, 2, 4], "latent_dim": 4, "encoder_latent_dim": 8}
    public = randomise(LongCatAudioDiTVae(**sizes))
    ours = load_autoencoder(imported(public.state_dict(), dict(public.config), "longcat_vae"))
    audio, latent = torch.randn(2, 1, 7 * 16), torch.randn(2, 4, 7)
    assert difference(ours.encode(audio).mean, 0.71 * public.encode(audio, sample_posterior=False).latents) < 1e-4
    assert difference(ours.decode(0.71 * latent), public.decode(latent).sample) < 1e-4


def test_the_transformer_computes_what_diffusers_does_but_for_the_second_skip(imported):
    sizes = {"dit_dim": 32, "dit_depth": 3, "dit_heads": 2, "dit_text_dim": 6, "latent_dim": 4}
    public = randomise(LongCatAudioDiTTransformer(**sizes))
    path = imported(public.state_dict(), {**public.config, "repa_dit_layer": 2}, "longcat_dit")
    config = read_description(path, SavedGenerator).config.architecture
    assert isinstance(config, DiTConfig) and config.skip_after == 2
    # Of whole texts: where one is padded, theirs lets the padding into the response norm of the text's blocks.
    batch = {
        "latents": torch.randn(2, 9, 4), "time": torch.tensor([0.2, 0.8]), "context": torch.randn(2, 9, 4),
        "frames": torch.tensor([9, 6]), "text": Text(torch.randn(2, 7, 6), torch.tensor([7, 7])),
        "keep": torch.ones(2),
    }  # fmt: skip
    masks = {"encoder_attention_mask": torch.ones(2, 7).bool(),
             "attention_mask": torch.arange(9) < torch.tensor([[9], [6]])}  # fmt: skip

    def theirs() -> torch.Tensor:
        return public(
            batch["latents"], encoder_hidden_states=batch["text"].features, timestep=batch["time"],
            latent_cond=batch["context"], **masks,
        ).sample  # fmt: skip

    def ours(skip_after: int | None) -> DiT:
        dit = DiT(config.model_copy(update={"skip_after": skip_after}), 4, 6)
        weights, _ = read_tensors(path)
        dit.load_state_dict({name.removeprefix("transformer."): value for name, value in weights.items()})
        return dit

    real = masks["attention_mask"].unsqueeze(-1)
    assert difference(ours(None)(**batch) * real, theirs()) < 1e-4
    assert difference(ours(2)(**batch) * real, theirs()) > 3e-4
    # The authors' sampler adds the embedded input after the block that REPA aligns, as a hook here does.
    start = []
    public.latent_cond_embedder.register_forward_hook(lambda _, __, output: start.append(output))
    public.blocks[1].register_forward_hook(lambda _, __, output: output + start[-1])
    assert difference(ours(2)(**batch) * real, theirs()) < 1e-4


def test_gradients_of_the_transformer_are_diffusers(imported):
    sizes = {"dit_dim": 16, "dit_depth": 1, "dit_heads": 2, "dit_text_dim": 6, "latent_dim": 4}
    public = randomise(LongCatAudioDiTTransformer(**sizes))
    weights, _ = read_tensors(imported(public.state_dict(), dict(public.config), "longcat_dit"))
    dit = DiT(DiTConfig(kind="dit", width=16, depth=1, heads=2), 4, 6)
    dit.load_state_dict({name.removeprefix("transformer."): value for name, value in weights.items()})
    latents, text, time = torch.randn(1, 5, 4), torch.randn(1, 3, 6), torch.tensor([0.3])
    velocity = dit(latents, time, latents, torch.tensor([5]), Text(text, torch.tensor([3])), torch.ones(1))
    velocity.square().sum().backward()
    public(latents, text, torch.ones(1, 3).bool(), time, latent_cond=latents).sample.square().sum().backward()
    theirs = public.get_parameter("blocks.0.ffn.ff.0.weight").grad, public.text_embed.proj[0].weight.grad
    ours = dit.get_parameter("blocks.0.feed_forward.0.weight").grad, dit.text_embed[0].weight.grad
    for mine, other in zip(ours, theirs, strict=True):
        assert difference(mine, other) < 1e-4
