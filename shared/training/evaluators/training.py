"""What the jobs that train evaluators share: features, one step of updates, saving."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from shared.corpora.corpus import Corpus
from shared.corpora.manifest import Clip
from shared.files import atomic_path
from shared.pretrained import WEIGHTS, quiet_transformers
from shared.progress import Progress
from shared.training.config import TrainingConfig
from shared.training.evaluators.config import EncoderConfig
from shared.training.evaluators.logmel import BANDS, SAMPLE_RATE, log_mel
from shared.training.evaluators.optimizers import make_optimizers
from shared.training.loop import Task, fit, make_accelerator, step_generator
from shared.training.optimizers import update

Model = TypeVar("Model", bound=nn.Module)


class Pretrained(Protocol):
    """What `transformers` can save: a model, a processor, a feature extractor."""

    def save_pretrained(self, save_directory: str) -> Any:
        """Write to a folder."""
        ...


def make_extractor(stride: int, normalise: bool = True) -> Any:
    """The log-mel front end, a `SeamlessM4TFeatureExtractor`.

    It normalises each band of a clip unless it is told otherwise in every call; `normalise` is kept in the saved
    settings, where `SpeakerEmbedder` looks for it.
    """
    from transformers import SeamlessM4TFeatureExtractor

    return SeamlessM4TFeatureExtractor(
        feature_size=BANDS,
        num_mel_bins=BANDS,
        sampling_rate=SAMPLE_RATE,
        stride=stride,
        do_normalize_per_mel_bins=normalise,
    )


def encoder_settings(config: EncoderConfig) -> dict[str, Any]:
    """Arguments of `Wav2Vec2BertConfig` for an encoder; nothing in it is dropped, as its input is distorted."""
    return {
        "feature_projection_input_dim": BANDS * config.stride,
        "hidden_size": config.width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "intermediate_size": 2 * config.width,
        "conv_depthwise_kernel_size": config.kernel,
        "position_embeddings_type": None,
        "apply_spec_augment": False,
        "layerdrop": 0.0,
        "final_dropout": 0.0,
        "conformer_conv_dropout": 0.0,
    }


def extract_all(corpus: Corpus, clips: list[Clip], extractor: Any) -> list[Tensor]:
    """Log-mel features of each clip, `(frames, 80)`, not normalised."""
    progress = Progress("features", len(clips), unit="clip")
    features = []
    for clip in clips:
        features.append(log_mel(extractor, corpus.mono(clip), corpus.sample_rate))
        progress.update()
    return features


def train(
    name: str,
    model: Model,
    loss: Callable[[nn.Module, torch.Generator, torch.device], Tensor],
    config: TrainingConfig,
    seed: int,
    checkpoints: Path,
    fingerprint: str,
) -> Model:
    """Train `model` to the last step, resuming where a checkpoint is.

    Args:
        name: shown in the progress line.
        model: whose weights are trained.
        loss: draws a batch with the generator it is given and returns the model's loss on it, a scalar.
        config: steps, schedule and so on.
        seed: of all that is random in the steps.
        checkpoints: folder of the checkpoints.
        fingerprint: what the checkpoint belongs to.
    """
    accelerator = make_accelerator(config.precision)
    optimizers = make_optimizers(model, config)
    prepared, *ready = accelerator.prepare(model, *optimizers.values())
    optimizers = dict(zip(optimizers, ready, strict=True))

    def step(index: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(int(step_generator(seed, index).integers(2**63)))
        value = loss(prepared, generator, accelerator.device)
        accelerator.backward(value)
        update(optimizers, model.parameters(), accelerator, config.gradient_clip)
        return {"loss": value.detach()}

    model.train()
    model.load_state_dict(fit(Task(name, config, seed, model, optimizers, step), checkpoints, fingerprint))
    return model.eval()


def save_folder(output: Path, parts: list[Pretrained]) -> None:
    """Write models and processors into the folder of `output` (`model.safetensors`), the weights last.

    So the folder is complete once its weights are there, and a killed job leaves none.
    """
    folder = Path(output).parent
    temporary = folder / ".saving"
    shutil.rmtree(temporary, ignore_errors=True)
    quiet_transformers()
    for part in parts:
        part.save_pretrained(str(temporary))
    for file in sorted(temporary.iterdir(), key=lambda file: file.name == WEIGHTS):
        with atomic_path(folder / file.name) as synced:
            file.replace(synced)
    temporary.rmdir()
