"""Installed classes against ours with the weights that `replicate import` reads of them: a training step of each.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/released_models.py

The class is built at a middling size, saved as its library saves it, and imported. Forward and backward by the mean of
the posterior; they take turns on one thread, medians of process time. "Apart" is the largest difference of the outputs
over the largest value.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from diffusers import AutoencoderSAME
from diffusers.models.autoencoders.autoencoder_longcat_audio_dit import LongCatAudioDiTVae
from diffusers.models.transformers.transformer_longcat_audio_dit import LongCatAudioDiTTransformer
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import DacConfig, DacModel, VibeVoiceAcousticTokenizerConfig, VibeVoiceAcousticTokenizerModel
from transformers.models.vibevoice.configuration_vibevoice import VibeVoiceDiffusionHeadConfig
from transformers.models.vibevoice.modeling_vibevoice import VibeVoiceDiffusionHead

from shared.autoencoders.builder import load_autoencoder
from shared.generators.builder import SavedGenerator, meta_generator
from shared.job import run_job
from shared.released.importing import find, import_released
from shared.released.vibevoice_head import load_head
from shared.tensors import read_description, read_tensors
from shared.text.base import Text

BATCH, FRAMES, TOKENS = 4, 120, 40


class Pair(NamedTuple):
    """Both models, and what each computes."""

    theirs: nn.Module
    ours: nn.Module
    run_theirs: Callable[[], Tensor]
    run_ours: Callable[[], Tensor]


def imported(model: nn.Module, config: dict, name: str) -> Path:
    """The weights of a public model, every one drawn anew, as ours."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    folder = Path(tempfile.mkdtemp(dir=SCRATCH.name))
    save_file({key: value.detach().clone() for key, value in model.state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config, default=str))
    import_released(folder, find(name), folder / "imported")
    return folder / "imported/model.safetensors"


def autoencoder(
    model: nn.Module, config: dict, name: str, reconstruct: Callable[[Tensor], Tensor], **how: bool
) -> Pair:
    """An autoencoder with how its class reconstructs, and what our decoder is told; clips are of about a second."""
    ours = load_autoencoder(imported(model, config, name)).requires_grad_(True)
    audio = 0.1 * torch.randn(BATCH, 2 if name == "same_l" else 1, 16384)
    return Pair(model, ours, lambda: reconstruct(audio), lambda: ours.decode(ours.encode(audio).mean, **how))


def longcat_vae() -> Pair:
    sizes = {"channels": 24, "c_mults": [1, 2, 4, 8], "strides": [4, 4, 8], "latent_dim": 32, "encoder_latent_dim": 64}
    model = LongCatAudioDiTVae(**sizes)


    def reconstruct(audio: Tensor) -> Tensor:
        return model.decode(model.encode(audio, sample_posterior=False).latents).sample

    return autoencoder(model, dict(model.config), "longcat_vae", reconstruct)


def same_l() -> Pair:
    model = AutoencoderSAME(patch_size=32, encoder_channels=64, encoder_c_mults=[2], encoder_strides=[8], latent_dim=32,
                            encoder_transformer_depths=[3], dim_heads=32, decoder_sinusoidal_blocks=[3])  # fmt: skip
    model.bottleneck.running_std.fill_(1.0)

    def reconstruct(audio: Tensor) -> Tensor:
        return model.decode(model.encode(audio).latents).sample

    return autoencoder(model, dict(model.config), "same_l", reconstruct, noise=False)


def dac() -> Pair:
    config = DacConfig(encoder_hidden_size=16, decoder_hidden_size=256, downsampling_ratios=[2, 4, 8], n_codebooks=2,
                       codebook_size=16, codebook_dim=4)  # fmt: skip
    model = DacModel(config)
    return autoencoder(model, config.to_dict(), "dac", lambda audio: model.decoder(model.encoder(audio)))


