"""Parts of librosa, also where nothing can be written but temporary files."""

import atexit
import os
import shutil
import tempfile
from typing import Any


def from_librosa(name: str) -> Any:
    """`librosa.<name>`, a function or module; the first one takes a second to import.

    librosa compiles with numba, which keeps the result in the package's folder or the user's cache, and raises
    RuntimeError on import if it can write to neither, as in a container with a read-only environment and home. Then
    it gets a temporary folder, and this process compiles for itself, which takes half a minute.
    """
    import librosa  # which loads its parts when they are asked for

    try:
        return getattr(librosa, name)
    except RuntimeError:
        _give_numba_a_folder()
        return getattr(librosa, name)


def _give_numba_a_folder() -> None:
    import numba

    folder = tempfile.mkdtemp(prefix="numba-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder
    numba.config.reload_config()
