"""What can be set about the metrics of a set of clips. Imports nothing heavy."""

from typing import Literal

from pydantic import Field

from shared.config import Strict


class KadConfig(Strict):
    """The kernel audio distance (Chung et al. 2025, arXiv:2502.15602), whose values depend on two conventions.

    The defaults are the paper's; `{bandwidth: evaluated, scale: 100}` is what its toolkit kadtk does. With the
    reference's bandwidth one kernel judges every variant.

    Attributes:
        bandwidth: the set whose median distance between two clips is the kernel's bandwidth.
        scale: factor of the squared MMD.
    """

    bandwidth: Literal["reference", "evaluated"] = "reference"
    scale: float = Field(1000.0, gt=0)
