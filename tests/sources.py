"""The sources in `replications/`, read once for all tests: it takes a second."""

from pathlib import Path

from shared.plan.schema import load_sources

SOURCES = load_sources(Path(__file__).parents[1] / "replications")
