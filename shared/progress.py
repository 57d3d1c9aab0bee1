"""Progress as whole lines, so that jobs running side by side stay readable in one terminal."""

import sys
import time

from tqdm import tqdm

ONLY_REPORTS = True  # to `shared.code`: an edit here changes no result

class Progress:
    """Print `name:  12%|#2   | 240/2000 [00:10<01:13, 24.0step/s] loss 1.2` every few seconds.

    Args:
        name: what is running.
        total: number of steps or items.
        initial: steps done by an earlier, resumed run; they do not count towards the rate.
        every: least number of seconds between two lines; the last step always prints one.
    """

    def __init__(self, name: str, total: int, initial: int = 0, unit: str = "it", every: float = 5.0):
        self.name, self.total, self.initial, self.unit, self.every = name, total, initial, unit, every
        self.done = initial
        self.start = time.monotonic()
        self.printed = 0.0

    def update(self, count: int = 1, **numbers: float) -> None:
        """Count `count` more as done; `numbers` are printed at the end of the line."""
        self.done += count
        now = time.monotonic()
        if now - self.printed < self.every and self.done < self.total:
            return
        self.printed = now
        postfix = " ".join(f"{key} {value:.4g}" for key, value in numbers.items())
        line = tqdm.format_meter(
            self.done,
            self.total,
            now - self.start,
            prefix=self.name,
            unit=self.unit,
            initial=self.initial,
            postfix=postfix,
            ascii=True,
            ncols=max(80, 64 + len(self.name) + len(postfix)),
        )
        print(line, file=sys.stderr, flush=True)
