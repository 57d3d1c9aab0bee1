"""What a released model is to the rest: how it is told what it is, and where each of its weights goes.

A model is a module of this package and a class in it, a `Released` whose `name` is the module's; nothing lists it. Its
sizes are read off the shapes of the weights, and what shapes don't say off the `config.json` beside them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from shared.autoencoders.builder import SavedAutoencoder, build_autoencoder
from shared.autoencoders.config import AutoencoderConfig
from shared.config import ConfigError, Strict, parse
from shared.files import read_json
from shared.generators.builder import SavedGenerator, meta_generator
from shared.generators.infilling_config import InfillingConfig
from shared.released.norms import in_parts

Weights = Mapping[str, Tensor]


class Place(NamedTuple):
    """Where a weight of ours comes from.

    Attributes:
        ours: regular expression that all of one of our names match; a weight-normed one ends in `weight_g` (lengths)
            or `weight_v` (directions), as PyTorch called them first.
        theirs: their names; `\\1` stands for a group of `ours`.
        make: what makes ours of theirs; by default it is theirs. Axes of length 1 need not agree.
    """

    ours: str
    theirs: Sequence[str]
    make: Callable[..., Tensor] | None = None


class Released:
    """A model that others released.

    Attributes:
        name: of its module, and of `--as`.
        title: what it is and whose files are read, in a line.
        prefixes: what may stand before all of its names, where a file holds several models; the first that is found.
        parts: folders in the folder whose files make up the model, and what is put before the names in each.
        left_out: regular expression of names that have no place here on purpose.
        notes: what somebody who uses the result should know, in a sentence.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    prefixes: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[dict[str, str]] = {}
    left_out: ClassVar[str] = r".*\.inv_freq"
    notes: ClassVar[str] = ""

    def beside(self, folder: Path) -> dict[str, Any]:
        """What the files beside the weights say: `config.json`, if there is one."""
        path = folder / "config.json"
        said = read_json(path) if path.is_file() else {}
        return said if isinstance(said, dict) else {}

    def describe(self, weights: Weights, config: Mapping[str, Any]) -> Strict:
        """The `model.json` that goes beside the weights: most often `SavedAutoencoder` or `SavedGenerator`.

        Args:
            weights: by their names, without the prefix.
            config: what `beside` found.

        Raises:
            ConfigError, KeyError, IndexError: the weights are not of this model.
        """
        raise NotImplementedError

    def places(self, description: Any) -> list[Place]:
        """Where each of our weights comes from; the first that matches counts."""
        raise NotImplementedError

    def ours(self, description: Any) -> dict[str, Tensor]:
        """Names and shapes of what a training would have saved, on the meta device."""
        with torch.device("meta"):
            if isinstance(description, SavedAutoencoder):
                assert isinstance(description.config, AutoencoderConfig), "what is imported is one of ours"
                return build_autoencoder(description.config).state_dict()
            return _of_generator(description)


def _of_generator(description: SavedGenerator) -> dict[str, Tensor]:
    config = description.config
    assert isinstance(config, InfillingConfig), "no other generator is imported"
    transformer = meta_generator(config, description.latent_dim).state_dict()
    state = {f"transformer.{name}": tensor for name, tensor in transformer.items()}
    if config.has_frozen_text:
        return state
    return state | {f"text_encoder.{name}": tensor for name, tensor in config.text.build().state_dict().items()}


def saved_autoencoder(
    architecture: dict[str, Any], bottleneck: dict[str, Any], sample_rate: int
) -> SavedAutoencoder:
    """The description of an autoencoder."""
    config = parse(AutoencoderConfig, {"architecture": architecture, "bottleneck": bottleneck}, "its sizes")
    return SavedAutoencoder(config=config, sample_rate=sample_rate, hop=config.architecture.hop)


def count(weights: Weights, pattern: str) -> int:
    """How many there are of what `pattern` numbers by its group."""
    return len({match[1] for name in weights if (match := re.match(pattern, name))})


