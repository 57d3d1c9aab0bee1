"""The models that shape a latent while it is learned (SAME, arXiv 2605.18613), made part of a training.

They see the latent that is decoded, before a bottleneck puts noise into the decoder's input: of a VAE the sample, of a
soft-norm bottleneck the latent itself.

In the released code, the probe's parameters are in the autoencoder's optimiser and in the discriminators' too, of which
one steps at a time. Here all step each time, and these have an optimiser of their own, `shaping`, of the same settings.
AdamW treats each parameter by itself, and the norm that gradients are clipped to is not shared with the autoencoder. So
until their `detach_steps` are over, they change nothing about it.
"""

import sys
from collections.abc import Collection
from pathlib import Path

from accelerate import Accelerator
from torch import Tensor, nn

from shared.config import ConfigError
from shared.corpora.manifest import Split, load_manifest
from shared.losses.config import ContrastiveCriticConfig
from shared.losses.contrastive import ContrastiveCritic
from shared.losses.generative_probe import GenerativeProbe
from shared.losses.semantic import SemanticRegressors
from shared.text.base import Text
from shared.text.config import FROZEN_TEXT
from shared.text.encoders import build_text_encoder, with_characters
from shared.text.unknown_tokens import unknown_tokens
from shared.training.models import prepare_model
from shared.training.recipes import AutoencoderRecipe
from shared.training.stages_config import LossName

TEXT_ENCODER = "text_encoder"  # its name beside the losses', where it trains


class Shaping:
    """Those of the models that a recipe has.

    Args:
        recipe: with a `shaping`.
        length: of a crop, in samples.
        sample_rate: in Hz.
        accelerator: what prepares them.
        texts: of the clips, for a critic that reads.

    Attributes:
        modules: what trains, by name: the losses, and the critic's text encoder unless it is frozen.

    Raises:
        ConfigError: the critic's wavelets don't fit the crops, or its text encoder can't tell two texts apart.
    """

    def __init__(
        self,
        recipe: AutoencoderRecipe,
        length: int,
        sample_rate: int,
        accelerator: Accelerator,
        texts: list[str] | None,
    ):
        config, architecture, dim = recipe.shaping, recipe.architecture, recipe.bottleneck.dim
        channels = architecture.audio_channels
        self.modules: dict[str, nn.Module] = {}
        self.text_encoder = None
        if config.probe:
            self.modules["probe"] = GenerativeProbe(config.probe, dim)
        if config.semantic:
            regressors = SemanticRegressors(config.semantic, dim, architecture.hop, sample_rate, channels)
            self.modules["semantic"] = regressors
        if config.contrastive:
            self.modules["contrastive"] = _build_critic(config.contrastive, dim, channels, length)
            self._build_text_encoder(config.contrastive, accelerator, texts)
        self.models = {
            name: prepare_model(module, accelerator, recipe.training) for name, module in self.modules.items()
        }

    def _build_text_encoder(
        self, config: ContrastiveCriticConfig, accelerator: Accelerator, texts: list[str] | None
    ) -> None:
        if config.text is None:
            return
        encoder = build_text_encoder(with_characters(config.text, texts))
        if (remark := unknown_tokens(encoder.tokenizer, texts)) and accelerator.is_main_process:
            print(remark, file=sys.stderr)
        if config.text.kind in FROZEN_TEXT:
            self.text_encoder = encoder.to(accelerator.device)
        else:
            self.modules[TEXT_ENCODER] = encoder

    def models_of(self, losses: Collection[LossName]) -> list[nn.Module]:
        """The prepared models that have a part in these losses."""
        used = {*losses, *([TEXT_ENCODER] if "contrastive" in losses else [])}
        return [model for name, model in self.models.items() if name in used]

    def __call__(self, loss: LossName, latents: Tensor, audio: Tensor, texts: list[str] | None, index: int) -> Tensor:
        """The loss of that name, a scalar.

        Args:
            loss: its name.
            latents: what is decoded, `(batch, dim, frames)`.
            audio: what they are of, `(batch, time)` or `(batch, channels, time)`.
            texts: of the clips, for a critic that reads.
            index: of the step.
        """
        model = self.models[loss]
        if loss == "probe":
            return model(latents, index)
        if loss == "semantic":
            return model(latents, audio, index)
        return model(latents, audio, index, self._read(texts))

    def _read(self, texts: list[str] | None) -> Text | None:
        encoder = self.models.get(TEXT_ENCODER, self.text_encoder)
        return None if encoder is None else encoder(texts)

    def follow(self, means: dict[str, Tensor]) -> None:
        """Let the probe's σ follow a step's `latent_std`, the mean over its micro-batches and processes."""
        if "probe" in means:
            self.modules["probe"].follow(means["latent_std"])


def _build_critic(config: ContrastiveCriticConfig, dim: int, channels: int, length: int) -> ContrastiveCritic:
    critic = ContrastiveCritic(config, dim, channels, config.text.dim if config.text else None)
    if not critic.wavelet.fits(length):
        raise ConfigError(
            f"shaping.contrastive.wavelet_levels: crops of {length} samples can't be halved {config.wavelet_levels} "
            "times; set fewer levels, or longer crop_seconds"
        )
    return critic


def load_texts(corpora: list[Path], split: Split) -> list[str]:
    """Transcript or caption of each clip of one split of all corpora.

    Raises:
        ConfigError: a clip has none.
    """
    clips = [clip for corpus in corpora for clip in load_manifest(corpus).split(split)]
    if silent := [clip.id for clip in clips if not clip.text.strip()]:
        raise ConfigError(
            f"shaping.contrastive.text: {len(silent)} of {len(clips)} clips have no text, such as {silent[0]}; drop it "
            "(audio alone is told apart), or take a corpus with captions"
        )
    return [clip.text for clip in clips]
