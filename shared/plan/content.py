"""What stands in a run's name for the paths that its config names: a hash of what lies there."""

import functools
from pathlib import Path
from typing import Any

from shared.config import ConfigError, Role, differences, is_path
from shared.corpora.content_hash import content_hash, hash_files

# In the project's root, where plans are made: it goes when the runs go, and Git doesn't see it.
CACHES = Path("runs/.content")
WEIGHTS = "model.safetensors"  # it names the folder that it lies in, as where evaluators are loaded


def identity(config: Any) -> Any:
    """What a config says beyond its defaults, with a fingerprint in place of each path: the same content, the same key.

    Raises:
        ConfigError: something that a field names is not there, or can't be read; the message names the field.
    """
    return differences(config, content)


def content(role: Role, field: str, text: str) -> str:
    """What stands for the text of a field of this role: a fingerprint if it is a path, itself if it is a hub id.

    Raises:
        ConfigError: see `identity`.
    """
    if role is Role.CORPUS:
        return corpus_fingerprint(text)
    path = Path(text)
    if path.exists():
        try:
            return model_fingerprint(text)
        except ConfigError as error:
            raise ConfigError(f"{field}: {error}") from None
    if is_path(text):
        raise ConfigError(f"{field}: {text}: no such file or folder")
    return text


@functools.cache
def corpus_fingerprint(folder: str) -> str:
    """Hash of the content of a folder's metadata and clips: an edited clip is another corpus, a copied one the same.

    Raises:
        ConfigError: the folder's metadata or a clip can't be read.
    """
    return content_hash(folder, CACHES)


@functools.cache
def model_fingerprint(place: str) -> str:
    """Hash of a model's file, or of all files in its folder but hidden ones.

    Raises:
        ConfigError: the folder is empty, or a file can't be read.
    """
    path = Path(place)
    if path.is_file() and path.name != WEIGHTS:
        return hash_files(path.parent, [path.name], CACHES)
    folder = path.parent if path.is_file() else path
    below = (each.relative_to(folder) for each in folder.rglob("*") if each.is_file())
    names = sorted(each.as_posix() for each in below if not any(part.startswith(".") for part in each.parts))
    if not names:
        raise ConfigError(f"{place}: no files in this folder")
    return hash_files(folder, names, CACHES)
