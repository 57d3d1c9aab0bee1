"""The multi-scale STFT discriminator: shapes, gradients, size, and that it can tell two sounds apart."""

import pytest
import torch
from pydantic import ValidationError

from shared.autoencoders.config import DiscriminatorConfig
from shared.autoencoders.discriminators import MultiScaleStftDiscriminator
from shared.losses.adversarial import AdversarialLoss, FeatureMatchingLoss

SMALL = DiscriminatorConfig(n_ffts=(128, 64), overlap=2, channels=4, stem_stride=2, dilations=(1, 2))


@pytest.fixture
def audio() -> torch.Tensor:
    return 0.1 * torch.randn(2, 1, 1024, generator=torch.Generator().manual_seed(0))


def test_shapes(audio):
    logits, features = MultiScaleStftDiscriminator(SMALL)(audio)
    assert [tuple(x.shape) for x in logits] == [(2, 1, 17, 9), (2, 1, 33, 5)]
    assert [len(layers) for layers in features] == [4, 4]
    assert features[0][0].shape == (2, 4, 17, 33)


def test_parameters_of_one_scale():
    """Stem 2 to 32 (3x9), three 32 to 32 (3x9), one 32 to 32 (3x3), head; a bias and a gain an output."""
    with torch.device("meta"):
        model = MultiScaleStftDiscriminator(DiscriminatorConfig(n_ffts=(1024,)))
    expected = 2 * 32 * 27 + 3 * 32 * 32 * 27 + 32 * 32 * 9 + 32 * 9 + 2 * (5 * 32 + 1)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


def test_gradient_reaches_the_audio_and_every_parameter(audio):
    model = MultiScaleStftDiscriminator(SMALL)
    audio.requires_grad_()
    logits, features = model(audio)
    _, real = model(torch.zeros_like(audio))
    (AdversarialLoss().generator(logits) + FeatureMatchingLoss()(real, features)).backward()
    assert audio.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize(("kind", "chance"), [("least_squares", 0.5), ("hinge", 2.0)])
def test_it_learns_to_tell_a_tone_from_noise(audio, kind, chance):
    torch.manual_seed(0)
    model, loss = MultiScaleStftDiscriminator(SMALL), AdversarialLoss(kind)
    tone = 0.1 * torch.sin(torch.arange(1024) * 0.3).expand(2, 1, -1)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        value = loss.discriminator(model(tone)[0], model(audio)[0])
        value.backward()
        optimiser.step()
    assert value.item() < chance / 2


@pytest.mark.parametrize("change", [{"n_ffts": ()}, {"channels": 0}, {"n_fft": 512}])
def test_a_wrong_config_is_refused(change):
    with pytest.raises(ValidationError):
        DiscriminatorConfig(**change)
