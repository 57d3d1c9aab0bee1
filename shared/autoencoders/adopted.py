"""An autoencoder that others trained, as the rest of the chain uses any: `Autoencoder`, with exact lengths."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.autoencoders.adapters.base import Adapter
from shared.autoencoders.adapters.config import AdapterConfig
from shared.autoencoders.base import Autoencoder
from shared.bottlenecks.base import Bottleneck, GaussianPosterior, Posterior, SigmaPosterior
from shared.bottlenecks.config import Draw
from shared.config import ConfigError

MORE = 3  # frames beyond the audio's that an encoder may need to make as many as it should
PROBE = (1, 3.4, 7)  # latent frames of the tones that an autoencoder is tried with


class AdoptedEncoder(nn.Module):
    """`(batch, channels, frames * hop)` → mean and std, `(batch, 2 * dim, frames)`."""

    def __init__(self, adapter: Adapter, channels: int):
        super().__init__()
        self.adapter, self.channels = adapter, channels
        self.weights = adapter.model if isinstance(adapter.model, nn.Module) else None

    def forward(self, audio: Tensor) -> Tensor:
        """Silence is added behind what is too short for the model, and the frames that it makes are cut off."""
        hop, frames = self.adapter.facts.hop, audio.shape[-1] // self.adapter.facts.hop
        if self.channels < self.adapter.facts.channels:
            audio = audio.expand(-1, self.adapter.facts.channels, -1)
        for more in range(MORE + 1):
            given = max(frames + more, self.adapter.least)
            mean, std = self.adapter.encode(F.pad(audio, (0, given * hop - audio.shape[-1])))
            if mean.shape[-1] > given + MORE:
                raise ConfigError(f"its encoder makes {mean.shape[-1]} latent frames of audio of {given}: another hop")
            if mean.shape[-1] >= frames:
                break
        else:
            raise ConfigError(f"its encoder makes {mean.shape[-1]} latent frames of audio of {frames + MORE}")
        std = torch.zeros_like(mean) if std is None else std.expand_as(mean)
        return torch.cat([mean, std], dim=1)[..., :frames]


class AdoptedPosterior(GaussianPosterior):
    """That of a latent whose std is 0 where it has no noise, and its KL infinite."""

    def penalty(self) -> Tensor:
        """Nothing is trained, and so nothing kept small: zeros, `(batch, frames)`."""
        return torch.zeros_like(self.mean[:, 0])


class AdoptedBottleneck(Bottleneck):
    """Splits what the encoder makes into mean and std."""

    def __init__(self, dim: int, draw: Draw):
        super().__init__()
        self.dim, self.in_channels, self.draw = dim, 2 * dim, draw

    def forward(self, features: Tensor) -> Posterior:
        """`(batch, 2 * dim, frames)` → posterior."""
        mean, std = features.float().chunk(2, dim=1)
        return AdoptedPosterior(mean, std) if self.draw == "fixed" else SigmaPosterior(mean, std, self.draw)


class AdoptedDecoder(nn.Module):
    """`(batch, dim, frames)` → `(batch, channels, frames * hop)`."""

    def __init__(self, adapter: Adapter, channels: int):
        super().__init__()
        self.adapter, self.channels = adapter, channels

    def forward(self, latents: Tensor) -> Tensor:
        """A decoder that makes too few samples is given the last frame once more; what is beyond is cut off."""
        wanted = latents.shape[-1] * self.adapter.facts.hop
        audio = self.adapter.decode(latents)
        if audio.shape[-1] < wanted:
            audio = self.adapter.decode(torch.cat([latents, latents[..., -1:]], dim=-1))
        beyond = (audio.shape[-1] - wanted) / self.adapter.facts.hop
        if not -1 < beyond <= MORE + 1:
            made, frames = audio.shape[-1], latents.shape[-1]
            raise ConfigError(f"its decoder makes {made} samples of {frames} latent frames, which are {wanted}")
        if self.channels < audio.shape[1]:
            audio = audio.mean(dim=1, keepdim=True)
        return F.pad(audio, (0, max(0, wanted - audio.shape[-1])))[..., :wanted]


class Adopted(NamedTuple):
    """An autoencoder and what is known of it."""

    autoencoder: Autoencoder
    latent: str
    fingerprint: str


def adopt(config: AdapterConfig) -> Adopted:
    """Load an autoencoder that others trained; frozen, in eval mode.

    Raises:
        ConfigError: it is missing or damaged, of another class, or other than its config says.
    """
    adapter = config.build()
    _check_facts(config, adapter)
    autoencoder = adapter.autoencoder(config.channels)
    return Adopted(autoencoder.eval().requires_grad_(False), adapter.latent, adapter.fingerprint())


def wrapped(adapter: Adapter, channels: int) -> Autoencoder:
    """What an adapter is by default: its encoder and decoder around the latent that it gives."""
    facts = adapter.facts
    bottleneck = AdoptedBottleneck(facts.dim, adapter.draw)
    parts = AdoptedEncoder(adapter, channels), bottleneck, AdoptedDecoder(adapter, channels)
    return Autoencoder(*parts, facts.hop, channels)


def _check_facts(config: AdapterConfig, adapter: Adapter) -> None:
    facts = adapter.facts
    for name in ("sample_rate", "hop", "dim"):
        said, found = getattr(config, name), getattr(facts, name)
        if said != found:
            told = f"pretrained.{name} is {said}, and the model's is {found}; say that"
            raise ConfigError(f"model {config.model}: {told}")
    if config.channels > facts.channels:
        raise ConfigError(
            f"model {config.model}: pretrained.channels is {config.channels}, and the model's is {facts.channels}"
        )


@torch.inference_mode()
def check_contract(autoencoder: Autoencoder, sample_rate: int, name: str) -> None:
    """Try an autoencoder with tones of awkward lengths.

    Raises:
        ConfigError: latents or audio have another shape than they should, hold values that are not finite or stds
            below 0, or are not the same each time.
    """
    device = next(iter(autoencoder.parameters()), torch.zeros(0)).device
    for frames in PROBE:
        length = max(1, round(frames * autoencoder.hop))
        tone = 0.3 * torch.sin(torch.arange(length, device=device) * (2 * torch.pi * 220 / sample_rate))
        audio = tone.expand(1, autoencoder.channels, -1)
        posterior = autoencoder.encode(audio)
        _check_tensor(name, "its latent", posterior.mean, (1, autoencoder.latent_dim, -(-length // autoencoder.hop)))
        _check_tensor(name, "the std of its latent", posterior.std, tuple(posterior.mean.shape))
        if not torch.equal(autoencoder.encode(audio).mean, posterior.mean):
            told = "encodes the same audio to another latent each time; its mean must have no noise"
            raise ConfigError(f"{name}: {told}")
        if (posterior.std < 0).any():
            raise ConfigError(f"{name}: the std of its latent is below 0; of a log-variance give exp of its half")
        decoded = autoencoder.decode(posterior.mean, noise=False)
        if not torch.equal(autoencoder.decode(posterior.mean, noise=False), decoded):
            told = "decodes the same latent to other audio each time; its decoder must have no noise"
            raise ConfigError(f"{name}: {told}")
        shape = (1, autoencoder.channels, posterior.mean.shape[-1] * autoencoder.hop)
        _check_tensor(name, "what it decodes", decoded, shape)


def _check_tensor(name: str, what: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(tensor.shape) != shape:
        raise ConfigError(f"{name}: {what} is {tuple(tensor.shape)} where it should be {shape}")
    if not tensor.isfinite().all():
        raise ConfigError(f"{name}: {what} holds values that are not finite")
