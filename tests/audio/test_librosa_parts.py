"""librosa where numba may write nowhere; numba is the real one, librosa a stand-in that takes no minute to compile."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numba
import pytest
from numba.core import caching

from shared.audio.librosa_parts import from_librosa


def identity(value):
    return value


class Compiled(ModuleType):
    """A package whose parts are compiled, and kept, when they are asked for."""

    def __getattr__(self, name: str):
        return numba.njit(cache=True)(identity)


@pytest.fixture
def read_only(monkeypatch):
    """Neither a package's folder nor the user's cache can be written to."""
    for locator in (caching.InTreeCacheLocator, caching.UserWideCacheLocator):
        monkeypatch.setattr(locator, "ensure_cache_path", _refuse)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setitem(sys.modules, "librosa", Compiled("librosa"))
    yield
    monkeypatch.undo()
    numba.config.reload_config()


def _refuse(self):
    raise PermissionError("read-only")


def test_numba_gets_a_temporary_folder(read_only):
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(identity)
    assert from_librosa("pyin")(3) == 3
    assert len([*Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbi")]) == 1


def test_a_folder_that_was_named_is_kept(read_only, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    numba.config.reload_config()
    from_librosa("pyin")
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path)


def test_another_error_is_raised_again(monkeypatch):
    class Broken(ModuleType):
        def __getattr__(self, name: str):
            raise RuntimeError("defect")

    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setitem(sys.modules, "librosa", Broken("librosa"))
    with pytest.raises(RuntimeError, match="defect"):
        from_librosa("pyin")


def test_the_temporary_folder_goes_with_the_process():
    code = "import os; from shared.audio import librosa_parts as parts; parts._give_numba_a_folder(); "
    code += "print(os.environ['NUMBA_CACHE_DIR'], os.path.isdir(os.environ['NUMBA_CACHE_DIR']))"
    folder, was_there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    assert was_there == "True" and not Path(folder).exists()
