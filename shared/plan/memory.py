"""What a config takes of memory at the very least, so that no job begins that no machine could finish.

Rough, and too low rather than too high: weights with their gradients and the optimiser's moments, one layer's
activations, spectra. It is to find a size with a zero too many, not to say whether a batch fits.
"""

import math
import os
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from shared.autoencoders.adapters.config import AdoptedRecipe

SMALL_SCALES = ("smoke", "cpu")  # run on a laptop, without network and without a GPU
LARGEST = 8 * 288e9  # bytes of the largest GPUs, eight in a machine: what other scales may take
TRAINED = 16  # bytes of a weight that is trained: in float32 itself, its gradient and Adam's two moments
NUMBER = 4  # bytes of a number in float32
CLIP = 256  # bytes that are known of a clip at least: id, text, split, where it lies

SECTIONS = ("autoencoder", "generator", "evaluators", "teacher")  # of a config: what has weights
SQUARED = ("width", "latent_width", "text_width", "widths", "stages", "channels")  # a layer has as many weights
LAYERS = ("depth", "latent_depth", "text_depth", "depths")
NO_SIZES = (
    "steps", "batch", "accumulation", "checkpoint_every", "warmup", "start", "every", "detach_steps", "longest",
    "negatives", "sample_rate", "utterances", "max_channels", "tokens", "rotary_heads", "layer", "clips", "scales",
    "seed", "stride", "overlap", "hop", "window", "hops", "bins_per_octave",
)  # fmt: skip


class Need(NamedTuple):
    """Bytes at least, and the fields that ask for them."""

    size: float
    fields: str


def memory_problem(config: BaseModel, scale: str) -> str | None:
    """Why no machine for the scale could run a config, or None: field and figure."""
    machine = machine_memory()
    limit = machine if scale in SMALL_SCALES else max(machine, LARGEST)
    most = max(needs(config), default=Need(0, ""))
    if most.size <= limit:
        return None
    there = f"this machine has {shown(limit)}" if scale in SMALL_SCALES else f"no machine has more than {shown(limit)}"
    return f"{most.fields}: takes {shown(most.size)} of memory at least, and {there}"


@cache
def machine_memory() -> float:
    """Bytes of this machine's memory."""
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def shown(size: float) -> str:
    """Bytes for people: `23 GB`."""
    return f"{size / 1e9:,.0f} GB" if size < 1e15 else f"{size / 1e9:.0e} GB"


def needs(config: Any) -> Iterator[Need]:
    """What a variant's config takes; of another config, nothing."""
    for name in SECTIONS:
        for field, section in sections(getattr(config, name, None), name):
            yield from _weights(field, section)
    if hasattr(config, "autoencoder"):
        if not isinstance(config.autoencoder, AdoptedRecipe):
            yield from _autoencoder(config)
        yield from _generator(config)
        yield from _corpus(config)


def sections(value: Any, field: str) -> Iterator[tuple[str, BaseModel]]:
    """All configs in a config, itself included, each with its dotted path."""
    if isinstance(value, BaseModel):
        yield field, value
        for name in _fields_of(type(value), BaseModel):
            yield from sections(getattr(value, name), f"{field}.{name}")
    elif isinstance(value, dict | list | tuple):
        for place, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from sections(each, f"{field}.{place}")


@cache
def _fields_of(model: Any, kind: type) -> list[str]:
    """The fields of a model whose annotation names this type, at any depth."""
    return [name for name, info in model.model_fields.items() if _names(info.annotation, kind)]


def _names(annotation: Any, kind: type) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, kind) and annotation is not bool
    return any(_names(part, kind) for part in get_args(annotation))


def _weights(field: str, section: BaseModel) -> Iterator[Need]:
    """What the sizes in one section ask for, each by itself."""
    names, squared, depths = _sizes_of(type(section))
    layers = max((_largest(getattr(section, name)) for name in depths), default=1) or 1
    by_layer = f" x {depths[0]}" if depths else ""
    if depths:
        yield Need(_product(TRAINED, layers), f"{field}.{depths[0]}")
    inner = _largest(getattr(section, "feed_forward", 0))
    for name in names:
        yield Need(_product(TRAINED, layers, _largest(getattr(section, name))), f"{field}.{name}{by_layer}")
    for name in squared:
        size = _largest(getattr(section, name))
        # The inner width is in widths where it is small, else in channels.
        width = max(size, inner if inner > size else inner * size)
        yield Need(_product(TRAINED, layers, size, width), f"{field}.{name}{by_layer}")


@cache
def _sizes_of(model: Any) -> tuple[list[str], list[str], list[str]]:
    """The fields and properties of a config that are sizes: those of a vector, of a matrix, and numbers of layers."""
    names = [*_fields_of(model, int), *(name for name in SQUARED if isinstance(getattr(model, name, None), property))]
    plain = [name for name in names if name not in (*NO_SIZES, *LAYERS, *SQUARED)]
    return plain, [name for name in names if name in SQUARED], [name for name in names if name in LAYERS]


def _largest(value: Any) -> int:
    """The largest whole number in a field's value; 0 where there is none."""
    if isinstance(value, tuple | list):
        return max(map(_largest, value), default=0)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _product(*factors: float) -> float:
    """Their product; infinite where it is too large for a float."""
    try:
        return math.prod(map(float, factors))
    except OverflowError:
        return math.inf


def _autoencoder(config: Any) -> Iterator[Need]:
    """A crop of each example of a micro-batch, and its spectra."""
    recipe = config.autoencoder
    audio = _product(config.sample_rate, recipe.architecture.audio_channels)
    samples = _product(recipe.training.batch // recipe.training.accumulation, recipe.crop_seconds, audio)
    batch = "autoencoder.training.batch x crop_seconds"
    yield Need(_product(NUMBER, samples), batch)
    yield Need(_product(NUMBER, recipe.architecture.hop), "autoencoder.architecture: samples of a latent frame")
    yield Need(_product(NUMBER, samples / recipe.architecture.hop, recipe.bottleneck.dim), f"{batch} x bottleneck.dim")
    for kind in ("stft", "mel"):
        for number, each in enumerate(getattr(recipe.reconstruction, kind)):
            field = f"autoencoder.reconstruction.{kind}.{number}"
            yield Need(_product(NUMBER, 1 + samples / each.hop, each.n_fft), f"{field}.n_fft x {batch}")
            yield Need(_product(NUMBER, each.n_fft, getattr(each, "n_mels", 1)), f"{field}.n_fft x n_mels")


def _generator(config: Any) -> Iterator[Need]:
    """A second of latents of each utterance of a micro-batch, and of the clips that are sampled at once."""
    recipe, sampling = config.generator, config.sampling
    second = _product(NUMBER, config.frame_rate, config.autoencoder.bottleneck.dim)
    examples = recipe.training.batch // recipe.training.accumulation
    dim = "autoencoder.bottleneck.dim"
    yield Need(_product(second, examples, recipe.utterances), f"generator.training.batch x utterances x {dim}")
    yield Need(_product(second, sampling.batch), f"sampling.batch x {dim}")


def _corpus(config: Any) -> Iterator[Need]:
    for name in ("clips", "utterances", "limit"):
        yield Need(_product(CLIP, getattr(config.corpus, name, None) or 0), f"corpus.{name}")
