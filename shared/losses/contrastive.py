"""A critic that tells a latent with its own audio and text from one with another's (SAME).

    loss = mean softplus(margin − (D(a, x, z) − D(a', x', z)))

D scores audio a, text x and latent z together. In the negatives, those of other examples of the batch stand in place of
the audio, of the text, or of both: the batch is rolled by 1, 2, … examples, audio one way and text the other. A
difference counts up to 10. Examples with the same text are told apart all the same.

The transformer reads the wavelet transform of the audio, the text, the latent, and a token of its own, whose direction
at the end is scored. Much of the audio is left out, a little of the latent, so that it has to understand what is there.
For the first steps the encoder does not learn from it.

Left out: trained factors of the mean and of the rest of each attention's output (FeatScale), which the released code's
critic has.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from shared.audio.wavelet import Wavelet
from shared.config import ConfigError
from shared.layers.attention import length_mask, rotary_angles
from shared.layers.transformer import ROPE_BASE, TransformerBlock
from shared.layers.windows import Everything
from shared.losses.contrastive_config import ContrastiveCriticConfig
from shared.losses.shaping import ShapingLoss, ShapingSetup
from shared.text.base import Text
from shared.text.unknown_tokens import unknown_tokens

LARGEST_DIFFERENCE = 10.0
TOKEN_STD = 1e-2


class Triples(NamedTuple):
    """Audio `(batch, bands, audio frames)`, latents `(batch, dim, frames)` and, if there is text, that."""

    audio: Tensor
    latents: Tensor
    text: Text | None


class ContrastiveCritic(nn.Module):
    """The loss of triples, and the transformer that learns from it.

    Args:
        config: sizes and masks.
        latent_dim: channels of a latent frame.
        channels: of the audio.
        text_dim: channels of the text's features; none: audio alone is told apart.
    """

    def __init__(
        self, config: ContrastiveCriticConfig, latent_dim: int, channels: int = 1, text_dim: int | None = None
    ):
        super().__init__()
        self.config = config
        self.wavelet = Wavelet(config.wavelet_levels)
        self.audio_embed = nn.Linear(channels * 2**config.wavelet_levels, config.width)
        self.latent_embed = nn.Linear(latent_dim, config.width)
        self.text_embed = nn.Linear(text_dim, config.width) if text_dim else None
        self.token = nn.Parameter(TOKEN_STD * torch.randn(config.width))
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.head_dim, config.feed_forward, differential=False)
            for _ in range(config.depth)
        )
        self.score = weight_norm(nn.Linear(config.width, 1))

    def forward(self, latents: Tensor, audio: Tensor, text: Text | None = None) -> Tensor:
        """The loss, a scalar.

        Args:
            latents: `(batch, dim, frames)`.
            audio: what they are of, `(batch, channels, time)`.
            text: what a text encoder makes of the captions, if the critic has a `text_dim`.

        Raises:
            ValueError: a batch of one example, which leaves no other; or a text for a critic without, or none for one
                with it.
        """
        if len(latents) < 2:
            raise ValueError("a contrastive critic compares the examples of a batch: it needs two or more")
        if (text is None) != (self.text_embed is None):
            raise ValueError("a critic with a text_dim needs a text, and one without takes none")
        own = Triples(self.wavelet(audio), latents, text)
        score = self.judge(own)
        losses = [self._loss(score, other) for shift in self.shifts(len(latents)) for other in negatives(own, shift)]
        return torch.stack(losses).mean()

    def shifts(self, batch: int) -> range:
        """By how many examples the batch is rolled for its negatives."""
        return range(1, 1 + min(max(1, self.config.negatives // (3 * batch)), batch - 1))

    def judge(self, triples: Triples) -> Tensor:
        """The score of each example, `(batch, 1)`; in training, of what the masks leave of it."""
        audio, latents = triples.audio.transpose(1, 2), triples.latents.transpose(1, 2)
        if self.training:
            audio = audio * (1 + self.config.gain * torch.rand(1, device=audio.device))
        audio, latents = self.audio_embed(audio), self.latent_embed(latents)
        if self.training:
            audio, latents = self._mask(audio, latents)
        parts = [audio, *self._text(triples.text), latents, self.token.expand(len(audio), 1, -1)]
        x = torch.cat(parts, dim=1)
        positions = torch.arange(x.shape[1], device=x.device).float().unsqueeze(0)
        angles = rotary_angles(positions, self.config.head_dim // 2, ROPE_BASE)
        window = Everything(self._valid(triples, x))
        for block in self.blocks:
            x = block(x, angles, window)
        return self.score(F.normalize(x[:, -1], dim=-1, eps=1e-5))

    def _mask(self, audio: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        left_out = torch.rand(*audio.shape[:2], 1, device=audio.device) < self.config.frame_mask
        audio = F.dropout(audio.masked_fill(left_out, 0), self.config.audio_dropout)
        noise = self.config.latent_noise * torch.randn_like(latents)
        return audio, F.dropout(latents, self.config.latent_dropout) + noise

    def _text(self, text: Text | None) -> list[Tensor]:
        return [] if text is None or self.text_embed is None else [self.text_embed(text.features)]

    def _valid(self, triples: Triples, x: Tensor) -> Tensor | None:
        """False on tokens past a text's end, `(batch, 1, 1, tokens)`."""
        if triples.text is None:
            return None
        tokens = triples.text.features.shape[1]
        before, after = triples.audio.shape[2], triples.latents.shape[2] + 1
        valid = length_mask(triples.text.lengths, tokens)
        return F.pad(valid, (before, after), value=True)[:, None, None]

    def _loss(self, own: Tensor, other: Triples) -> Tensor:
        difference = (own - self.judge(other)).clamp(max=LARGEST_DIFFERENCE)
        return F.softplus(self.config.margin - difference).mean()


