"""What study files share: the pieces of configs in `base.yaml` beside the source folders, and how a file names them.

`extends` in a mapping names what it starts from; what else the mapping says is merged over that. Of a list of names,
the later go over the earlier. A piece is named by its section and its name, as `corpora.speech_cpu`, anywhere in
`scales`, `variants` and `guesses`, and in other pieces; a variant may extend other variants of its file, too, and a
scale one other scale.
"""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from shared.config import ConfigError, did_you_mean
from shared.plan.dotted import merge
from shared.yaml_file import load_yaml

BASE = "base.yaml"
EXTENDS = "extends"


class Pieces:
    """The pieces that a study file can name.

    Args:
        study: the `study.yaml`; `base.yaml` lies beside its folder. Files that name no piece need none.
    """

    def __init__(self, study: Path):
        self.path = Path(study).parent.parent / BASE
        self.used: set[str] = set()

    @cached_property
    def known(self) -> dict[str, dict]:
        """`section.name` → piece, as written."""
        sections = _read(self.path, self.path.stat().st_mtime_ns) if self.path.exists() else {}
        _check_mapping(sections, f"{self.path}: (top level)")
        for section, pieces in sections.items():
            _check_mapping(pieces, f"{self.path}: {section}")
            for name, piece in pieces.items():
                _check_mapping(piece, f"{self.path}: {section}.{name}")
        return {f"{section}.{name}": piece for section, pieces in sections.items() for name, piece in pieces.items()}

    def put_in(self, config: Any, where: str, own: dict[str, Any] | None = None, within: tuple[str, ...] = ()) -> Any:
        """`config` with what its mappings extend merged into them.

        Args:
            where: file and field, for errors.
            own: what else than pieces `config` itself may extend, by name.
            within: what extends `config`, outermost first.

        Raises:
            ConfigError: no such piece, or one that extends itself.
        """
        if isinstance(config, list):
            return [self.put_in(item, f"{where}.{number}", within=within) for number, item in enumerate(config)]
        if not isinstance(config, dict):
            return config
        own = own or {}
        data: dict[str, Any] = {}
        for name in extended(config, where):
            if name in within:
                raise ConfigError(f"{where}: {' extends '.join([*within, name])} goes in a circle")
            if name in own:
                base = self.put_in(own[name], where, own, (*within, name))
            else:
                base = self.put_in(self._piece(name, where, own), f"{self.path}: {name}", within=(*within, name))
            if isinstance(base, dict):  # else it is for the schema to refuse
                data = merge(data, base)
        rest = {key: value for key, value in config.items() if key != EXTENDS}
        return merge(data, {key: self.put_in(value, f"{where}.{key}", within=within) for key, value in rest.items()})

    def _piece(self, name: str, where: str, own: dict[str, Any]) -> dict:
        if name not in self.known:
            hint = did_you_mean(name, [*own, *self.known])
            missing = "" if self.path.exists() else f"; pieces are in {self.path}, and there is no such file"
            raise ConfigError(f"{where}.{EXTENDS}: no {name!r}{hint}{missing}")
        self.used.add(name)
        return self.known[name]


@lru_cache
def _read(path: Path, changed: int) -> Any:
    """The file as it was `changed` then: each source reads it, and to parse it is slow."""
    return load_yaml(path) or {}


def load_study(path: Path, pieces: Pieces | None = None) -> Any:
    """A study file in which no piece is named any more, and no variant extends another; scales still do.

    Raises:
        ConfigError: it is not YAML, or extends what doesn't exist.
    """
    data, pieces = load_yaml(path), pieces or Pieces(path)
    if not isinstance(data, dict):
        return data
    sections = {name: data[name] for name in ("scales", "variants", "guesses") if isinstance(data.get(name), dict)}
    if "scales" in sections:
        sections["scales"] = {
            name: _scale(name, sections["scales"], pieces, f"{path}: scales.{name}") for name in sections["scales"]
        }
    if "variants" in sections:
        variants = sections["variants"]
        sections["variants"] = {
            name: pieces.put_in(variant, f"{path}: variants.{name}", variants, (name,))
            for name, variant in variants.items()
        }
    if "guesses" in sections:
        sections["guesses"] = pieces.put_in(sections["guesses"], f"{path}: guesses")
    return data | sections


def extended(config: dict, where: str) -> list[str]:
    """The names after `extends`, of which there may be none."""
    names = config.get(EXTENDS, [])
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{where}.{EXTENDS}: must be a name or a list of names (got {names!r})")
    return names


def _scale(name: str, scales: dict[str, Any], pieces: Pieces, where: str) -> Any:
    """A scale with its pieces in it; that it extends another scale stays, as variants' overrides go by that."""
    scale = scales[name]
    if not isinstance(scale, dict):
        return scale
    names = extended(scale, where)
    own = [each for each in names if each in scales or "." not in each]
    if len(own) > 1:
        raise ConfigError(f"{where}.{EXTENDS}: {' and '.join(own)} are two scales of this file; extend one")
    rest = {**scale, EXTENDS: [each for each in names if each not in own]}
    return {**({EXTENDS: own[0]} if own else {}), **pieces.put_in(rest, where)}


def _check_mapping(data: Any, where: str) -> None:
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: must be a mapping (got {data!r})")
