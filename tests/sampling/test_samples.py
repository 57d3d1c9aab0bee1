"""The sampling job on a tiny autoencoder and generator: what a prompt, or none, does to a clip."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.generators.builder import build_generator
from shared.generators.dit_config import DiTConfig
from shared.generators.infilling_config import InfillingConfig
from shared.sampling import infilling, next_token
from shared.sampling.config import PrefixConfig, SamplingConfig
from shared.sampling.duration import DurationModel
from shared.sampling.infilling_config import InfillingSolverConfig
from shared.sampling.next_token_config import NextTokenSolverConfig
from shared.sampling.samples import Sampler, SamplesSpec, sample_clips
from shared.text.encoders.characters_config import CharactersConfig
from shared.training.job import save_model
from tests.generators.next_token_models import SEMAVOICE
from tests.generators.next_token_models import make_generator as make_next_token

RATE, HOP = 8000, 256
SECONDS = (0.5, 0.8, 0.65)
AUTOENCODER = AutoencoderConfig.model_validate({
    "architecture": {"family": "spectral", "n_fft": 256, "stft_hop": 128, "downsample": 2, "width": 8,
                     "latent_width": 8, "depth": 1, "latent_depth": 1},
    "bottleneck": {"kind": "gaussian", "dim": 3},
})
GENERATOR = InfillingConfig(
    architecture=DiTConfig(kind="dit", width=16, depth=1, heads=1, text_layers=1),
    text=CharactersConfig(kind="characters", dim=4),
)


INFILLING = InfillingSolverConfig(evaluations=2)


def make_infilling() -> nn.Module:
    """An infilling generator whose velocity is no longer zero."""
    torch.manual_seed(0)
    generator = build_generator(GENERATOR, latent_dim=3)
    nn.init.normal_(generator.transformer.project.weight, std=0.5)
    return generator


def make_sampler(
    folder: Path, speaker: str | None, generator: nn.Module | None = None, config=GENERATOR, solver=INFILLING,
    autoencoder=AUTOENCODER, channels=(),
) -> Sampler:
    """A sampler over three test clips by one speaker, or of sounds."""
    generator = generator or make_infilling()
    for name, model, settings, more in (
        ("autoencoder", build_autoencoder(autoencoder), autoencoder, {"sample_rate": RATE, "hop": HOP}),
        ("generator", generator, config, {"latent_dim": 3, "latent_scale": 0.5}),
    ):
        saved = {"config": settings.model_dump(mode="json"), **more}
        save_model(folder / name / "model.safetensors", model.state_dict(), saved)
    rng, clips = np.random.default_rng(0), []
    for index, seconds in enumerate((*SECONDS, 0.5)):
        stored = store_audio(folder, f"c{index}", 0.1 * rng.normal(size=(*channels, round(seconds * RATE))), RATE)
        split = "test" if index < len(SECONDS) else "train"
        clips.append(Clip(id=f"c{index}", text="ab" * (index + 1), speaker=speaker, split=split, seen_speaker=True,
                          **stored))
    write_manifest(folder / "manifest.json", RATE, clips, [], *channels)
    sampling = SamplingConfig(solver=solver, batch=2)
    spec = SamplesSpec(generator={}, sampling=sampling, clips=10, seed=0)
    models = (folder / name / "model.safetensors" for name in ("autoencoder", "generator"))
    return Sampler(spec, Corpus(folder / "manifest.json"), *models)


@pytest.fixture
def asked(monkeypatch) -> list:
    """The prompts and texts that the solver was given, batch by batch."""
    calls = []

    def spy(generator, solver, noise, frames, prompts, texts, said):
        calls.extend(zip(prompts, texts, frames.tolist(), strict=True))
        return original(generator, solver, noise, frames, prompts, texts, said)

    original = infilling.sample
    monkeypatch.setattr(infilling, "sample", spy)
    return calls


def test_a_sound_is_made_from_its_caption_alone_and_lasts_as_long_as_the_target(tmp_path, asked, monkeypatch):
    monkeypatch.setattr(DurationModel, "__init__", lambda *_: pytest.fail("durations are of speech"))
    clips = list(sample_clips(make_sampler(tmp_path, speaker=None)))
    assert [text for _, text, _ in asked] == ["ab", "abab", "ababab"]
    assert all(prompt.shape == (0, 3) for prompt, _, _ in asked)
    for (clip, audio), seconds in zip(clips, SECONDS, strict=True):
        assert clip.prompt is None and clip.speaker is None and clip.reference is None
        assert len(audio) == round(seconds * RATE / HOP) * HOP
        assert np.isfinite(audio).all() and audio.std() > 0


def test_an_utterance_continues_its_prompt_and_the_prompt_is_cut_off(tmp_path, asked):
    sampler = make_sampler(tmp_path, speaker="s")
    clips = list(sample_clips(sampler))
    known = {clip.id: clip for clip in sampler.corpus.manifest.clips}
    for (clip, audio), (prompt, text, frames) in zip(clips, asked, strict=True):
        assert clip.prompt != clip.id and clip.speaker == "s"
        assert text == f"{known[clip.prompt].text} {clip.text}"
        assert len(prompt) >= known[clip.prompt].seconds * RATE // HOP
        assert len(audio) == (frames - len(prompt)) * HOP


def test_a_swapped_prompt_keeps_its_text_and_is_heard_as_another_clip_of_the_speaker(tmp_path, asked):
    sampler = make_sampler(tmp_path, speaker="s")
    matched = list(sample_clips(sampler))
    texts = [text for _, text, _ in asked]
    asked.clear()
    swapped = list(sample_clips(with_prompt(sampler, "swapped")))
    assert [text for _, text, _ in asked] == texts
    known = {clip.id: clip for clip in sampler.corpus.manifest.clips}
    for (before, _), (after, _), (prompt, _, _) in zip(matched, swapped, asked, strict=True):
        assert after.id == before.id and after.prompt not in (before.prompt, before.id)
        assert len(prompt) == -(-round(known[after.prompt].seconds * RATE) // HOP)


def with_prompt(sampler: Sampler, prompt) -> Sampler:
    """The sampler with another kind of prompt."""
    sampling = sampler.spec.sampling.model_copy(update={"prompt": prompt})
    sampler.spec = sampler.spec.model_copy(update={"sampling": sampling})
    return sampler


def test_stereo_is_sampled_in_stereo_and_a_prefix_is_cut_in_time(tmp_path, asked):
    architecture = {"family": "oobleck", "audio_channels": 2, "channels": 4, "multipliers": [1, 2], "strides": [16, 16],
                    "shortcuts": False}  # fmt: skip
    autoencoder = AutoencoderConfig.model_validate({**AUTOENCODER.model_dump(), "architecture": architecture})
    sampler = make_sampler(tmp_path, speaker="s", autoencoder=autoencoder, channels=(2,))
    clips = list(sample_clips(with_prompt(sampler, PrefixConfig(prefix_seconds=0.3))))
    assert sampler.corpus.manifest.channels == 2 and len(clips) == len(asked) == len(SECONDS)
    for (clip, audio), (prompt, _, frames) in zip(clips, asked, strict=True):
        assert len(prompt) * HOP == round(clip.prefix_seconds * RATE) < 0.3 * RATE + HOP
        assert audio.shape == (2, frames * HOP) and (audio[0] != audio[1]).any()


def test_a_prefix_is_the_target_itself_under_its_own_text_and_begins_the_clip(tmp_path, asked):
    sampler = with_prompt(make_sampler(tmp_path, speaker="s"), PrefixConfig(prefix_seconds=0.3))
    clips = list(sample_clips(sampler))
    known = {clip.id: clip for clip in sampler.corpus.manifest.clips}
    for (clip, audio), (prompt, text, frames) in zip(clips, asked, strict=True):
        assert clip.prompt == clip.id and text == clip.text
        # The first clip is shorter than twice the prefix.
        given = int(min(0.3, known[clip.id].seconds / 2) * RATE / HOP)
        assert len(prompt) == given and clip.prefix_seconds == given * HOP / RATE
        assert len(audio) == frames * HOP == round(known[clip.id].seconds * RATE / HOP) * HOP


def test_a_prefix_is_made_of_whole_patches(tmp_path):
    generator = make_next_token(SEMAVOICE)
    nn.init.constant_(generator.end.bias, 100.0)
    solver = NextTokenSolverConfig(kind="next_token", evaluations=2)
    sampler = with_prompt(make_sampler(tmp_path, "s", generator, SEMAVOICE, solver), PrefixConfig(prefix_seconds=0.17))
    for clip, audio in sample_clips(sampler):
        assert clip.prefix_seconds == 4 * HOP / RATE  # 0.17 s are 5 frames and a bit
        assert len(audio) == 6 * HOP


def test_a_next_token_generator_speaks_until_it_ends_and_no_longer_than_it_may(tmp_path):
    solver = NextTokenSolverConfig(kind="next_token", evaluations=2, longest=3.0)
    for ends in (False, True):
        folder = tmp_path / str(ends)
        generator = make_next_token(SEMAVOICE)
        nn.init.constant_(generator.end.bias, 100.0 if ends else -100.0)
        sampler = make_sampler(folder, "s", generator, SEMAVOICE, solver)
        for clip, audio in sample_clips(sampler):
            item = next(each for each in sampler.corpus.manifest.clips if each.id == clip.id)
            prompt = next(each for each in sampler.corpus.manifest.clips if each.id == clip.prompt)
            predicted = sampler.duration.seconds(item.text, prompt.text, prompt.seconds)
            frames = round(3.0 * predicted * RATE / HOP) // 2 * 2
            assert len(audio) == (2 if ends else frames) * HOP and np.isfinite(audio).all()


@pytest.mark.parametrize("prefix", [None, PrefixConfig(prefix_seconds=0.17)])
def test_a_text_is_placed_by_the_pace_of_the_prompt_whose_words_are_known(tmp_path, prefix, monkeypatch):
    given, original = [], next_token.sample_next_tokens

    def spy(*args):
        given.extend(args[-1].tolist())
        return original(*args)

    monkeypatch.setattr(next_token, "sample_next_tokens", spy)
    config = SEMAVOICE.model_copy(update={"text_positions": "paced"})
    solver = NextTokenSolverConfig(kind="next_token", evaluations=2)
    sampler = make_sampler(tmp_path, "s", make_next_token(config), config, solver)
    sampler = with_prompt(sampler, prefix) if prefix else sampler
    clips = {each.id: each for each in sampler.corpus.manifest.clips}
    prompts = [clips[clip.prompt] for clip, _ in sample_clips(sampler)]
    # A token lasts as long as any other in a model that has not been trained; a patch is of two frames.
    paces = [2 * (len(each.text) + 1) / -(-round(each.seconds * RATE) // HOP) for each in prompts]
    assert given == pytest.approx([1.0] * 3 if prefix else paces)


@pytest.mark.parametrize(("draw", "spread", "times"), [("fixed", 1.0, 20), ("normal", (2 / np.pi) ** 0.5, 400)])
def test_the_noise_of_a_prompt_is_that_of_its_bottleneck(tmp_path, draw, spread, times):
    """With σ drawn, the mean of |σ| over prompts; the same prompt sounds the same again."""
    bottleneck = {"kind": "sigma", "dim": 3, "std": 50.0, "draw": draw}
    config = AutoencoderConfig.model_validate(AUTOENCODER.model_dump() | {"bottleneck": bottleneck})
    sampler = make_sampler(tmp_path, "s", autoencoder=config)
    audio = sampler.corpus.audio(sampler.corpus.manifest.clips[0])
    rngs = [torch.Generator().manual_seed(seed) for seed in range(times)]
    loudness = torch.stack([sampler.encode(audio, rng).square().mean().sqrt() for rng in rngs])
    assert loudness.mean().item() == pytest.approx(50 * spread, rel=0.08)
    again = [sampler.encode(audio, rng.manual_seed(7)) for rng in rngs[:2]]
    torch.testing.assert_close(*again)
