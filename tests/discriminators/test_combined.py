"""What every kind of discriminator must do, alone and combined: one flat list, gradients, learning."""

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from shared.audio.stereo import sum_difference
from shared.discriminators.combined import CombinedDiscriminator, normalize_volume, waveforms_of
from shared.discriminators.config import DiscriminatorConfig
from shared.losses.adversarial import AdversarialLoss, FeatureMatchingLoss
from tests.learning import falls

KINDS = {
    "stft": {"n_ffts": (128, 64), "overlap": 2, "channels": 4, "stem_stride": 2, "dilations": (1, 2)},
    "period": {"periods": (2, 3), "channels": (8, 16, 16)},
    "band_stft": {"n_ffts": (128,), "bands": (0, 0.3, 1), "channels": 4},
    "cqt": {"hops": (64, 32), "bins_per_octave": (6, 12), "octaves": 3, "f_min": 500, "channels": 4, "dilations": (1,)},
    "waveform": {"scales": 2, "channels": 4, "strides": (4, 2)},
}


def parse_config(data: dict) -> DiscriminatorConfig:
    return TypeAdapter(DiscriminatorConfig).validate_python(data)


def make(*kinds: str, normalize: bool = False) -> CombinedDiscriminator:
    torch.manual_seed(0)
    return CombinedDiscriminator([parse_config({"kind": kind} | KINDS[kind]) for kind in kinds], 16000, normalize)


@pytest.fixture
def audio() -> torch.Tensor:
    return 0.1 * torch.randn(2, 1, 1024, generator=torch.Generator().manual_seed(0))


def test_scales_of_all_kinds_come_in_one_flat_list_in_order(audio):
    model = make(*KINDS)
    logits, features = model(audio)
    assert [type(scale).__name__ for scale in model.scales] == (
        ["StftDiscriminator"] * 2 + ["PeriodDiscriminator"] * 2 + ["BandStftDiscriminator"] + ["CqtDiscriminator"] * 2
        + ["WaveformDiscriminator"] * 2
    )
    assert [len(layers) for layers in features] == [4, 4, 3, 3, 10, 3, 3, 4, 4]
    for scale, one, layers in zip(model.scales, logits, features, strict=True):
        torch.testing.assert_close(one, scale(audio[:, 0])[0])
        assert all(isinstance(layer, torch.Tensor) for layer in layers)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_reaches_the_audio_and_every_parameter(kind, audio):
    model = make(kind)
    audio.requires_grad_()
    logits, features = model(audio)
    _, real = model(torch.zeros_like(audio))
    (AdversarialLoss().generator(logits) + FeatureMatchingLoss()(real, features)).backward()
    assert (audio.grad.unflatten(2, (-1, 64)).abs().sum(dim=3) > 0).all()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


@pytest.mark.parametrize(("loss", "chance"), [("least_squares", 0.5), ("hinge", 2.0)])
@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_to_tell_a_tone_from_noise(kind, loss, chance, audio):
    model, loss = make(kind, normalize=True), AdversarialLoss(loss)
    tone = 0.1 * torch.sin(torch.arange(1024) * 0.3).expand(2, 1, -1)
    assert falls(model, lambda: loss.discriminator(model(tone)[0], model(audio)[0]), 0.5, of=chance)


def test_normalised_volume_has_no_mean_and_a_peak_of_0_8(audio):
    audio = audio * torch.tensor([1.0, 3.0])[:, None, None] + 0.2
    output = normalize_volume(audio)
    torch.testing.assert_close(output.mean(dim=-1), torch.zeros(2, 1), atol=1e-6, rtol=0)
    torch.testing.assert_close(output.abs().amax(dim=-1), torch.full((2, 1), 0.8))
    assert not normalize_volume(torch.full((1, 1, 8), 0.25)).any()


def test_a_normalising_discriminator_does_not_hear_the_level(audio):
    plain, normalizing = make("period"), make("period", normalize=True)
    torch.testing.assert_close(normalizing(3 * audio)[0], normalizing(audio)[0], atol=1e-5, rtol=1e-4)
    assert (plain(3 * audio)[0][0] - plain(audio)[0][0]).abs().max() > 1e-3


@pytest.fixture
def stereo() -> torch.Tensor:
    return 0.1 * torch.randn(2, 2, 1024, generator=torch.Generator().manual_seed(1))


def test_stereo_is_heard_as_left_right_sum_and_difference(stereo):
    model = make(*KINDS)
    logits, features = model(stereo)
    for example, audio in enumerate(stereo):
        alone = [*audio, *sum_difference(audio[None])[0]]
        for place, waveform in enumerate(alone):
            expected, layers = model(waveform[None, None])
            row = slice(4 * example + place, 4 * example + place + 1)
            for found, wanted in zip(logits, expected, strict=True):
                torch.testing.assert_close(found[row], wanted, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(features[0][0][row], layers[0][0], atol=1e-5, rtol=1e-4)


def test_halves_of_a_stereo_batch_are_halves_of_what_is_heard(stereo):
    first, second = waveforms_of(stereo).chunk(2)
    torch.testing.assert_close(first, waveforms_of(stereo[:1]), atol=0, rtol=0)
    torch.testing.assert_close(second, waveforms_of(stereo[1:]), atol=0, rtol=0)


def test_what_lies_between_the_channels_is_heard(stereo):
    """Left and right alone are the same with the right one turned over, but their sum is not."""
    model, turned = make("stft"), stereo * torch.tensor([[1.0], [-1.0]])
    spectra = [sum_difference(audio).abs().amax(dim=-1) for audio in (stereo, turned)]
    torch.testing.assert_close(spectra[0].flip(1), spectra[1])
    assert (model(stereo)[0][0] - model(turned)[0][0]).abs().max() > 1e-3


def test_gradients_of_stereo_reach_both_channels(stereo):
    stereo.requires_grad_()
    model = make(*KINDS)
    AdversarialLoss("relativistic").generator(model(stereo)[0], model(stereo.detach().flip(0))[0]).backward()
    assert (stereo.grad.abs().sum(dim=-1) > 0).all()


def test_normalised_stereo_keeps_the_level_difference(stereo):
    panned = stereo * torch.tensor([[1.0], [0.25]])
    output = normalize_volume(panned)
    torch.testing.assert_close(output.abs().amax(dim=(1, 2)), torch.full((2,), 0.8))
    ratios = [each[:, 0].std(dim=-1) / each[:, 1].std(dim=-1) for each in (output, panned)]
    torch.testing.assert_close(*ratios)


def test_more_than_two_channels_are_refused(stereo):
    with pytest.raises(ValueError, match="two channels"):
        make("period")(torch.cat([stereo, stereo], dim=1))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "wave"},
        {"kind": "waveform", "channels": 6},
        {"kind": "stft", "n_ffts": ()},
        {"kind": "stft", "channels": 0},
        {"kind": "stft", "n_fft": 512},
        {"kind": "period", "periods": (1, 2)},
        {"kind": "period", "bands": (0, 1)},
        {"kind": "cqt", "f_min": 0},
    ],
)
def test_a_wrong_config_is_refused(data):
    with pytest.raises(ValidationError):
        parse_config(data)
