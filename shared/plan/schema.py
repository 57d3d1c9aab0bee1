"""The schema of `replications/<source>/study.yaml`, and how a variant's config at a scale is put together."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shared.config import ConfigError, Strict, did_you_mean, parse
from shared.plan.corpus_choice import in_place_of, without_notes
from shared.plan.dotted import assign, has, merge, near
from shared.plan.pieces import EXTENDS, Pieces, load_study
from shared.plan.variant import VariantConfig
from shared.statistics.claims import load_claims
from shared.statistics.paper import load_paper
from shared.statistics.study import Axis

NAME = r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$"
ALL_SCALES = "all"  # the key of a variant's overrides that hold at every scale
STUDIES = "studies"  # the key of a scale's config that holds, by study, what the scale changes for it


class Study(Strict):
    """One sweep, drawn as one figure or table; `labels` name variants otherwise than elsewhere."""

    title: str
    seeds: dict[str, Annotated[list[int], Field(min_length=1)]] = Field(
        default_factory=dict, description="scale → training seeds of its record; elsewhere one, 0"
    )
    variants: list[str] = Field(min_length=1)
    axis: Axis | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class Variant(BaseModel):
    """A point of a sweep. Further keys are scales, with that scale's dotted overrides."""

    model_config = ConfigDict(extra="allow", frozen=True)
    label: str

    @property
    def overrides(self) -> dict[str, dict[str, Any]]:
        """Scale → dotted path → value."""
        return self.model_extra or {}


class StudyFile(Strict):
    """`study.yaml`, what it names of `base.yaml` put in (see `shared.plan.pieces`).

    A scale is a config of a variant, written as far as it differs from the scale that it extends.
    """

    source: str = Field(pattern=NAME)
    title: str
    paper: str
    studies: dict[str, Study] = Field(min_length=1)
    variants: dict[str, Variant] = Field(min_length=1)
    scales: dict[str, dict[str, Any]] = Field(min_length=1)
    guesses: dict[str, str] = Field(default_factory=dict, description="dotted path → what the guess rests on")


