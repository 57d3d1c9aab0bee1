"""What can be set about the path from noise to data. Imports no torch."""

from typing import ClassVar

from shared.kinds import Kind


class PathConfig(Kind):
    """A path; its module has `build(config)`, a `shared.generators.paths.base.Path`."""

    PACKAGE: ClassVar[str] = "shared.generators.paths"

    kind: str
