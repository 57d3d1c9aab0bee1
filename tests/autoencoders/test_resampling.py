"""SAME's autoencoder: the published parameter counts, what a latent sees, patches, tokens, and refusals."""

import pytest
import torch

from shared.autoencoders.builder import build_autoencoder, meta_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.autoencoders.resampling import ResamplingDecoder, ResamplingEncoder
from shared.autoencoders.resampling_config import ResamplingConfig
from shared.config import ConfigError, parse

SMALL = {"width": 768, "depth": 6, "window": None, "chunk": 2, "sine_layers": 0}
TINY = ResamplingConfig(
    family="resampling", patch=4, stride=4, width=16, depth=2, head_dim=8, sine_layers=1, branch_std=0.3,
    token_noise=(0.0, 0.0),
)
TINY_CHUNKS = TINY.model_copy(update={"window": None, "chunk": 2})


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("sizes", "encoder", "decoder"),
    [
        ({}, 426_063_664, 426_062_896),  # SAME-L: 426.06 M + 426.06 M
        (SMALL, 53_728_792, 53_728_792),  # SAME-S: 107.46 M together
        (SMALL | {"output_kernel": 3}, 53_728_792, 54_515_224),  # 108.24 M; the paper says 108 M
    ],
    ids=["L", "S", "S with a kernel of 3"],
)
def test_parameter_counts_of_same(sizes, encoder, decoder):
    architecture = {"family": "resampling", **sizes}
    autoencoder = meta_autoencoder(
        AutoencoderConfig(architecture=architecture, bottleneck={"kind": "soft_norm", "dim": 256})
    )
    assert (count(autoencoder.encoder), count(autoencoder.decoder)) == (encoder, decoder)
    assert autoencoder.hop == 4096 and autoencoder.latent_dim == 256 and autoencoder.channels == 2
    assert count(autoencoder) == encoder + decoder + 2 * 256


def test_counts_of_same_to_the_published_digits():
    assert f"{(426_063_664 + 426_062_896) / 1e6:.2f}" == "852.13" and f"{426_063_664 / 1e6:.2f}" == "426.06"
    assert f"{2 * 53_728_792 / 1e6:.2f}" == "107.46"


@pytest.mark.parametrize("config", [TINY, TINY_CHUNKS], ids=["window", "chunks"])
@pytest.mark.parametrize("frames", [1, 2, 3, 8])
def test_lengths_are_exact(config, frames):
    latent = ResamplingEncoder(config, 6)(torch.zeros(2, 2, frames * config.hop))
    assert latent.shape == (2, 6, frames)
    assert ResamplingDecoder(config, 6)(torch.zeros(2, 6, frames)).shape == (2, 2, frames * config.hop)


def seen(config: ResamplingConfig, frames: int, frame: int) -> list[int]:
    """The latent frames whose samples a latent frame depends on."""
    torch.manual_seed(0)
    audio = torch.randn(1, 2, frames * config.hop, requires_grad=True)
    latent = ResamplingEncoder(config, 6)(audio)
    gradient = torch.autograd.grad(latent[0, :, frame].sum(), audio)[0]
    return (gradient.unflatten(2, (frames, -1)).abs().sum(dim=(0, 1, 3)) > 0).nonzero().flatten().tolist()


def test_what_a_latent_frame_sees_grows_with_depth_and_window():
    """A new token ends its frame: a window of one frame reaches the whole of the next, and of the last its token."""
    assert seen(TINY.model_copy(update={"depth": 1}), 9, 4) == [4, 5]
    assert seen(TINY, 9, 4) == [3, 4, 5, 6]
    assert seen(TINY.model_copy(update={"depth": 3}), 9, 4) == [2, 3, 4, 5, 6, 7]
    assert seen(TINY.model_copy(update={"depth": 1, "window": 2}), 9, 4) == [3, 4, 5, 6]


def test_chunks_move_by_half_of_their_length_halfway_through():
    assert seen(TINY_CHUNKS.model_copy(update={"depth": 1}), 8, 4) == [3, 4]  # the only layer is of the second half
    assert seen(TINY_CHUNKS, 8, 4) == [2, 3, 4, 5]
    assert seen(TINY_CHUNKS, 8, 0) == [0, 1]