class Source:
    """A replication: its study file, checked, and the folder it lies in.

    Args:
        path: the `study.yaml`.
        model: config model of a variant (tests pass a small one).

    Raises:
        ConfigError: one line for each thing that is wrong, naming file, field and what exists instead.
    """

    def __init__(self, path: Path, model: type[BaseModel] = VariantConfig):
        self.path, self.folder, self.model = Path(path), Path(path).parent, model
        self.pieces = Pieces(path)
        self.file = parse(StudyFile, load_study(path, self.pieces), str(path))
        self.name = self.file.source
        if self.name != self.folder.name:
            raise ConfigError(
                f"{path}: source: {self.name!r} must equal its folder's name {self.folder.name!r}"
            )
        self._check_names()
        resolved = [config for scale in self.file.scales for config in self.resolve_all(scale)]
        self._check_paths(resolved)
        self._check_facts()

    def study(self, name: str) -> Study:
        """The study called `name`."""
        return self._get("studies", name)

    def resolve_all(self, scale: str) -> list[Any]:
        """Config of each variant of each study at a scale, and of the variants that no study has."""
        pairs = [(variant, name) for name, study in self.file.studies.items() for variant in study.variants]
        used = {variant for variant, _ in pairs}
        alone = [(variant, None) for variant in self.file.variants if variant not in used]
        return [self.resolve(variant, scale, study) for variant, study in [*pairs, *alone]]

    def resolve(
        self,
        variant: str,
        scale: str,
        study: str | None = None,
        corpus: dict | None = None,
        changes: dict[str, Any] | None = None,
    ) -> Any:
        """Config of a variant: the scale, what it changes for the study, `changes`, the variant's overrides, `corpus`.

        Overrides are those of the scale itself, else of the nearest scale it extends; `all` goes first. They come
        after the changes, so that a change never levels out what a study varies.
        """
        overrides = self._get("variants", variant).overrides
        data = self._scale(scale)
        data = merge(data, data.pop(STUDIES, {}).get(study, {}))
        taken = {"corpus"} if corpus is not None else set()  # the changes to it are for the one in its place
        data = merge(data, {name: change for name, change in (changes or {}).items() if name not in taken})
        nearest = next((name for name in self._ancestry(scale) if name in overrides), None)
        for part in (ALL_SCALES, nearest):
            for dotted, value in overrides.get(part, {}).items():
                data = assign(data, dotted, value)
        if corpus is not None:
            data["corpus"] = in_place_of(data.get("corpus", {}), corpus, (changes or {}).get("corpus", {}))
            data["evaluation"] = without_notes(data["evaluation"])
            data.pop("autoencoder_corpora", None)
        if "sample_rate" in data:
            rate = {"sample_rate": data["sample_rate"]}
            if isinstance(data.get("corpus"), dict):
                data["corpus"] = data["corpus"] | rate
            if data.get("autoencoder_corpora"):
                data["autoencoder_corpora"] = [each | rate for each in data["autoencoder_corpora"]]
        file = f"{self.path} (with {self.pieces.path})" if self.pieces.used else str(self.path)
        where = f"{file}: variant {variant} at scale {scale}"
        return parse(self.model, data, where + (f" in study {study}" if study else ""))

    def variants_of_studies(self) -> dict[str, list[str]]:
        """Study → its variants."""
        return {name: study.variants for name, study in self.file.studies.items()}

    def _get(self, section: str, name: str) -> Any:
        known = getattr(self.file, section)
        if name not in known:
            raise ConfigError(f"{self.path}: {section}: no {name!r}{did_you_mean(name, known)}")
        return known[name]

    def _ancestry(self, scale: str) -> Iterator[str]:
        """The scale and those it extends, nearest first."""
        seen: list[str] = []
        while scale is not None:
            if scale in seen:
                raise ConfigError(f"{self.path}: scales: {' extends '.join([*seen, scale])} goes in a circle")
            seen.append(scale)
            yield scale
            scale = self._get("scales", scale).get(EXTENDS)

    def _scale(self, scale: str) -> dict:
        data: dict = {}
        for name in reversed(list(self._ancestry(scale))):
            data = merge(
                data, {key: value for key, value in self.file.scales[name].items() if key != EXTENDS}
            )
        return data

    def _check_names(self) -> None:
        for name, study in self.file.studies.items():
            known_parts = {"variants": self.file.variants, "labels": study.variants, "seeds": self.file.scales}
            for part, known in known_parts.items():
                for key in getattr(study, part):
                    if key not in known:
                        what = f"no {'scale' if part == 'seeds' else 'variant'} {key!r}"
                        raise ConfigError(f"{self.path}: studies.{name}.{part}: {what}{did_you_mean(key, known)}")
        for scale, config in self.file.scales.items():
            for name in config.get(STUDIES, {}):
                if name not in self.file.studies:
                    hint = did_you_mean(name, self.file.studies)
                    raise ConfigError(f"{self.path}: scales.{scale}.studies: no study {name!r}{hint}")
        for name, variant in self.file.variants.items():
            for scale, overrides in variant.overrides.items():
                known = [ALL_SCALES, *self.file.scales]
                if scale not in known:
                    hint = did_you_mean(scale, known)
                    raise ConfigError(f"{self.path}: variants.{name}: no scale {scale!r}{hint}")
                if not isinstance(overrides, dict):
                    raise ConfigError(
                        f"{self.path}: variants.{name}.{scale}: must map dotted paths to values"
                    )

    def _check_facts(self) -> None:
        """What is used only after training is checked before it."""
        studies = self.variants_of_studies()
        self.claims = load_claims(self.folder / "claims.yaml", studies)
        for claim in self.claims:
            if claim.relation == "hits_setting" and not self.study(claim.study).axis:
                raise ConfigError(
                    f"{self.folder / 'claims.yaml'}: {claim.id}: hits_setting needs an axis of study {claim.study}"
                )
        load_paper(self.folder / "paper.yaml", studies)
        layout = self.folder / "figures.py"
        if not layout.exists():
            raise ConfigError(
                f"{layout}: no such file; it draws the source's figures, one function for each study"
            )
        tree = ast.parse(layout.read_text(encoding="utf-8"), filename=str(layout))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if missing := sorted(studies.keys() - functions):
            raise ConfigError(f"{layout}: no function {missing[0]}(table) for the study {missing[0]!r}")

    def _check_paths(self, resolved: list[BaseModel]) -> None:
        """Guesses and axes must point at something, else a renamed field leaves them behind unnoticed."""
        for dotted in self.file.guesses:
            if not any(has(config, dotted) for config in resolved):
                raise ConfigError(
                    f"{self.path}: guesses: no scale has a field {dotted!r}{near(resolved, dotted)}"
                )
        for name, study in self.file.studies.items():
            if study.axis and not all(has(config, study.axis.field) for config in resolved):
                hint = near(resolved, study.axis.field)
                raise ConfigError(
                    f"{self.path}: studies.{name}.axis.field: no field {study.axis.field!r}{hint}"
                )


def load_sources(root: Path, model: type[BaseModel] = VariantConfig) -> dict[str, Source]:
    """All sources under `root`, by name: every folder that has a `study.yaml`.

    Raises:
        ConfigError: none there, or one of them is wrong.
    """
    paths = sorted(Path(root).glob("*/study.yaml"))
    if not paths:
        raise ConfigError(f"{root}: no <source>/study.yaml in this folder")
    return {path.parent.name: Source(path, model) for path in paths}
