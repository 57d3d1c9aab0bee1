"""How well a clip fits a caption: embeddings of both in one space, from any `ClapModel`.

FLAM, which Target-KL measures with, is no `transformers` model and is not loaded here: values of KAD, FAD and
text-audio similarity are CLAP's, and compare with that paper's in order only.
"""

import numpy as np
import torch

from shared.config import ConfigError
from shared.device import device
from shared.evaluators.asr import prepare
from shared.pretrained import describe, load, weights_sha256


class ClapEmbedder:
    """A CLAP model from a folder or the hub; embeddings have unit length.

    Clips are embedded one at a time, and of a clip longer than the model's window only its beginning is heard: the
    model's own front end would draw a place at random.

    Raises:
        ConfigError: it cannot be loaded, or it is no CLAP.
    """

    def __init__(self, reference: str):
        from transformers import AutoConfig, AutoProcessor, ClapModel

        kind = load(AutoConfig, reference, weights=False).model_type
        if kind != "clap":
            raise ConfigError(f"evaluator {reference}: a model of type {kind!r} is no audio-text model (clap)")
        self.processor = load(AutoProcessor, reference, weights=False)
        self.model = load(ClapModel, reference).to(device()).eval()
        self.name = describe(self.model, reference)
        self.weights_sha256 = weights_sha256(self.model)
        self.extractor = self.processor.feature_extractor
        self.sample_rate = self.extractor.sampling_rate

    @torch.inference_mode()
    def embed_audio(self, clip: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embedding `(dim,)` of one clip `(time,)`."""
        audio = prepare(clip, sample_rate, self.sample_rate)[: self.extractor.nb_max_samples]
        inputs = self.extractor(audio, sampling_rate=self.sample_rate, return_tensors="pt").to(device())
        return self._vector(self.model.get_audio_features(**inputs))

    @torch.inference_mode()
    def embed_text(self, text: str) -> np.ndarray:
        """Embedding `(dim,)` of one caption."""
        inputs = self.processor.tokenizer(text, truncation=True, return_tensors="pt").to(device())
        return self._vector(self.model.get_text_features(**inputs))

    def _vector(self, output) -> np.ndarray:
        return output.pooler_output[0].float().cpu().numpy()
