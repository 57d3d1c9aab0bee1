"""A trained autoencoder with the generator of its latents, as Python code uses them.

    pair = Pair.from_pretrained("runs/cpu/longcat/autoencoder/seed0-…", "runs/cpu/longcat/generator/seed0-…")
    audio = pair.say("Good morning.", prompt=recording, prompt_text="What is said in it.")
"""

from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from shared.autoencoders.base import Autoencoder
from shared.autoencoders.builder import SavedAutoencoder, load_autoencoder
from shared.bottlenecks.base import draw_clip
from shared.config import ConfigError
from shared.device import batch_of, clip_of, device
from shared.generators.builder import load_generator
from shared.sampling.solver_config import SolverConfig
from shared.tensors import read_description

WEIGHTS = "model.safetensors"


class Pair:
    """Both, frozen, where models run.

    Args:
        autoencoder, generator: their weights, with `model.json` beside each.

    Raises:
        ConfigError: a file is missing or damaged, or the two don't belong together.
    """

    def __init__(self, autoencoder: Path, generator: Path):
        self.device = device()
        self.autoencoder: Autoencoder = load_autoencoder(autoencoder).to(self.device)
        self.generator, saved = load_generator(generator)
        self.generator.to(self.device)
        self.scale, self.kind = saved.latent_scale, saved.config.kind
        self._about = read_description(autoencoder, SavedAutoencoder)
        if saved.latent_dim != self.autoencoder.latent_dim:
            dims = f"{saved.latent_dim} channels, and {autoencoder} makes {self.autoencoder.latent_dim}"
            raise ConfigError(f"{generator}: has learned latents of {dims}; give it the autoencoder of its training")

    @classmethod
    def from_pretrained(cls, autoencoder: str | Path, generator: str | Path) -> Self:
        """Those in the run folders of two jobs; the generator must have learned this autoencoder's latents."""
        return cls(Path(autoencoder) / WEIGHTS, Path(generator) / WEIGHTS)

    @property
    def sample_rate(self) -> int:
        """Of all audio, in Hz."""
        return self._about.sample_rate

    @torch.inference_mode()
    def say(
        self,
        text: str,
        prompt: np.ndarray | None = None,
        prompt_text: str = "",
        seconds: float | None = None,
        solver: SolverConfig | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Speech or, without a prompt, the sound of a caption.

        Args:
            text: what to say, or the caption.
            prompt: a recording of the voice at `sample_rate`, `(time,)`, or `(2, time)` of a stereo autoencoder.
            prompt_text: what is said in it.
            seconds: how long it lasts; by default as long as `text` takes at the prompt's characters a second. A
                next-token generator ends by itself, at the solver's `longest` times that at the latest.
            solver: how it is sampled; by default as the config of the generator's kind has it.
            seed: of all that is random.

        Returns:
            The waveform without the prompt, float32 `(time,)` or `(2, time)`.

        Raises:
            ValueError: there is neither a prompt nor `seconds`.
            ConfigError: the text has a character that the generator never saw.
        """
        if seconds is None:
            if prompt is None or not prompt_text:
                raise ValueError("say how many seconds it lasts, or give a prompt and its prompt_text")
            seconds = prompt.shape[-1] / self.sample_rate * len(text) / len(prompt_text)
        solver = solver or SolverConfig.model_validate({"kind": self.kind})
        rng = torch.Generator().manual_seed(seed)
        latents = self.no_prompt if prompt is None else self.encode(prompt, rng) / self.scale
        frames = max(1, round(seconds * solver.longest * self.sample_rate / self.autoencoder.hop))
        noise = torch.randn(len(latents) + frames, self.autoencoder.latent_dim, generator=rng).to(self.device)
        whole = text if prompt is None else f"{prompt_text} {text}"
        said = None if prompt is None else prompt_text
        (made,) = self.sample(solver, [noise], [latents], [whole], [said])
        return self.decode(made)

    @property
    def no_prompt(self) -> Tensor:
        """Latents of 0 frames, `(0, dim)`."""
        return torch.zeros(0, self.autoencoder.latent_dim, device=self.device)

    def encode(self, audio: np.ndarray, rng: torch.Generator) -> Tensor:
        """A sample of the posterior of a waveform, `(time,)` or `(2, time)`: `(frames, dim)`."""
        posterior = self.autoencoder.encode(batch_of(audio))
        return draw_clip(posterior.mean[0].T, posterior.std[0].T, self.autoencoder.bottleneck.draw, rng)

    def sample(
        self, solver: SolverConfig, noises: list[Tensor], prompts: list[Tensor], texts: list[str],
        said: list[str | None],
    ) -> list[Tensor]:
        """Scaled latents of each text after its prompt, `(frames, dim)`.

        Args:
            solver: of the generator's kind.
            noises: of prompt and target, `(frames, dim)` each.
            prompts: scaled latents of the prompts, of 0 frames where there is none.
            texts: of prompt and target.
            said: of the prompt alone; None where there is none, or where it is not known.
        """
        frames = torch.tensor([len(noise) for noise in noises], device=self.device)
        noise = torch.nn.utils.rnn.pad_sequence(noises, batch_first=True)
        return solver.module.sample(self.generator, solver, noise, frames, prompts, texts, said)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Scaled latents `(frames, dim)` → a waveform, `(time,)` or `(2, time)`."""
        return clip_of(self.autoencoder.decode((latents * self.scale).T.unsqueeze(0)))
