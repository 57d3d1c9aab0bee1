"""What a frozen speech encoder makes of a clip: the teacher of alignment losses."""

import numpy as np
import torch
from torch import Tensor

from shared.config import ConfigError
from shared.device import device
from shared.evaluators.asr import prepare
from shared.losses.config import Layer
from shared.pretrained import load


class SpeechEncoder:
    """Hidden states of any `transformers` speech encoder: WavLM and HuBERT from the hub, a recogniser trained here.

    Args:
        reference: hub id, folder, or the `model.safetensors` in one.
        layer: after which block, counted from 1; or the average over all blocks.

    Raises:
        ConfigError: it can't be loaded, or it has no such layer.
    """

    def __init__(self, reference: str, layer: Layer = "last"):
        from transformers import AutoFeatureExtractor, AutoModel

        self.extractor = load(AutoFeatureExtractor, reference, weights=False)
        self.model = load(AutoModel, reference).to(device()).eval().requires_grad_(False)
        self.layer = layer
        depth = self.model.config.num_hidden_layers
        if isinstance(layer, int) and layer > depth:
            raise ConfigError(f"teacher {reference}: no layer {layer}, it has {depth}")

    @torch.inference_mode()
    def __call__(self, audio: np.ndarray, sample_rate: int) -> Tensor:
        """Features `(frames, dim)` of one clip `(time,)`, on the CPU, at the encoder's own frame rate."""
        rate = self.extractor.sampling_rate
        inputs = self.extractor(prepare(audio, sample_rate, rate), sampling_rate=rate, return_tensors="pt")
        states = self.model(**inputs.to(self.model.device), output_hidden_states=True).hidden_states
        if self.layer == "average":
            chosen = torch.stack(states[1:]).mean(dim=0)
        else:
            chosen = states[-1 if self.layer == "last" else self.layer]
        return chosen[0].float().cpu()


def interpolate(features: Tensor, places: Tensor) -> Tensor:
    """Features `(frames, dim)` at `places` `(n,)`, as shares of the clip from 0 to 1: `(n, dim)`, linearly.

    A frame stands for the middle of its share; beyond the first and the last the feature stays what it is there.
    """
    position = (places * len(features) - 0.5).clamp(0, len(features) - 1)
    low = position.long()
    high = (low + 1).clamp_max(len(features) - 1)
    return torch.lerp(features[low], features[high], (position - low).unsqueeze(1))
