"""A generator that learns beside the autoencoder, so that the encoder makes what is easy to generate (SAME).

    z_t = (1 − t) z + t σ ε,  loss = mean (v(z_t, t) − (σ ε − z))²,  ε ~ N(0, 1)

z is the latent, σ a running mean (0.99) of its standard deviation, up to the step before: then all micro-batches and
processes of a step have the same σ. Times are drawn as the released code does: from a
logistic-normal distribution cut off below 0.075, stretched to [0, 1] and turned round, so that t has few values near 1,
where all is noise. For the first steps the encoder does not learn from it; after them, the gradient reaches the encoder
through z_t and through the target.

The transformer has the sizes of the published one: attention to all, the time as a token in front, 39.3 M parameters
with its defaults. Left out are its residual 1 × 1 convolutions beside the latent, a third of a percent of them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shared.layers.attention import Embedder, rotary_angles, time_features
from shared.layers.transformer import ROPE_BASE, TransformerBlock
from shared.losses.generative_probe_config import GenerativeProbeConfig
from shared.losses.shaping import ShapingLoss, ShapingSetup

MOMENTUM = 0.99


class GenerativeProbe(ShapingLoss):
    """The loss, and the transformer that learns from it. σ is saved with the weights."""

    sigma: Tensor

    def __init__(self, config: GenerativeProbeConfig, latent_dim: int):
        super().__init__()
        self.config = config
        self.transformer = ProbeTransformer(config, latent_dim)
        self.register_buffer("sigma", torch.ones(1))

    def forward(self, latents: Tensor, audio: Tensor | None = None, texts: list[str] | None = None) -> Tensor:
        """The loss of the latents alone, a scalar."""
        latents = latents.float().transpose(1, 2)
        time = draw_times(len(latents), self.config.truncation).to(latents.device)
        noise = self.sigma * torch.randn(latents.shape, device=latents.device)
        share = time[:, None, None]
        velocity = self.transformer((1 - share) * latents + share * noise, time)
        return F.mse_loss(velocity.float(), noise - latents)

    @torch.no_grad()
    def follow(self, std: Tensor) -> None:
        """Move σ towards the standard deviation of a step's latents."""
        self.sigma.mul_(MOMENTUM).add_((1 - MOMENTUM) * std)


class ProbeTransformer(nn.Module):
    """Velocity `(batch, frames, dim)` at noisy latents of the same shape and times `(batch,)`, 1 being noise."""

    def __init__(self, config: GenerativeProbeConfig, latent_dim: int):
        super().__init__()
        self.config, self.head_dim = config, config.width // config.heads
        self.time_embed = Embedder(config.time_features, config.width)
        self.embed = nn.Linear(latent_dim, config.width, bias=False)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                config.width, self.head_dim, config.feed_forward, norm="layer", qk_norm=None, differential=False
            )
            for _ in range(config.depth)
        )
        self.project = nn.Linear(config.width, latent_dim, bias=False)

    def forward(self, noisy: Tensor, time: Tensor) -> Tensor:
        """See the class."""
        now = self.time_embed(time_features(time, self.config.time_features)).unsqueeze(1)
        x = torch.cat([now, self.embed(noisy)], dim=1)
        positions = torch.arange(x.shape[1], device=x.device).float().unsqueeze(0)
        angles = rotary_angles(positions, self.head_dim // 2, ROPE_BASE)
        for block in self.blocks:
            x = block(x, angles)
        return self.project(x[:, 1:])


def draw_times(count: int, truncation: float) -> Tensor:
    """`(count,)` times `1 − (s − a) / (1 − a)`, s logistic-normal above a, from torch's global generator of the CPU."""
    lowest = torch.special.ndtr(torch.logit(torch.tensor(truncation)))
    share = lowest + (1 - lowest) * torch.rand(count)
    above = torch.sigmoid(torch.special.ndtri(share))
    return (1 - (above - truncation) / (1 - truncation)).clamp(0, 1)


def build(config: GenerativeProbeConfig, setup: ShapingSetup) -> GenerativeProbe:
    """The probe for latents of such setup."""
    return GenerativeProbe(config, setup.latent_dim)
