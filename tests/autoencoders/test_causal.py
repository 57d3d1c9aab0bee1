"""The causal family: VibeVoice's counts and outputs, no look-ahead, chunks that join to the whole, what is refused."""

import pytest
import torch
from torch import nn
from transformers import VibeVoiceAcousticTokenizerConfig as PublicConfig
from transformers import VibeVoiceAcousticTokenizerModel as PublicModel

from shared.audio.spectral import Stft
from shared.autoencoders.builder import build_autoencoder
from shared.autoencoders.causal import CausalDecoder, CausalEncoder, DecoderStream
from shared.autoencoders.causal_config import CausalConfig, CausalSpectrumConfig
from shared.autoencoders.causal_spectrum import CausalStft
from shared.autoencoders.config import AutoencoderConfig

SIZES = {"family": "causal", "channels": 4, "layer_scale": 0.5, "initial_std": None}
WAVEFORM = SIZES | {"strides": (2, 5, 3), "depths": (1, 0, 2, 1)}
SPECTRUM = SIZES | {"strides": (3,), "depths": (1, 2), "latent_norm": True, "spectrum": {"n_fft": 32, "hop": 10}}
LONG_WINDOW = SPECTRUM | {"spectrum": {"n_fft": 122, "hop": 10}}  # it reaches two latent frames ahead
MAGNITUDES = SPECTRUM | {"spectrum": {"n_fft": 32, "hop": 10, "magnitudes": {"iterations": 3}}}
LONG_MAGNITUDES = SPECTRUM | {"spectrum": {"n_fft": 122, "hop": 10, "magnitudes": {"iterations": 3}}}
ENDS = {"waveform": WAVEFORM, "spectrum": SPECTRUM, "long window": LONG_WINDOW, "magnitudes": MAGNITUDES,
        "long window of magnitudes": LONG_MAGNITUDES}
HOP = 30


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(params=ENDS)
def autoencoder(request):
    torch.manual_seed(0)
    config = AutoencoderConfig(architecture=ENDS[request.param], bottleneck={"dim": 3})
    return build_autoencoder(config).requires_grad_(False)


def test_parameter_counts_of_vibevoices_acoustic_tokenizer():
    """The report says about 340 million each for encoder and decoder."""
    config = CausalConfig(family="causal")
    with torch.device("meta"):
        public = PublicModel(PublicConfig())
        encoder, decoder = CausalEncoder(config, 64), CausalDecoder(config, 64)
    assert count(encoder) == count(public.encoder) == 343_696_032
    assert count(decoder) == count(public.decoder) == 343_695_969
    assert config.hop == 3200


