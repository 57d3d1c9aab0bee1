"""The metrics as a study reads them from scores: how clips add up, which way is better, how they print."""

from dataclasses import dataclass

import numpy as np

from shared.config import ConfigError, did_you_mean
from shared.metrics.latent_kinds import COLUMNS, NOISE_LEVELS, ByClip
from shared.metrics.names import TRUNCATED

CUT_SHORT = {"spectral": "Spectral distance", "mel": "Mel distance"}  # of a latent of which a fidelity f is kept
NOISY = {"noise_lsd": "LSD", "noise_mel": "Mel distance", "noise_pesq": "PESQ"}  # of a latent with noise
PROBED = {"chroma": "chroma", "level": "level difference"}  # found in a latent by a linear map


@dataclass(frozen=True)
class Quantity:
    """A metric of a set of clips: Σ numerator / Σ denominator over the clips.

    One of a set (`of_set`) has neither: it comes from the embeddings of all clips (see distances.py) or from latents
    (see exposure.py and compactness.py).
    A mean over clips has no denominator column: each clip that has a value counts once. `name` is the column
    of scores.csv where it has no separate numerator.
    """

    name: str
    label: str
    higher_is_better: bool
    numerator: str | None = None
    denominator: str | None = None
    percent: bool = False
    digits: int = 3
    of_set: bool = False

    def columns(self) -> list[str]:
        """Columns of scores.csv that it needs."""
        return [self.numerator, self.denominator] if self.denominator else [self.name]

    def terms(self, columns: dict[str, np.ndarray]) -> np.ndarray:
        """`(2, clips)`: numerators and denominators; a clip without a value is 0 in both."""
        top = columns[self.numerator or self.name]
        bottom = columns[self.denominator] if self.denominator else np.ones_like(top)
        valid = np.isfinite(top) & np.isfinite(bottom)
        return np.where(valid, np.stack([top, bottom]), 0.0)

    def show(self, value: float | None) -> str:
        """The value as it is printed in tables."""
        if value is None or not np.isfinite(value):
            return "–"
        return f"{100 * value:.2f} %" if self.percent else f"{value:.{self.digits}f}"


QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        Quantity("wer", "WER", False, "word_errors", "words", percent=True),
        Quantity("cer", "CER", False, "character_errors", "characters", percent=True),
        Quantity("stoi", "STOI", True),
        Quantity("sim", "SIM", True),
        Quantity("utmos", "UTMOS", True),
        Quantity("muq_eval", "MuQ-Eval", True, digits=2),
        Quantity("pesq", "PESQ", True),
        Quantity("dnsmos_ovrl", "DNSMOS", True),
        Quantity("dnsmos_p808", "DNSMOS P.808", True),
        Quantity("dnsmos_sig", "DNSMOS SIG", True),
        Quantity("dnsmos_bak", "DNSMOS BAK", True),
        Quantity("mel_distance", "Mel distance", False),
        Quantity("lsd", "LSD", False, digits=2),
        Quantity("si_sdr", "SI-SDR (dB)", True, digits=2),
        Quantity("mel_log1p", "MELlog1p", False),
        Quantity("pitch_std", "Pitch std (semitones)", True, digits=2),
        Quantity("kl", "KL (nats/frame)", False, digits=1),
        Quantity("kbps", "Rate (kbps)", False, digits=2),
        Quantity("text_similarity", "Text–audio similarity", True, percent=True),
        Quantity("kad", "KAD", False, of_set=True),
        Quantity("fad", "FAD", False, of_set=True),
        Quantity("stereo_correlation", "Stereo correlation", True),
        Quantity("level_difference_error", "Level difference error (dB)", False, digits=2),
        Quantity("chroma", "Chroma agreement", True),
        Quantity("exposure", "Drift on own errors", False, of_set=True),
        *(
            Quantity(f"{name}{fidelity}", f"{label} at f = {fidelity / 100:.2f}", False)
            for name, label in CUT_SHORT.items()
            for fidelity in TRUNCATED
        ),
        *(
            Quantity(f"{name}{level}", f"{label} with {level} % of noise", name == "noise_pesq")
            for name, label in NOISY.items()
            for level in NOISE_LEVELS
        ),
        *(
            Quantity(f"{name}_error", f"Linear probe's error, {label}", False, f"{name}_residual", f"{name}_baseline")
            for name, label in PROBED.items()
        ),
        *(
            Quantity(f"{name}{end}", label + when, False, digits=1, of_set=True)
            for end, when in (("", ""), ("_before", ", before the last stage"))
            for name, label in (
                *((f"dims{fidelity}", f"Effective dims (f = 0.{fidelity})") for fidelity in (80, 90, 95, 99)),
                ("active_dims", "Active dims (KL > 0.1 nats)"),
            )
        ),
    )
}

# The quantities that a job of its own measures by clip.
OF_KIND: dict[ByClip, tuple[str, ...]] = {
    kind: tuple(name for name, each in QUANTITIES.items() if set(each.columns()) <= set(columns))
    for kind, columns in COLUMNS.items()
}
MEASURED_APART = frozenset(name for names in OF_KIND.values() for name in names)


def quantity(name: str, where: str) -> Quantity:
    """The metric called `name`.

    Raises:
        ConfigError: there is none; `where` says who asked.
    """
    if name not in QUANTITIES:
        raise ConfigError(f"{where}: no metric {name!r}{did_you_mean(name, QUANTITIES)}")
    return QUANTITIES[name]
