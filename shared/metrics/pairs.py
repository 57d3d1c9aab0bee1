"""Squared Euclidean distances of all pairs of rows, tile by tile and by matrix products, and their exact median.

`|x - y|² = |x|² + |y|² - 2 x·y` of centred rows. Rounding takes of the result some 1e-16 of `|x|² + |y|²`, which counts
where two rows are much closer to each other than to the centre: such pairs are taken by differences. So a row is at
exactly 0 from its equal.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

import numpy as np
import scipy  # its parts load when first used, so that planning does not wait for them

TILE = 256  # rows and columns at once: what a processor's cache holds
NEAR = 1e-3  # share of |x|² + |y|² below which a product has lost too many digits
KEPT = 2**24  # distances that are kept, 128 MiB: of 5,793 rows
DIGITS = 20  # bits of a distance that a pass of the median settles


Tile: TypeAlias = tuple[slice, slice, np.ndarray]  # rows, columns, and what is of each of their pairs


class Rows:
    """Rows `(n, dim)` in double precision.

    Args:
        rows: `(n, dim)`.
        centre: `(dim,)`, what is taken from each row; the same for all whose distances are wanted.
    """

    def __init__(self, rows: np.ndarray, centre: np.ndarray):
        self.centred = np.subtract(rows, centre, dtype=np.float64)
        self.norms = np.einsum("nd,nd->n", self.centred, self.centred)

    def __len__(self) -> int:
        return len(self.centred)

    def squared_distances(self, first: slice, other: "Rows", second: slice) -> np.ndarray:
        """Of these rows from those of another, `(first, second)`."""
        found = self.centred[first] @ other.centred[second].T
        found *= -2
        norms, other_norms = self.norms[first], other.norms[second]
        found += norms[:, None]
        found += other_norms
        if self is other and first == second:
            np.fill_diagonal(found, np.inf)  # no pair, and not to be taken again
        for row in np.flatnonzero(found.min(1) < NEAR * (norms + other_norms.max())):
            near = np.flatnonzero(found[row] < NEAR * (norms[row] + other_norms))
            one, many = self.centred[first][row : row + 1], other.centred[second][near]
            found[row, near] = scipy.spatial.distance.cdist(one, many, "sqeuclidean")[0]
        return found

    def tiles(self) -> Iterator[Tile]:
        """Of the pairs of different rows. The tiles below the diagonal are left out, being those above it; those on it
        hold each pair twice, and infinity for a row and itself."""
        return tiles_between(self, self, above=True)


def tiles_between(one: Rows, other: Rows, above: bool = False) -> Iterator[Tile]:
    """Rows of one set, rows of another, and their squared distances; `above` leaves out what is below the diagonal."""
    for first in _spans(len(one)):
        for second in _spans(len(other)):
            if first.start <= second.start or not above:
                yield first, second, one.squared_distances(first, other, second)


def _spans(rows: int) -> Iterator[slice]:
    return (slice(start, min(start + TILE, rows)) for start in range(0, rows, TILE))


class Pairs:
    """Squared distances of all pairs of different rows; kept after `median` if there are no more than `KEPT`."""

    def __init__(self, rows: Rows):
        self.rows, self.count = rows, len(rows) * (len(rows) - 1) // 2
        self._kept: np.ndarray | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        """Each pair's once, in arrays `(some pairs,)` and in any order."""
        if self._kept is not None:
            yield from np.array_split(self._kept, -(-self.count // TILE**2))
            return
        for first, second, tile in self.rows.tiles():
            yield tile[~np.tri(len(tile), dtype=bool)] if first == second else tile.reshape(-1)

    @cached_property
    def median(self) -> float:
        """Median distance of two rows, exactly."""
        rank = (self.count - 1) // 2
        middle = _middle(self._keep(), rank) if self.count <= KEPT else self._middle_in_passes(rank)
        return float(np.sqrt(middle[: 2 - self.count % 2]).mean())

    def _keep(self) -> np.ndarray:
        kept, filled = np.empty(self.count), 0
        for each in self:
            kept[filled : filled + len(each)] = each
            filled += len(each)
        self._kept = kept
        return kept

    def _middle_in_passes(self, rank: int) -> tuple[float, float]:
        """The lower middle squared distance and the next one, without keeping all.

        Doubles that are not negative are in the order of their bits, read as integers. A pass over all pairs counts
        them by the leading bits that are still open, and so says between which integers the middle lies. That is done
        until those in between can be kept, or are all equal.
        """
        low, width, inside = 0, 2**63, self.count
        while inside > KEPT and width > 1:
            shift = max(width.bit_length() - 1 - DIGITS, 0)
            counts = np.zeros(2**DIGITS, dtype=np.int64)
            for each in self:
                bits = each.view(np.int64)
                counts += np.bincount((_between(bits, low, width) - low) >> shift, minlength=len(counts))
            place = int(np.searchsorted(counts.cumsum(), rank, side="right"))
            rank, inside = rank - int(counts[:place].sum()), int(counts[place])
            low, width = low + (place << shift), 1 << shift
        kept, above = [], np.inf
        for each in self:
            bits = each.view(np.int64)
            kept.append(_between(bits, low, width if inside <= KEPT else 0).view(np.float64))
            above = min(above, each[bits >= low + width].min(initial=np.inf))
        if inside > KEPT:
            equal = float(np.int64(low).view(np.float64))
            return equal, equal if rank + 1 < inside else above
        return _middle(np.concatenate([*kept, [above]]), rank)


def _between(bits: np.ndarray, low: int, width: int) -> np.ndarray:
    return bits[(bits >= low) & (bits < low + width)]


def _middle(values: np.ndarray, rank: int) -> tuple[float, float]:
    """The value of this rank and the next one, infinity where there is none; `values` are put into another order."""
    values.partition(rank)
    return float(values[rank]), float(values[rank + 1 :].min(initial=np.inf))
