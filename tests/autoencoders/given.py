"""Autoencoders of the classes that adapters read, tiny, with random weights, saved as the libraries save them.

Their sizes and facts are those that the study `public` has at `smoke`.
"""

import warnings
from pathlib import Path
from typing import Any

from shared.autoencoders.adapters.config import LibraryConfig
from tests.sources import SOURCES


def _tiny() -> dict[str, LibraryConfig]:
    found = (config.autoencoder.pretrained for config in SOURCES["public"].resolve_all("smoke"))
    return {each.kind: each for each in reversed([*found])}


GIVEN = _tiny()


def save_given(kind: str, folder: Path) -> dict[str, Any]:
    """Save the tiny one of a kind in `folder`/kind; what a study says of it."""
    config, place = GIVEN[kind], folder / kind
    model, more = config.build().model, {}
    parts = {place: model}
    if kind == "mmaudio":
        parts = dict(zip((place, folder / "vocoder"), model, strict=True))
        more = {"vocoder": str(folder / "vocoder")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, part in parts.items():
            part.save_pretrained(path)
    facts = {name: getattr(config, name) for name in ("sample_rate", "hop", "dim")}
    return {"kind": kind, "model": str(place), **facts, **more}
