"""All statistics that a table may hold: of metrics, and of what is measured of latents, in the order of tables."""

from shared.config import ConfigError, did_you_mean
from shared.metrics.base import metrics
from shared.metrics.latent_kinds import COLUMNS, NOISE_LEVELS, TRUNCATED, ByClip
from shared.metrics.statistic import Statistic

CUT_SHORT = {"spectral": "Spectral distance", "mel": "Mel distance"}  # of a latent of which a fidelity f is kept
NOISY = {"noise_lsd": "LSD", "noise_mel": "Mel distance", "noise_pesq": "PESQ"}  # of a latent with noise
PROBED = {"chroma": "chroma", "level": "level difference"}  # found in a latent by a linear map

_OF_LATENTS = (
    Statistic("exposure", "Drift on own errors", False, of_set=True),
    *(
        Statistic(f"{name}{fidelity}", f"{label} at f = {fidelity / 100:.2f}", False)
        for name, label in CUT_SHORT.items()
        for fidelity in TRUNCATED
    ),
    *(
        Statistic(f"{name}{level}", f"{label} with {level} % of noise", name == "noise_pesq")
        for name, label in NOISY.items()
        for level in NOISE_LEVELS
    ),
    *(
        Statistic(f"{name}_error", f"Linear probe's error, {label}", False, f"{name}_residual", f"{name}_baseline")
        for name, label in PROBED.items()
    ),
    *(
        Statistic(f"{name}{end}", label + when, False, digits=1, of_set=True)
        for end, when in (("", ""), ("_before", ", before the last stage"))
        for name, label in (
            *((f"dims{fidelity}", f"Effective dims (f = 0.{fidelity})") for fidelity in (80, 90, 95, 99)),
            ("active_dims", "Active dims (KL > 0.1 nats)"),
        )
    ),
)
_OF_METRICS = sorted((each for metric in metrics() for each in metric.statistics), key=lambda each: each.place)
STATISTICS = {each.name: each for each in (*_OF_METRICS, *_OF_LATENTS)}

# The statistics that a job of its own measures by clip.
OF_KIND: dict[ByClip, tuple[str, ...]] = {
    kind: tuple(name for name, each in STATISTICS.items() if set(each.columns()) <= set(columns))
    for kind, columns in COLUMNS.items()
}
MEASURED_APART = frozenset(name for names in OF_KIND.values() for name in names)


def find_statistic(name: str, where: str) -> Statistic:
    """The statistic called `name`, which is what claims and published numbers call a metric.

    Raises:
        ConfigError: there is none; `where` says who asked.
    """
    if name not in STATISTICS:
        raise ConfigError(f"{where}: no metric {name!r}{did_you_mean(name, STATISTICS)}")
    return STATISTICS[name]
