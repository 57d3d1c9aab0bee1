"""Pitch error: how far the pitch of a clip lies from that of its reference, where both have one."""

import numpy as np

from shared.metrics.alignment import trim
from shared.metrics.base import Case
from shared.metrics.failure import NotMeasured
from shared.metrics.pitch import OfPitch, PitchTrack, check_voiced, pitch_track
from shared.metrics.statistic import AT_LEAST_0, Statistic


def pitch_tracks(case: Case, threads: int) -> tuple[PitchTrack, PitchTrack]:
    """Pitch of a clip's reference and of the clip, cut to the shorter of the two.

    Raises:
        NotMeasured: there is no reference, one of them is empty or not finite, or the reference has no voice.
    """
    if case.reference is None:
        raise NotMeasured("the clip has no reference")
    reference, clip = (pitch_track(each, case.sample_rate, threads) for each in trim(case.reference, case.audio))
    check_voiced(reference.voiced, "voiced speech in the reference")
    return reference, clip


def cents(reference: PitchTrack, clip: PitchTrack) -> np.ndarray:
    """Distance of the clip's pitch in cents, hundredths of a semitone, `(frames that are voiced in both,)`."""
    both = reference.voiced & clip.voiced
    return 1200 * np.abs(np.log2(clip.hertz[both] / reference.hertz[both]))


class PitchError(OfPitch):
    """Median distance in cents over the frames that are voiced in both: a few octave errors don't decide it.

    A clip that whispers has no value, and no bad one; `voicing` counts its frames.
    """

    name, place = "pitch_error", 120
    statistics = (
        Statistic("pitch_error", "Pitch error (cents)", False, digits=1, place=162, bounds=AT_LEAST_0, analysed="log"),
    )
    needs_reference = True
    estimator = "median distance of F0 in cents over frames of 16 ms voiced in both, SwiftF0 of package swift-f0"

    def __call__(self, case: Case) -> tuple[float]:
        reference, clip = pitch_tracks(case, self.threads)
        check_voiced(reference.voiced & clip.voiced, "speech that is voiced in both")
        return (float(np.median(cents(reference, clip))),)
