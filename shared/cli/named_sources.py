"""The sources that a command line of `replicate` names."""

import argparse

from shared.config import ConfigError, did_you_mean
from shared.plan.schema import Source, load_sources


def sources_of(arguments: argparse.Namespace) -> dict[str, Source]:
    """All sources, among which are those that are asked for.

    Raises:
        ConfigError: one of those is none.
    """
    loaded = load_sources(arguments.replications)
    for name in arguments.source:
        if name not in loaded:
            raise ConfigError(f"no source {name!r}{did_you_mean(name, loaded)}")
    return loaded


def source_of(arguments: argparse.Namespace) -> Source:
    """The source that is asked for, alone.

    Raises:
        ConfigError: there is none of that name.
    """
    known = sorted(path.parent.name for path in arguments.replications.glob("*/study.yaml"))
    if arguments.source not in known:
        raise ConfigError(f"no source {arguments.source!r}{did_you_mean(arguments.source, known)}")
    return Source(arguments.replications / arguments.source / "study.yaml")


def titles_of(arguments: argparse.Namespace) -> dict[str, str]:
    """The title of each source."""
    return {name: source.file.title for name, source in load_sources(arguments.replications).items()}
