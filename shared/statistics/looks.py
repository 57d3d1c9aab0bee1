"""When a study may be looked at, and what a look decides: O'Brien & Fleming's bounds, and one of futility.

Whoever adds seeds until a claim comes out finds one in the end. So seeds are added in steps that are set beforehand,
and a look asks for more than the usual 2.5 % of a side, so that all looks together are wrong in at most 2.5 %:
at look k of K, z above C·√(K/k) (O'Brien & Fleming 1979; C from Jennison & Turnbull 2000, Table 2.3). A look also ends
a claim for which a verdict at the last one has become unlikely: its conditional power at the trend so far is below
FUTILE (Lan, Simon & Halperin 1982; that bound binds nobody, and makes no verdict less sure).
"""

from math import sqrt

import scipy  # its parts are imported at their first use: plans need none

LOOKS = (4, 8, 12)  # seeds at each
C = 2.004
ONE_SIDED = 0.025
FUTILE = 0.1


def level(look: int | None) -> float:
    """One-sided level at a look, counted from 1; None: of a study that is looked at once."""
    return ONE_SIDED if look is None else float(scipy.special.ndtr(-C * sqrt(len(LOOKS) / look)))


def conditional_power(p: float, look: int) -> float:
    """How likely the last look decides, if the trend that gave p at this one goes on."""
    if look == len(LOOKS):
        return 0.0
    share = look / len(LOOKS)
    z = -float(scipy.special.ndtri(min(max(p, 1e-300), 1 - 1e-12)))
    drift = z / sqrt(share)
    return float(scipy.special.ndtr((z * sqrt(share) + drift * (1 - share) - C) / sqrt(1 - share)))


def look_at(seeds: int) -> int | None:
    """Which look so many seeds are; None: none."""
    return LOOKS.index(seeds) + 1 if seeds in LOOKS else None