@torch.no_grad()
def test_it_computes_what_vibevoices_acoustic_tokenizer_does():
    torch.manual_seed(0)
    sizes = {"num_filters": 4, "downsampling_ratios": [2, 5, 3], "depths": [1, 2, 2, 1], "hidden_size": 3}
    public = PublicModel(PublicConfig(**sizes, layer_scale_init_value=0.5)).eval()
    for parameter in public.parameters():  # the public initialisation is too small to tell much
        parameter.copy_(0.3 * torch.randn(parameter.shape))
    config = CausalConfig.model_validate(WAVEFORM | {"depths": (1, 2, 2, 1)})
    encoder, decoder = CausalEncoder(config, 3), CausalDecoder(config, 3)
    audio, latent = torch.randn(2, 1, 5 * HOP), torch.randn(2, 3, 5)
    for ours, theirs in ((encoder, public.encoder), (decoder, public.decoder)):
        copy_modules(theirs, ours)
    expected = public.encoder(audio).latents.transpose(1, 2)
    torch.testing.assert_close(encoder(audio), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(decoder(latent), public.decoder(latent).audio, atol=1e-4, rtol=1e-4)


def copy_modules(source: nn.Module, target: nn.Module) -> None:
    """Weights of each kind of layer in its order; the public blocks name their two norms and scales first."""
    for kinds in (nn.Conv1d, nn.ConvTranspose1d, nn.Linear):
        pairs = ([each for each in module.modules() if isinstance(each, kinds)] for module in (source, target))
        for one, other in zip(*pairs, strict=True):
            other.load_state_dict(one.state_dict())
    for suffixes in (
        ("norm.weight", "norm.weight", "feed_forward.0.weight"),
        ("gamma", "depthwise_scale", "feed_forward_scale"),
    ):
        named = [each for name, each in source.named_parameters() if name.endswith(suffixes[0])]
        own = [each for name, each in target.named_parameters() if name.endswith(suffixes[1:])]
        for one, other in zip(named, own, strict=True):
            other.copy_(one.view_as(other))


def test_what_comes_later_changes_no_latent_frame_before_it(autoencoder):
    audio = torch.randn(2, 1, 6 * HOP)
    before = autoencoder.encode(audio).mean
    for changed in (6 * HOP - 1, 4 * HOP, 4 * HOP - 1):
        later = audio.clone()
        later[..., changed:] += 1
        after = autoencoder.encode(later).mean
        frame = changed // HOP
        torch.testing.assert_close(after[..., :frame], before[..., :frame])
        assert (after[..., frame] - before[..., frame]).abs().max() > 1e-4


def test_a_later_latent_frame_changes_no_sample_before_its_own(autoencoder):
    latents = torch.randn(2, 3, 6)
    before = autoencoder.decode(latents)
    for frame in (1, 5):
        later = latents.clone()
        later[..., frame:] += 1
        after = autoencoder.decode(later)
        torch.testing.assert_close(after[..., : frame * HOP], before[..., : frame * HOP])
        assert (after - before)[..., frame * HOP : (frame + 1) * HOP].abs().max() > 1e-4


@pytest.mark.parametrize("chunks", [(1, 2, 1, 5, 3), (12,), (1,) * 12])
def test_chunks_decoded_one_by_one_join_to_what_is_decoded_at_once(autoencoder, chunks):
    latents = torch.randn(2, 3, 12)
    stream, other = DecoderStream(autoencoder.decoder), DecoderStream(autoencoder.decoder)
    parts = []
    for chunk in latents.split(chunks, dim=-1):
        parts.append(stream(chunk))
        other(torch.randn(1, 3, 2))  # a second stream on the same decoder
        assert parts[-1].shape == (2, 1, chunk.shape[-1] * HOP)
    torch.testing.assert_close(torch.cat(parts, dim=-1), autoencoder.decode(latents), atol=1e-5, rtol=1e-4)


def test_a_causal_spectrum_is_that_of_what_the_latent_frame_knows():
    """The signal up to the latent frame's end, and zeros after it; `Stft` gives the same from there."""
    torch.manual_seed(0)
    causal, plain = CausalStft(CausalSpectrumConfig(n_fft=32, hop=10), 3), Stft(32, 10, padding="same")
    audio = torch.randn(2, 1, 6 * HOP)
    spectrum = causal(audio, None)
    assert spectrum.shape == (2, 18, 17)
    for frame in range(2, 6):  # away from the start, where `Stft` mirrors
        known = audio[:, 0].clone()
        known[:, (frame + 1) * HOP :] = 0
        expected = plain(torch.nn.functional.pad(known, (0, 100))).transpose(1, 2)
        torch.testing.assert_close(spectrum[:, 3 * frame : 3 * frame + 3], expected[:, 3 * frame : 3 * frame + 3])


@pytest.mark.parametrize("n_fft", [32, 122])
def test_windows_that_agree_are_put_together_to_their_signal(n_fft):
    torch.manual_seed(0)
    causal, plain = CausalStft(CausalSpectrumConfig(n_fft=n_fft, hop=10), 3), Stft(n_fft, 10, padding="same")
    audio = torch.randn(2, 9 * HOP)
    again = causal.inverse(plain(audio).transpose(1, 2), None)[:, 0]
    assert again.shape == audio.shape
    settled = slice(causal.overlap * HOP, -n_fft)  # past windows that were never there, and `Stft`'s mirrored end
    torch.testing.assert_close(again[:, settled], audio[:, settled], atol=1e-4, rtol=1e-4)


def test_published_initialisation():
    torch.manual_seed(0)
    config = CausalConfig(family="causal", channels=32, strides=(2, 4), depths=(1, 1, 1))
    encoder = CausalEncoder(config, 64)
    for name, parameter in encoder.named_parameters():
        if name.endswith("scale"):
            assert (parameter == 1e-6).all()
        elif name.endswith("bias"):
            assert (parameter == 0).all()
        elif parameter.ndim > 1:
            assert parameter.std().item() == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depths": (1, 1)}, "2 depths for 3 strides"),
        ({"spectrum": {"n_fft": 8, "hop": 10}}, "n_fft must be even and at least 2"),
        ({"spectrum": {"n_fft": 33, "hop": 10}}, "n_fft must be even"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        CausalConfig.model_validate(WAVEFORM | change)
