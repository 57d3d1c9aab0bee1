"""Speaker similarity: cosine of two speaker embeddings."""

import numpy as np

from shared.metrics.failure import NotMeasured


def cosine_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """`cos(a, b) = a.b / (|a| |b|)` of two embeddings `(dim,)`, in [-1, 1].

    Raises:
        NotMeasured: an embedding is all zero or not finite.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    if not np.isfinite(norm) or norm == 0:
        raise NotMeasured("a speaker embedding is zero or not finite")
    return float(np.clip(first @ second / norm, -1, 1))
