"""What sound events are made of: tones, filtered noise, decays and repeated hits."""

from collections.abc import Callable

import numpy as np
import scipy  # its parts load when first used, so that planning does not wait for them

# Nothing is made above this share of the sample rate: filters and harmonics stay clear of its half.
HIGHEST = 0.45


class Synthesiser:
    """Makes the parts of one event, each (time,).

    Args:
        rng: of all that is random.
        rate: Hz.
        seconds: length of the event.
    """

    def __init__(self, rng: np.random.Generator, rate: int, seconds: float):
        self.rng, self.rate, self.seconds = rng, rate, seconds
        self.time = np.arange(round(seconds * rate)) / rate

    def tone(self, frequency: float | np.ndarray, harmonics: tuple[float, ...] = (1.0,)) -> np.ndarray:
        """Sum of sines at the multiples of `frequency` in Hz, one number or (time,), with these amplitudes."""
        frequency = np.broadcast_to(frequency, self.time.shape)
        phase = 2 * np.pi * np.cumsum(frequency) / self.rate
        partials = (
            amplitude * np.sin(number * phase) * (number * frequency < HIGHEST * self.rate)
            for number, amplitude in enumerate(harmonics, start=1)
        )
        return sum(partials, self.silence())

    def silence(self) -> np.ndarray:
        """Zeros: what a sum of tones begins with."""
        return np.zeros_like(self.time)

    def noise(self, low: float, high: float) -> np.ndarray:
        """White noise between two frequencies in Hz, with slopes of 12 dB an octave."""
        top = HIGHEST * self.rate
        band = min(low, 0.8 * top), min(high, top)
        filters = scipy.signal.butter(2, band, "bandpass", fs=self.rate, output="sos")
        return scipy.signal.sosfilt(filters, self.rng.normal(size=self.time.shape))

    def decay(self, seconds: float) -> np.ndarray:
        """From 1 down by a factor of e every `seconds`, after 2 ms of attack."""
        return np.exp(-self.time / seconds) * np.minimum(1, self.time / 0.002)

    def swing(self, per_second: float) -> np.ndarray:
        """A sine from -1 to 1 that begins anywhere."""
        return np.sin(2 * np.pi * (per_second * self.time + self.rng.uniform()))

    def glide(self, start: float, end: float) -> np.ndarray:
        """From one frequency in Hz to another, equal intervals in equal times."""
        return start * (end / start) ** (self.time / self.seconds)

    def vary(self, value: float, share: float = 0.08) -> float:
        """`value`, more or less: no two events are the same."""
        return value * self.rng.uniform(1 - share, 1 + share)

    def repeat(
        self, per_second: float, seconds: float, hit: Callable[["Synthesiser"], np.ndarray], jitter: float = 0.1
    ) -> np.ndarray:
        """Hits of `seconds` each, the first at once, each later by up to a share `jitter` of the time between two."""
        audio = self.silence()
        for start in np.arange(0, self.seconds, 1 / per_second):
            begin = round((start + self.rng.uniform(0, jitter) / per_second) * self.rate)
            part = hit(Synthesiser(self.rng, self.rate, seconds))[: max(0, len(audio) - begin)]
            audio[begin : begin + len(part)] += part
        return audio
