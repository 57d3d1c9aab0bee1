"""A made-up compactness.csv and the replicates beside it."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from shared.measurements.compactness import COLUMNS, REPLICATES_FILE, SHOWN, places

RULES = ("singular_values", "explained_variance", "released_code")
FIDELITIES = ("0.8", "0.9", "0.95", "0.99")
KEYS = [*(("effective_dims", rule, each) for rule in RULES for each in FIDELITIES), ("kl", "", ""),
        ("active_dims", "", "")]  # fmt: skip


def write_compactness(path: Path, dims: list[int], border: int, replicates: int = 1000, clips: int = 12) -> None:
    """A snapshot every 10 steps, a stage that begins after `border` steps, and `dims` dimensions at f = 0.8.

    Each higher fidelity takes one more, each other rule ten times as many; KL and active dims are `dims`. Replicates
    are by turns one less and one more.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines, values = [",".join(COLUMNS)], []
    for index, dim in enumerate(dims, start=1):
        step = 10 * index
        row = [10.0**place * (dim + more) for place in range(3) for more in range(4)] + [float(dim)] * 2
        begins = border if step > border else 0
        lines += [f"{step},{begins},{','.join(key)},{value},{value - 1},{value + 1}"
                  for key, value in zip(KEYS, row, strict=True)]  # fmt: skip
        values.append(row)
    path.write_text("\n".join([*lines, ""]))
    turns = np.where(np.arange(replicates) % 2, 1.0, -1.0)
    rows = [KEYS.index(key) for key in SHOWN.values()]
    at = [values[-1 if place is None else place] for place in places(range(10, 10 * len(dims) + 1, 10), begins)]
    drawn = (np.array(at)[:, rows, None] + turns).astype(np.float16)
    save_file({"replicates": drawn, "clips": np.array(clips)}, path.with_name(REPLICATES_FILE))