def vibevoice_tokenizer() -> Pair:
    config = VibeVoiceAcousticTokenizerConfig(hidden_size=32, num_filters=16, downsampling_ratios=[2, 4, 8],
                                              depths=[2, 2, 2, 4], ffn_expansion=4)  # fmt: skip
    model = VibeVoiceAcousticTokenizerModel(config)

    def reconstruct(audio: Tensor) -> Tensor:
        return model.decoder(model.encoder(audio).latents.transpose(1, 2)).audio

    return autoencoder(model, config.to_dict(), "vibevoice_tokenizer", reconstruct)


def longcat_dit() -> Pair:
    model = LongCatAudioDiTTransformer(dit_dim=256, dit_depth=4, dit_heads=4, dit_text_dim=64, latent_dim=32)
    path = imported(model, dict(model.config), "longcat_dit")
    saved = read_description(path, SavedGenerator)
    config = saved.config.model_copy(
        update={"architecture": saved.config.architecture.model_copy(update={"skip_after": None})}
    )
    ours = meta_generator(config, 32).to_empty(device="cpu")
    ours.load_state_dict({name.removeprefix("transformer."): value for name, value in read_tensors(path)[0].items()})
    latents, context = torch.randn(2, BATCH, FRAMES, 32)
    text, moment = torch.randn(BATCH, TOKENS, 64), torch.rand(BATCH)
    frames, tokens = torch.full((BATCH,), FRAMES), torch.full((BATCH,), TOKENS)
    masks = {"encoder_attention_mask": torch.ones(BATCH, TOKENS).bool(),
             "attention_mask": torch.ones(BATCH, FRAMES).bool()}  # fmt: skip
    return Pair(
        model, ours,
        lambda: model(latents, encoder_hidden_states=text, timestep=moment, latent_cond=context, **masks).sample,
        lambda: ours(latents, moment, context, frames, Text(text, tokens), torch.ones(BATCH)),
    )  # fmt: skip


def vibevoice_head() -> Pair:
    config = VibeVoiceDiffusionHeadConfig(hidden_size=256, latent_size=64, num_hidden_layers=4, intermediate_size=768)
    model = VibeVoiceDiffusionHead(config)
    ours = load_head(imported(model, config.to_dict(), "vibevoice_head")).requires_grad_(True)
    count = BATCH * FRAMES
    noisy, state, steps = torch.randn(count, 64), torch.randn(count, 256), torch.randint(0, 1000, (count,)).float()
    return Pair(model, ours, lambda: model(noisy, steps, state),
                lambda: ours(noisy.unsqueeze(1), steps / 1000, state, noisy.unsqueeze(1)).squeeze(1))  # fmt: skip


CASES = {each.__name__: each for each in (longcat_vae, longcat_dit, same_l, dac, vibevoice_tokenizer, vibevoice_head)}
SCRATCH = tempfile.TemporaryDirectory()


def compare(name: str, runs: int) -> str:
    """A line of the table."""
    torch.manual_seed(0)
    pair = CASES[name]()
    pair.theirs.eval(), pair.ours.eval()  # SAME's adds noise in training
    with torch.no_grad():
        theirs, ours = pair.run_theirs(), pair.run_ours()
    apart = float((ours - theirs).abs().max() / theirs.abs().max())
    pair.theirs.train(), pair.ours.train()
    spent: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(runs):
        for which, run in (("theirs", pair.run_theirs), ("ours", pair.run_ours)):
            start = time.process_time()
            run().square().mean().backward()
            spent[which].append(time.process_time() - start)
    medians = {which: statistics.median(each[1:]) for which, each in spent.items()}
    millions = sum(each.numel() for each in pair.ours.parameters()) / 1e6
    ratio = medians["theirs"] / medians["ours"]
    return f"{name:20s}{millions:10.2f}{medians['ours']:9.3f}{medians['theirs']:9.3f}{ratio:7.2f}{apart:9.0e}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="of each, alternating, the first left out (default: 9)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("                              seconds a step")
    print("                     M weights     ours   theirs  ratio    apart")
    for case in arguments.cases:
        print(compare(case, arguments.runs), flush=True)


if __name__ == "__main__":
    run_job(main)
