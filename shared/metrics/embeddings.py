"""The embeddings of clips, and those of a set as a file beside its scores.

They are kept to 11 bits, so that the record can hold them: of 200 unit vectors of 64 to 512 dimensions that moves FAD
by 1e-5 of its value, and KAD by 2e-4 where other clips move it by tenths.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save_file

from shared.audio.io import mix_down
from shared.config import ConfigError
from shared.files import atomic_path
from shared.metrics.base import Case
from shared.metrics.failure import NotMeasured
from shared.tensors import damaged, read_tensors

if TYPE_CHECKING:
    from shared.evaluators.clap import ClapEmbedder

EMBEDDINGS = "embeddings.safetensors"


def embed_clip(embedder: "ClapEmbedder", case: Case) -> np.ndarray:
    """Embedding `(dim,)` of a clip; of stereo, the channels' mean is heard.

    Raises:
        NotMeasured: the clip is empty or not finite.
    """
    if case.audio.size == 0 or not np.isfinite(case.audio).all():
        raise NotMeasured("the clip is empty or not finite")
    return embedder.embed_audio(mix_down(case.audio), case.sample_rate)


def write_embeddings(path: Path, clips: list[str], embeddings: dict[str, np.ndarray]) -> None:
    """Write the embedding `(dim,)`, of unit length, of each clip; one that has none is NaN.

    Raises:
        ConfigError: no clip has one.
    """
    if not embeddings:
        raise ConfigError(f"{path}: none of the {len(clips)} clips could be embedded")
    dim = len(next(iter(embeddings.values())))
    rows = np.stack([embeddings.get(clip, np.full(dim, np.nan)) for clip in clips]).astype(np.float16)
    with atomic_path(path) as temporary:
        save_file({"audio": rows}, temporary, metadata={"clips": json.dumps(clips)})


def read_embeddings(path: Path, clips: list[str]) -> np.ndarray:
    """Embeddings `(clips, dim)` in the order of `clips`.

    Raises:
        ConfigError: the file is missing, damaged or of other clips.
    """
    tensors, metadata = read_tensors(path, "audio", framework="numpy", delete="the folder")
    rows, found = tensors["audio"], _clips_of(metadata)
    if rows.ndim != 2 or rows.dtype != np.float16 or len(rows) != len(found) or np.isinf(rows).any():
        raise damaged(path, "it is not an embedding of each clip", "the folder")
    if sorted(found) != sorted(clips):
        raise ConfigError(f"{path}: embeddings of other clips; delete the folder and run again")
    place = {clip: index for index, clip in enumerate(found)}
    return rows[[place[clip] for clip in clips]].astype(np.float32)


def _clips_of(metadata: dict[str, str]) -> list[str]:
    """The clips that a file is of; none where it does not say."""
    try:
        found = json.loads(metadata["clips"])
    except (KeyError, ValueError):
        return []
    return found if isinstance(found, list) and all(isinstance(each, str) for each in found) else []
