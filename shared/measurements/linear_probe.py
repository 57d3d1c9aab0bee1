"""Linear probe: how much of pitch and of place in stereo a linear map finds in the latent."""

from shared.measurements.base import ByClip
from shared.metrics.statistic import AT_LEAST_0, Statistic

TARGETS = {"chroma": "chroma", "level": "level difference"}


class LinearProbe(ByClip):
    """The error of a probe for each target, over that of one which knows nothing but the mean; both are summed."""

    name, place = "linear_probe", 40
    formerly = ("probe",)
    about = "how much of pitch and of place in stereo a linear map finds in the latent"
    job = "shared.measurements.jobs.linear_probe"
    statistics = tuple(
        Statistic(
            f"{name}_error", f"Linear probe's error, {label}", False, f"{name}_residual", f"{name}_baseline",
            bounds=AT_LEAST_0, analysed="log",
        )
        for name, label in TARGETS.items()
    )
