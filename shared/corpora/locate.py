"""Where the clips lie that `metadata.csv` names, also where another system wrote the names."""

import os
import posixpath
import unicodedata
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

from shared.user_files import kind_problem, leads_out

NO_FILE = "no such file"
OUTSIDE = "lies outside the folder"


class Locator:
    """Finds files below a folder.

    Args:
        folder: where to look. Folders in it are listed where a name is not found as it is written, once each.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.root = os.path.realpath(folder)
        self.within: dict[str, bool] = {}  # folder below → whether it is, all links followed
        self.listings: dict[tuple[str, Callable[[str], str]], dict[str, list[str]]] = {}

    def __call__(self, name: str) -> tuple[str, str | None]:
        """The path of a clip below the folder, and why it can't be read, or None.

        A backslash that is no part of a name parts folders; letters with diacritics are the same in one character as
        in several. Upper and lower case differ.
        """
        for spelled in dict.fromkeys((name, name.replace("\\", "/"))):
            path = posixpath.normpath(spelled)
            if posixpath.isabs(path) or path == ".." or path.startswith("../"):
                return path, OUTSIDE
            found = self._find(path, composed) or path
            problem = _problem(os.path.join(self.folder, found)) or self._leads_out(found)
            if problem != NO_FILE:
                return found, problem
        return path, OUTSIDE if PureWindowsPath(name).is_absolute() else NO_FILE + self._hint(path)

    def _leads_out(self, path: str) -> str | None:
        """Why a file that is there is not below the folder, or None: links are followed."""
        folder, file = posixpath.dirname(path), os.path.join(self.folder, path)
        if folder not in self.within:
            self.within[folder] = leads_out(os.path.join(self.folder, folder), self.root) is None
        return None if self.within[folder] and not os.path.islink(file) else leads_out(file, self.root)

    def _find(self, path: str, key: Callable[[str], str]) -> str | None:
        """`path` as the folder has it: itself, else what alone has the same `key`, part by part."""
        if os.path.lexists(os.path.join(self.folder, path)):
            return path
        found = ""
        for part in path.split("/"):
            alike = self._listing(found, key).get(key(part), [])
            if part not in alike and len(alike) != 1:
                return None
            found = posixpath.join(found, part if part in alike else alike[0])
        return found

    def _hint(self, path: str) -> str:
        """`; did you mean …?` for a file whose name differs in case or suffix, or nothing."""
        folder, name = posixpath.split(path)
        parent = self._find(folder, folded) if folder else ""
        if parent is None:
            return ""
        alike = self._listing(parent, folded).get(folded(name)) or self._listing(parent, stem).get(stem(name), [])
        meant = [posixpath.join(parent, each) for each in alike]
        return f"; did you mean {meant[0]}?" if meant else ""

    def _listing(self, folder: str, key: Callable[[str], str]) -> dict[str, list[str]]:
        """Names in a folder below this one by their `key`; none where it can't be listed."""
        if (folder, key) not in self.listings:
            names: dict[str, list[str]] = {}
            try:
                there = sorted(os.listdir(self.folder / folder))
            except OSError:
                there = []
            for each in there:
                names.setdefault(key(each), []).append(each)
            self.listings[folder, key] = names
        return self.listings[folder, key]


def composed(name: str) -> str:
    """The name with each letter and its diacritics in one character, where there is one."""
    return unicodedata.normalize("NFC", name)


def folded(name: str) -> str:
    """The name whatever the case."""
    return composed(name).casefold()


def stem(name: str) -> str:
    """The name whatever the case, without its suffix."""
    return posixpath.splitext(folded(name))[0]


def _problem(path: str) -> str | None:
    try:
        mode = os.stat(path).st_mode
    except PermissionError as error:
        return f"not readable: {error.strerror}"
    except OSError:
        return "a link that leads nowhere" if os.path.islink(path) else NO_FILE
    return kind_problem(mode)
