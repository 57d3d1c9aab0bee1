"""What a clip says: a CTC or an encoder-decoder recogniser behind one method."""

from typing import Protocol

import numpy as np
import torch

from shared.audio.io import resample
from shared.config import ConfigError
from shared.device import device
from shared.pretrained import describe, load, weights_sha256

SHORTEST_SECONDS = 0.1  # shorter clips are padded with silence: below this a front end has no frame to look at


class Recogniser(Protocol):
    """Turns speech into text."""

    name: str
    weights_sha256: str
    sample_rate: int

    def transcribe(self, clip: np.ndarray, sample_rate: int) -> str:
        """Text of one clip `(time,)`, as the model spells it."""
        ...


class CtcRecogniser:
    """Any `AutoModelForCTC`; greedy decoding.

    Clips are transcribed one at a time: with some front ends, padding within a batch changes what is heard.
    """

    def __init__(self, reference: str):
        from transformers import AutoModelForCTC, AutoProcessor

        self.processor = load(AutoProcessor, reference, weights=False)
        self.model = load(AutoModelForCTC, reference).to(device()).eval()
        self.name = describe(self.model, reference)
        self.weights_sha256 = weights_sha256(self.model)
        self.sample_rate = self.processor.feature_extractor.sampling_rate

    @torch.inference_mode()
    def transcribe(self, clip: np.ndarray, sample_rate: int) -> str:
        """Text of one clip `(time,)`."""
        audio = prepare(clip, sample_rate, self.sample_rate)
        inputs = self.processor(audio, sampling_rate=self.sample_rate, return_tensors="pt").to(device())
        tokens = self.model(**inputs).logits.argmax(-1)
        return self.processor.batch_decode(tokens)[0]


class SequenceRecogniser:
    """Any `AutoModelForSpeechSeq2Seq`, Whisper in practice; greedy, in one language, without timestamps."""

    def __init__(self, reference: str, language: str = "en"):
        from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor

        self.processor = load(AutoProcessor, reference, weights=False)
        self.model = load(AutoModelForSpeechSeq2Seq, reference).to(device()).eval()
        self.name = describe(self.model, reference)
        self.weights_sha256 = weights_sha256(self.model)
        self.sample_rate = self.processor.feature_extractor.sampling_rate
        # Only multilingual checkpoints know the language and task tokens.
        multilingual = getattr(self.model.generation_config, "is_multilingual", False)
        self.prompt = {"language": language, "task": "transcribe"} if multilingual else {}

    @torch.inference_mode()
    def transcribe(self, clip: np.ndarray, sample_rate: int) -> str:
        """Text of one clip `(time,)`."""
        audio = prepare(clip, sample_rate, self.sample_rate)
        inputs = self.processor(
            audio, sampling_rate=self.sample_rate, return_tensors="pt", return_attention_mask=True
        ).to(device())
        tokens = self.model.generate(**inputs, do_sample=False, num_beams=1, **self.prompt)
        return self.processor.batch_decode(tokens, skip_special_tokens=True)[0]


def load_recogniser(reference: str) -> Recogniser:
    """Load the recogniser at a folder or hub id, whichever of the two kinds it is.

    Raises:
        ConfigError: it cannot be loaded, or it is no recogniser.
    """
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CTC_MAPPING_NAMES,
        MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    )

    kind = load(AutoConfig, reference, weights=False).model_type
    if kind in MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES:
        return SequenceRecogniser(reference)
    if kind in MODEL_FOR_CTC_MAPPING_NAMES:
        return CtcRecogniser(reference)
    raise ConfigError(f"evaluator {reference}: a model of type {kind!r} is no speech recogniser")


def prepare(clip: np.ndarray, sample_rate: int, target: int, shortest: float = SHORTEST_SECONDS) -> np.ndarray:
    """Resample `(time,)` to the model's rate `target` and pad it with silence to at least `shortest` seconds."""
    audio = resample(np.asarray(clip, dtype=np.float32), sample_rate, target)
    missing = int(shortest * target) - len(audio)
    return np.pad(audio, (0, missing)) if missing > 0 else audio