def shape(weights: Weights, name: str) -> tuple[int, ...]:
    """Of a weight, which may be under weight normalisation as in `Place`.

    Raises:
        ConfigError: there is none.
    """
    tensor = in_parts(weights, name).tensor
    if tensor is None:
        raise ConfigError(f"it lacks {name}")
    return tuple(tensor.shape)


def expect(config: Mapping[str, Any], **wanted: Any) -> None:
    """Raises ConfigError where `config.json` has another value than the one that our class has."""
    for name, value in wanted.items():
        if name in config and config[name] != value:
            raise ConfigError(f"config.json: {name} is {config[name]!r}; only {value!r} can be imported")


def neighbours(x: Tensor, heads: int, rotated: int | None = None) -> Tensor:
    """Rows of queries or keys, `(heads · head_dim, …)`, in the order in which RoPE turns neighbours.

    Elsewhere RoPE turns channel i with channel i + n / 2 of the n that it turns; here they stand side by side.

    Args:
        x: rows of all heads.
        heads: how many.
        rotated: n, the first of each head's channels; None: all.
    """
    parts = x.unflatten(0, (heads, -1))
    turned = parts.shape[1] if rotated is None else rotated
    pairs = parts[:, :turned].unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)
    return torch.cat([pairs, parts[:, turned:]], dim=1).flatten(0, 1)


def join(*parts: Tensor) -> Tensor:
    """One below the other."""
    return torch.cat(parts)


def fit(released: Released, weights: Weights, description: Strict) -> dict[str, Tensor]:
    """All of our weights, made of theirs.

    Raises:
        ConfigError: a name is missing, has no place, or is of another shape; some are named, with how many there are.
    """
    places, used = released.places(description), set[str]()
    state, missing, misshapen = {}, [], []
    for name, wanted in released.ours(description).items():
        sources, make = _sources(name, places)
        taken = [in_parts(weights, source) for source in sources]
        used.update(*(parts.names for parts in taken))
        if lacking := [source for source, parts in zip(sources, taken, strict=True) if parts.tensor is None]:
            missing += lacking
            continue
        tensors = [parts.tensor.float() for parts in taken if parts.tensor is not None]
        made = _shaped(tensors, make, wanted)
        if made is None:
            shapes = " and ".join(str(tuple(tensor.shape)) for tensor in tensors)
            misshapen.append(f"{sources[0]} {shapes} for {tuple(wanted.shape)}")
        else:
            state[name] = made
    surplus = [name for name in weights if name not in used and not re.fullmatch(released.left_out, name)]
    found = {"lacks": missing, "has no place for": surplus, "has of another shape": misshapen}
    if any(found.values()):
        said = "; ".join(f"{what} {_some(names)}" for what, names in found.items() if names)
        raise ConfigError(f"not the weights of {released.name}: it {said}")
    return state


def _sources(name: str, places: list[Place]) -> tuple[list[str], Callable[..., Tensor] | None]:
    plain = name.replace(".parametrizations.weight.original0", ".weight_g")
    plain = plain.replace(".parametrizations.weight.original1", ".weight_v")
    for place in places:
        if match := re.fullmatch(place.ours, plain):
            return [match.expand(theirs) for theirs in place.theirs], place.make
    raise AssertionError(f"no place of the map makes {plain}")


def _shaped(tensors: list[Tensor], make: Callable[..., Tensor] | None, wanted: Tensor) -> Tensor | None:
    """What is made of them in the wanted shape, or None."""
    try:
        made = make(*tensors) if make else tensors[0]
    except (RuntimeError, IndexError):  # what torch raises where shapes don't go together
        return None
    same = [size for size in made.shape if size != 1] == [size for size in wanted.shape if size != 1]
    return made.reshape(wanted.shape).contiguous() if same else None


def _some(names: list[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(sorted(names)[:shown]) + more
