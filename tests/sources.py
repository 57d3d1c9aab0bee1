"""The sources in `replications/`, read once for all tests: it takes a second."""

from pathlib import Path

from shared.plan.own_latents import is_written
from shared.plan.schema import load_sources

LOADED = load_sources(Path(__file__).parents[1] / "replications")
SOURCES = {name: source for name, source in LOADED.items() if not is_written(source.path)}
