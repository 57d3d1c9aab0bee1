"""What an adapter is: the continuous latent of an autoencoder that others trained, with the facts about it.

Lengths are seen to in one place, `shared.autoencoders.adopted`: an adapter is given whole latent frames, and what comes
back may be some samples or frames longer or shorter than it should be.
"""

import hashlib
import json
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from shared.autoencoders.adapters.config import AdapterConfig, LibraryConfig
from shared.autoencoders.given import RANDOM
from shared.bottlenecks.config import Draw
from shared.config import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from shared.autoencoders.base import Autoencoder


WRITER = "transformers_version"  # in a config: what wrote it


class Facts(NamedTuple):
    """What the model itself says: rate in Hz, samples of a latent frame, channels of the latent and of the audio."""

    sample_rate: int
    hop: int
    dim: int
    channels: int


class Adapter:
    """An autoencoder that others trained, loaded.

    Attributes:
        latent: what its continuous latent is, for people.
        draw: what the noise of a clip is scaled by; see `shared.bottlenecks.base`.
        least: latent frames that it must be given at least; shorter audio is padded.
        model: the module that holds its weights, or what else does the work.
        facts: what it says of itself.
    """

    latent: str
    draw: Draw = "fixed"
    least: int = 1
    model: Any
    facts: Facts

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        """`(batch, channels, frames * hop)` → the latent's mean, and its std if it has one, `(batch, dim, frames)`."""
        raise NotImplementedError

    def decode(self, latents: "Tensor") -> "Tensor":
        """`(batch, dim, frames)` → `(batch, channels, time)`."""
        raise NotImplementedError

    def autoencoder(self, channels: int) -> "Autoencoder":
        """It as the rest of the chain uses it, for audio of so many channels."""
        from shared.autoencoders.adopted import wrapped

        return wrapped(self, channels)

    def fingerprint(self) -> str:
        """Hash of its weights."""
        from shared.pretrained import weights_sha256

        return weights_sha256(self.model)


class FromLibrary(Adapter):
    """A class of `diffusers` or `transformers`, loaded from safetensors in float32, or made with random weights.

    Attributes:
        library, name: the class.
    """

    library: ClassVar[str]
    name: ClassVar[str]

    def __init__(self, config: LibraryConfig):
        self.config = config
        if config.random is None:
            _check_class(config)
        else:
            self.latent = f"{RANDOM}: {self.latent}"
        self.model = self._load(self.name, config.model, config.subfolder, config.random)
        self.facts = self.read_facts(self.model.config)

    def fingerprint(self) -> str:
        """Hash of its weights and of what its config says, but for where it lies and what wrote it."""
        parts = [self.model] if hasattr(self.model, "config") else list(self.model.children())
        configs = (each.config if isinstance(each.config, dict) else each.config.to_dict() for each in parts)
        kept = [{key: value for key, value in each.items() if key[0] != "_" and key != WRITER} for each in configs]
        text = json.dumps(kept, sort_keys=True, default=str)
        return hashlib.sha256(f"{super().fingerprint()}{text}".encode()).hexdigest()

    def _load(self, name: str, reference: str, subfolder: str | None, random: dict[str, Any] | None) -> Any:
        """A model of a class of the library: from where it lies or, given sizes, with random weights."""
        from huggingface_hub.errors import StrictDataclassError

        from shared.autoencoders.random_weights import build_random
        from shared.pretrained import load

        made = getattr(import_module(self.library), name)
        settings = {} if subfolder is None else {"subfolder": subfolder}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of torch, about how the libraries norm weights
            if random is not None:
                return build_random(made, random, f"model {reference}: pretrained.random").float().eval()
            try:
                return load(made, reference, settings=settings).float().eval()
            except StrictDataclassError as error:  # of transformers, where config.json has a value of another type
                raise ConfigError(f"model {reference}: config.json: {' '.join(str(error).split())}") from error

    def read_facts(self, said: Any) -> Facts:
        """The facts in the model's own config."""
        raise NotImplementedError


class FromDiffusers(FromLibrary):
    """A VAE of `diffusers`, whose `encode` gives a distribution."""

    library = "diffusers"
    latent = "mean and std of the VAE's posterior"

    def encode(self, audio: "Tensor") -> "tuple[Tensor, Tensor | None]":
        posterior = self.model.encode(audio).latent_dist
        return posterior.mean, posterior.std

    def decode(self, latents: "Tensor") -> "Tensor":
        return self.model.decode(latents).sample


def _check_class(config: LibraryConfig) -> None:
    """Raises ConfigError where the model's config.json says that it is of another class than the kind reads."""
    found = said_class(config.model, config.subfolder)
    if found in type(config).CLASSES:
        return
    other = kind_of_class(found)
    fix = f"; say kind: {other}" if other else ""
    wanted = type(config).CLASSES[0]
    raise ConfigError(f"model {config.model}: config.json is of {found}, and kind {config.kind} reads {wanted}{fix}")


def said_class(reference: str, subfolder: str | None = None) -> str:
    """The class that a model's config.json names.

    Raises:
        ConfigError: there is no config.json to be had, or it names none.
    """
    from shared.pretrained import read_config

    said = read_config(reference, subfolder)
    architectures = said.get("architectures") or [None]
    found = said.get("_class_name") or architectures[0] or said.get("model_type")
    if not found:
        raise ConfigError(f"model {reference}: config.json names no class")
    return found


def kind_of_class(name: str) -> str | None:
    """The kind that reads a class of a library, if there is one."""
    for kind in AdapterConfig.kinds():
        found = AdapterConfig.of_kind(kind)
        if found and name in found.CLASSES:
            return kind
    return None


def readable() -> list[str]:
    """The classes of libraries that some kind reads."""
    kinds = map(AdapterConfig.of_kind, AdapterConfig.kinds())
    return sorted(each.CLASSES[0] for each in kinds if each and each.CLASSES)


def kind_of(reference: str) -> str:
    """The kind of a model in a folder or on the hub, by its config.json.

    Raises:
        ConfigError: no kind reads its class.
    """
    found = said_class(reference)
    kind = kind_of_class(found)
    if kind is None:
        told = f"which no adapter reads (but {', '.join(readable())}); a Python file can: docs/YOUR_LATENTS.md"
        raise ConfigError(f"{reference}: config.json is of {found}, {told}")
    return kind
