"""How loud a frequency sounds: the A-weighting curve."""

import torch
from torch import Tensor


def a_weighting(hertz: Tensor) -> Tensor:
    """Amplitude gain of the A-weighting at each frequency, 1 at 1 kHz (IEC 61672-1, annex E).

        R(f) = f1^2 f^4 / ((f^2 + f4^2) sqrt((f^2 + f3^2) (f^2 + f2^2)) (f^2 + f1^2)),  A(f) = R(f) / R(1 kHz)

    with f1 = 12194 Hz, f2 = 737.9 Hz, f3 = 107.7 Hz and f4 = 20.6 Hz.
    """

    def response(f: Tensor) -> Tensor:
        square = f.double().square()
        low = (square + 20.6**2) * ((square + 107.7**2) * (square + 737.9**2)).sqrt()
        return 12194**2 * square.square() / (low * (square + 12194**2))

    return (response(hertz) / response(torch.tensor(1000.0))).float()
