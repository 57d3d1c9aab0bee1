"""Voicing: whether a clip is voiced where its reference is, and with the right pitch."""

from shared.metrics.base import Case
from shared.metrics.pitch import OfPitch
from shared.metrics.pitch_error import cents, pitch_tracks
from shared.metrics.statistic import Statistic

SHARE = (0.0, 1.0)
RIGHT_CENTS = 50.0  # a quarter tone, as in the evaluation of melodies (raw pitch accuracy)


class Voicing(OfPitch):
    """Frames voiced in one of the two only, of all; and frames of the right pitch, of those the reference voices.

    A silent or whispering clip is voiced nowhere, which counts as wrong.
    """

    name, place = "voicing", 121
    columns = ("pitch_frames", "voicing_errors", "voiced_frames", "right_pitch_frames")
    statistics = (
        Statistic(
            "voicing_error", "Voicing error", False, columns[1], columns[0], True, place=164, bounds=SHARE,
            analysed="log",
        ),
        Statistic("right_pitch", "Right pitch", True, columns[3], columns[2], True, place=166, bounds=SHARE),
    )
    needs_reference = True
    estimator = (
        "frames of 16 ms that are voiced in one only, of all frames; frames voiced in both and within "
        f"{RIGHT_CENTS:g} cents, of those voiced in the reference; sums over the clips; SwiftF0 of package swift-f0"
    )

    def __call__(self, case: Case) -> tuple[int, int, int, int]:
        reference, clip = pitch_tracks(case, self.threads)
        wrong = int((reference.voiced != clip.voiced).sum())
        right = int((cents(reference, clip) <= RIGHT_CENTS).sum())
        return len(reference.voiced), wrong, int(reference.voiced.sum()), right
