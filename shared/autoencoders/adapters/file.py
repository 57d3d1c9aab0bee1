"""An autoencoder of the user's, in a Python file that the user names. What the file says is run, as its user's own.

    def load(weights):       # the path that the config's `weights` says, or None
        return Mine(weights)

    class Mine:              # a torch.nn.Module is moved to the device that models run on, in eval mode
        sample_rate, hop, dim, channels = 16000, 320, 64, 1
        latent = "what it is, for the record"                  # may be left out

        def encode(self, audio):    # (batch, channels, frames * hop) float32 -> (batch, dim, frames), or (mean, std)
            ...

        def decode(self, latents):  # (batch, dim, frames) -> (batch, channels, frames * hop)
            ...
"""

import hashlib
import inspect
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from operator import index
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator

from shared.autoencoders.adapters.base import Adapter, Facts
from shared.autoencoders.adapters.config import AdapterConfig
from shared.config import MODEL, ConfigError
from shared.files import sha256
from shared.user_files import read_text

if TYPE_CHECKING:
    from torch import Tensor

SAYS = ("sample_rate", "hop", "dim", "channels")
DOES = ("encode", "decode")


class FileConfig(AdapterConfig):
    """The file, and what it loads its weights from."""

    kind: Literal["file"]
    weights: Annotated[str | None, *MODEL] = Field(
        None, description="file or folder that is given to the file's `load`; a change of it is another model"
    )

    @field_validator("model")
    @classmethod
    def _is_python(cls, value: str) -> str:
        if not value.endswith(".py"):
            raise ValueError("must be a Python file (.py)")
        return value


class File(Adapter):
    """What the file's `load` returns.

    Raises:
        ConfigError: the file is missing, is no Python, or does not keep to the protocol.
    """

    def __init__(self, config: FileConfig):
        self.config = config
        self.text = _text(config.model)
        load = getattr(_run(config.model, self.text), "load", None)
        if not callable(load) or not _takes_one(load):
            raise ConfigError(f"{config.model}: no function load(weights) that returns the autoencoder")
        self.model = _ready(load(config.weights))
        _check(config.model, self.model)
        self.latent = str(getattr(self.model, "latent", f"what {Path(config.model).name} encodes to"))
        self.facts = Facts(*(index(getattr(self.model, name)) for name in SAYS))

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        made = self.model.encode(audio)
        mean, std = made if isinstance(made, tuple | list) and len(made) == 2 else (made, None)
        given = [mean] if std is None else [mean, std]
        if not all(hasattr(each, "shape") and each.ndim in (0, mean.ndim) for each in given):
            raise ConfigError(f"{self.config.model}: encode must return a tensor, or mean and std of one shape")
        return mean, std

    def decode(self, latents: "Tensor") -> "Tensor":
        return self.model.decode(latents)

    def fingerprint(self) -> str:
        """Hash of the file's text, of what lies at `weights` and, of a module, of its weights."""
        from torch import nn

        given = "" if self.config.weights is None else _hash(Path(self.config.weights))
        weights = super().fingerprint() if isinstance(self.model, nn.Module) else ""
        return hashlib.sha256(f"{self.text}{given}{weights}".encode()).hexdigest()


def _text(path: str) -> str:
    try:
        return read_text(Path(path))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None


class _Loader(SourceFileLoader):
    """Runs this very text: what lies compiled beside the file may be of an earlier one."""

    def __init__(self, path: str, text: str):
        super().__init__(f"{Path(path).stem}_autoencoder", path)
        try:
            self.code = self.source_to_code(text, path)
        except (SyntaxError, ValueError) as error:
            raise ConfigError(f"{path}:{getattr(error, 'lineno', None) or 1}: not valid Python: {error}") from None

    def get_code(self, fullname: str) -> Any:
        return self.code


def _run(path: str, text: str) -> ModuleType:
    loader = _Loader(path, text)
    module = ModuleType(loader.name)
    module.__file__ = path
    sys.modules[module.__name__] = module  # where dataclasses look for what annotations name
    loader.exec_module(module)
    return module


def _hash(path: Path) -> str:
    """Of a file, or of all in a folder, with their names there."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    return " ".join(f"{each.relative_to(path)} {sha256(each)}" for each in files)


def _takes_one(load: Callable[..., Any]) -> bool:
    try:
        inspect.signature(load).bind(None)
    except TypeError:
        return False
    return True


def _ready(made: Any) -> Any:
    from torch import nn

    return made.eval().requires_grad_(False) if isinstance(made, nn.Module) else made


def _check(path: str, made: Any) -> None:
    for name in SAYS:
        value: Any = getattr(made, name, None)
        if not hasattr(value, "__index__") or isinstance(value, bool) or value < 1:
            raise ConfigError(f"{path}: what load returns must have {name}, a whole number above 0 (got {value!r})")
    for name in DOES:
        if not callable(getattr(made, name, None)):
            raise ConfigError(f"{path}: what load returns must have {name}")


build = File
