"""What every job's command line shares: threads, user errors as one line, and its end with what started it."""

import argparse
import os
import sys
from collections.abc import Callable

from shared.config import ConfigError
from shared.files import UNWRITABLE
from shared.lifetime import STARTED_BY, end_with
from shared.user_files import Refused


def job_parser(description: str, **files: str) -> argparse.ArgumentParser:
    """A parser with `--spec`, `--output`, `--threads` and one required option for each of `files`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--spec", required=True, help="JSON file with the whole configuration of this job")
    for name, text in files.items():
        parser.add_argument(f"--{name}", required=True, help=text)
    parser.add_argument("--output", required=True, help="file to write; it appears only once it is complete")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads for torch (default: 1)")
    return parser


def set_threads(threads: int) -> None:
    """Pin torch to `threads` CPU threads and flush denormals, which slow a CPU down many times."""
    import torch

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


def run_job(main: Callable[[], None]) -> None:
    """Run a job's `main`; an error that the user can fix becomes one line on stderr and exit status 1."""
    end_with(os.environ.get(STARTED_BY))
    try:
        main()
    except (ConfigError, Refused) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        print(f"error: {error.filename or 'a file'}: {os.strerror(error.errno).lower()}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted: run the same command again to go on", file=sys.stderr)
        sys.exit(130)
