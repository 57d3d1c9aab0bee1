"""How well speaker embeddings tell voices apart."""

import numpy as np


def equal_error_rate(same: np.ndarray, different: np.ndarray) -> float:
    """Error rate at the threshold where as many pairs of one voice are refused as of two voices accepted.

    Args:
        same: similarities of pairs by one speaker, `(pairs,)`.
        different: similarities of pairs by two speakers, `(pairs,)`.

    Raises:
        ValueError: one of them is empty.
    """
    if len(same) == 0 or len(different) == 0:
        raise ValueError("an equal error rate needs pairs of both kinds")
    thresholds = np.unique(np.concatenate([same, different]))
    refused = np.searchsorted(np.sort(same), thresholds, side="left") / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), thresholds, side="left") / len(different)
    best = np.argmin(np.abs(refused - accepted))
    return float((refused[best] + accepted[best]) / 2)


def similarity_pairs(embeddings: np.ndarray, speakers: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of all pairs of embeddings `(clips, dim)`: those by one speaker, those by two."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    rows, columns = np.triu_indices(len(unit), k=1)
    cosines = (unit @ unit.T)[rows, columns]
    names = np.array(speakers)
    same = names[rows] == names[columns]
    return cosines[same], cosines[~same]