def test_a_patch_holds_neighbouring_samples_of_each_channel():
    """With an identity before the transformer, a token is a patch: channel by channel, in the order of time."""
    config = TINY.model_copy(update={"width": 8, "depth": 1, "branch_std": 0.0})
    encoder = ResamplingEncoder(config, 2)
    encoder.embed = torch.nn.Conv1d(8, 8, 1, bias=False)
    torch.nn.init.dirac_(encoder.embed.weight)
    given = []
    encoder.resampler.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    audio = torch.arange(32.0).expand(2, -1) + torch.tensor([[0.0], [100.0]])
    encoder(audio.unsqueeze(0))
    assert given[0].shape == (1, 2, 4, 8)
    assert given[0][0, 0, 1].tolist() == [4, 5, 6, 7, 104, 105, 106, 107]


def test_an_encoder_without_branches_makes_nothing_but_its_token():
    """Zero-initialised branches leave new tokens as they are; the decoder's output is then a bias."""
    torch.manual_seed(0)
    config = TINY.model_copy(update={"branch_std": 0.0})
    encoder, decoder = ResamplingEncoder(config, 6), ResamplingDecoder(config, 6)
    latent = encoder(torch.randn(1, 2, 3 * config.hop))
    torch.testing.assert_close(latent, encoder.project(encoder.resampler.token)[None, :, None].expand(1, 6, 3))
    assert decoder(latent).unflatten(2, (-1, 4)).std(dim=2).max() < 1e-6


def test_the_decoders_copies_of_one_token_come_out_different():
    torch.manual_seed(0)
    patches = ResamplingDecoder(TINY, 6)(torch.randn(1, 6, 3)).unflatten(2, (-1, 4))
    assert patches.std(dim=2).min() > 1e-4


def test_noise_on_new_tokens_is_in_training_only():
    torch.manual_seed(0)
    config = TINY.model_copy(update={"token_noise": (0.5, 0.5)})
    encoder, audio = ResamplingEncoder(config, 6), torch.randn(1, 2, 3 * config.hop)
    assert not torch.equal(encoder(audio), encoder(audio))
    encoder.eval()
    assert torch.equal(encoder(audio), encoder(audio))


def test_the_last_layers_of_the_decoder_have_a_sine():
    decoder = ResamplingDecoder(TINY.model_copy(update={"depth": 5, "sine_layers": 2}), 6)
    assert [block.feed_forward.sine for block in decoder.resampler.blocks] == [False, False, False, True, True]
    encoder = ResamplingEncoder(TINY, 6)
    assert not any(block.feed_forward.sine for block in encoder.resampler.blocks)


def test_zero_initialised_branches_learn_from_there():
    torch.manual_seed(0)
    architecture = TINY.model_copy(update={"branch_std": 0.0}).model_dump()
    model = build_autoencoder(AutoencoderConfig(architecture=architecture, bottleneck={"kind": "soft_norm", "dim": 6}))
    time = torch.arange(20 * TINY.hop) / 100
    audio = 0.5 * torch.stack([torch.sin(20 * time), torch.sin(33 * time)]).unsqueeze(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    errors = []
    for _ in range(80):
        error = (model(audio)[0] - audio).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < errors[0] / 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chunk": 2}, "give either window or chunk"),
        ({"window": None}, "give either window or chunk"),
        ({"window": None, "chunk": 3}, "chunk 3 can't be moved by half"),
        ({"head_dim": 6}, "width 16 must be a multiple of head_dim 6"),
        ({"sine_layers": 3}, "sine_layers 3 is more than the 2 layers"),
        ({"output_kernel": 2}, "output_kernel 2 must be odd"),
        ({"strid": 8}, "strid: unknown key; did you mean 'stride'"),
    ],
)
def test_a_wrong_config_is_one_clear_line(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(ResamplingConfig, {**TINY.model_dump(), **change}, "study.yaml")
