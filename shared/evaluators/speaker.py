"""Whose voice a clip has: a speaker embedding from any `AutoModelForAudioXVector`."""

import numpy as np
import torch

from shared.config import ConfigError
from shared.device import device
from shared.evaluators.asr import prepare
from shared.pretrained import describe, load, weights_sha256

SHORTEST_SECONDS = 0.4  # the statistics pooling of an x-vector network sees only what its convolutions leave over


class SpeakerEmbedder:
    """An x-vector model from a folder or the hub.

    Raises:
        ConfigError: it cannot be loaded, or it is no speaker-embedding model.
    """

    def __init__(self, reference: str):
        from transformers import AutoConfig, AutoFeatureExtractor, AutoModelForAudioXVector
        from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES

        kind = load(AutoConfig, reference, weights=False).model_type
        if kind not in MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES:
            raise ConfigError(f"evaluator {reference}: a model of type {kind!r} has no speaker embedding")
        self.extractor = load(AutoFeatureExtractor, reference, weights=False)
        self.model = load(AutoModelForAudioXVector, reference).to(device()).eval()
        self.name = describe(self.model, reference)
        self.weights_sha256 = weights_sha256(self.model)
        self.sample_rate = self.extractor.sampling_rate
        # SeamlessM4TFeatureExtractor saves this setting but takes it only as an argument of each call.
        saved = getattr(self.extractor, "do_normalize_per_mel_bins", None)
        self.options = {} if saved is None else {"do_normalize_per_mel_bins": saved}

    @torch.inference_mode()
    def embed(self, clip: np.ndarray, sample_rate: int) -> np.ndarray:
        """Embedding `(dim,)` of one clip `(time,)`; one at a time, since padding within a batch changes it."""
        audio = prepare(clip, sample_rate, self.sample_rate, SHORTEST_SECONDS)
        inputs = self.extractor(audio, sampling_rate=self.sample_rate, return_tensors="pt", **self.options)
        inputs = inputs.to(device())
        return self.model(**inputs).embeddings[0].float().cpu().numpy()