class ContrastiveLoss(ShapingLoss):
    """The critic, and what reads the texts for it.

    Raises:
        ConfigError: the critic's wavelets don't fit the crops, or the text encoder can't tell two texts apart.
    """

    def __init__(self, config: ContrastiveCriticConfig, setup: ShapingSetup):
        super().__init__()
        text_dim = config.text.dim if config.text else None
        self.critic = ContrastiveCritic(config, setup.latent_dim, setup.channels, text_dim)
        if not self.critic.wavelet.fits(setup.length):
            raise ConfigError(
                f"shaping.contrastive.wavelet_levels: crops of {setup.length} samples can't be halved "
                f"{config.wavelet_levels} times; set fewer levels, or longer crop_seconds"
            )
        self.text_encoder: nn.Module | None = None
        self.frozen: list[nn.Module] = []  # in a list, so that it is neither trained nor saved with the critic
        if config.text:
            texts = setup.texts or []
            encoder = config.text.knowing(texts).build()
            self.remark = unknown_tokens(encoder.tokenizer, texts)
            if config.text.frozen:
                self.frozen.append(encoder)
            else:
                self.text_encoder = encoder

    def forward(self, latents: Tensor, audio: Tensor, texts: list[str] | None = None) -> Tensor:
        """See `ShapingLoss`."""
        return self.critic(latents, audio, self._read(texts, latents.device))

    def _read(self, texts: list[str] | None, device: torch.device) -> Text | None:
        if self.frozen:
            return self.frozen[0].to(device)(texts)
        return self.text_encoder(texts) if self.text_encoder else None


def negatives(own: Triples, shift: int) -> list[Triples]:
    """The triples with another's audio, and, if there is text, with another's text, and with both."""
    audio = own.audio.roll(shift, 0)
    if own.text is None:
        return [own._replace(audio=audio)]
    text = Text(own.text.features.roll(-shift, 0), own.text.lengths.roll(-shift, 0))
    return [own._replace(audio=audio), own._replace(text=text), own._replace(audio=audio, text=text)]


build = ContrastiveLoss
