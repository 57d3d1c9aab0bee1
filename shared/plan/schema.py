"""The schema of `replications/<source>/study.yaml`, and how a variant's config at a scale is put together."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shared.config import DISTINCT, ConfigError, Name, Seed, Strict, did_you_mean, parse
from shared.measurements.base import find_measurement
from shared.metrics.base import find_metric
from shared.plan.corpus_choice import in_place_of, without_notes
from shared.plan.dotted import assign, get, has, merge, near
from shared.plan.fits import problem_at
from shared.plan.layout import check_layout
from shared.plan.pieces import EXTENDS, Pieces, load_study
from shared.plan.point import SHARED
from shared.plan.variant import EvaluationConfig, VariantConfig
from shared.statistics.claims import Claim, load_claims
from shared.statistics.paper import load_paper
from shared.statistics.scores import GROUND_TRUTH
from shared.statistics.study import Axis

ALL_SCALES = "all"  # the key of a variant's overrides that hold at every scale
STUDIES = "studies"  # the key of a scale's config that holds, by study, what the scale changes for it


class Study(Strict):
    """One sweep, drawn as one figure or table; `labels` name variants otherwise than elsewhere."""

    title: str
    seeds: dict[str, Annotated[list[Seed], Field(min_length=1), DISTINCT]] = Field(
        default_factory=dict, description="scale → training seeds of its record; elsewhere one, 0"
    )
    variants: Annotated[list[str], DISTINCT] = Field(min_length=1)
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

    source: Name
    title: str
    paper: str
    studies: dict[Name, Study] = Field(min_length=1)
    variants: dict[Name, Variant] = Field(min_length=1)
    scales: dict[Name, dict[str, Any]] = Field(min_length=1)
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
        if self.name == SHARED:
            raise ConfigError(f"{path}: source: {SHARED!r} is the name of what all sources share; choose another")
        self._check_names()
        self._resolved: dict[tuple[str, str, str | None], Any] = {}
        self._check_paths([config for scale in self.file.scales for config in self.resolve_all(scale)])
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
        if corpus is None and not changes:
            key = (variant, scale, study)
            if key not in self._resolved:
                self._resolved[key] = self._resolve(*key, None, {})
            return self._resolved[key]
        return self._resolve(variant, scale, study, corpus, changes or {})

    def _resolve(
        self, variant: str, scale: str, study: str | None, corpus: dict | None, changes: dict[str, Any]
    ) -> Any:
        overrides = self._get("variants", variant).overrides
        data = self._scale(scale)
        data = merge(data, data.pop(STUDIES, {}).get(study, {}))
        taken = {"corpus"} if corpus is not None else set()  # the changes to it are for the one in its place
        data = merge(data, {name: change for name, change in changes.items() if name not in taken})
        nearest = next((name for name in self._ancestry(scale) if name in overrides), None)
        for part in (ALL_SCALES, nearest):
            for dotted, value in overrides.get(part, {}).items():
                data = assign(data, dotted, value)
        if corpus is not None:
            data["corpus"] = in_place_of(data.get("corpus", {}), corpus, changes.get("corpus", {}))
            data["corpus"].pop("sample_rate", None)  # a change of it shows as one that changes nothing
            data["evaluation"] = without_notes(data["evaluation"])
            data.pop("autoencoder_corpora", None)
        file = f"{self.path} (with {self.pieces.path})" if self.pieces.used else str(self.path)
        file = f"changes of params.yaml or --config, over {file}" if changes else file
        where = f"{file}: variant {variant} at scale {scale}" + (f" in study {study}" if study else "")
        if "sample_rate" in data:
            if "corpus" in data:
                data["corpus"] = _at_rate(data["corpus"], data["sample_rate"], f"{where}: corpus")
            if isinstance(others := data.get("autoencoder_corpora"), list):
                field = f"{where}: autoencoder_corpora"
                data["autoencoder_corpora"] = [_at_rate(each, data["sample_rate"], field) for each in others]
        config = parse(self.model, data, where)
        if problem := problem_at(config, scale):
            raise ConfigError(f"{where}: {problem}")
        return config

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
            if scale == ALL_SCALES:
                raise ConfigError(f"{self.path}: scales.{scale}: this name is that of overrides for all scales")
            own = config.get(STUDIES, {})
            if not isinstance(own, dict) or not all(isinstance(each, dict) for each in own.values()):
                raise ConfigError(f"{self.path}: scales.{scale}.studies: must map studies to what changes for them")
            for name in own:
                if name not in self.file.studies:
                    hint = did_you_mean(name, self.file.studies)
                    raise ConfigError(f"{self.path}: scales.{scale}.studies: no study {name!r}{hint}")
        for name, variant in self.file.variants.items():
            if name == GROUND_TRUTH:
                raise ConfigError(f"{self.path}: variants.{name}: this name is that of the recordings")
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
            self._check_measured(claim)
        load_paper(self.folder / "paper.yaml", studies)
        check_layout(self.folder / "figures.py", studies)

    def _check_measured(self, claim: Claim) -> None:
        """A claim on what no scale measures could never be tested."""
        missing = []
        for scale in self.file.scales:
            configs = (self.resolve(variant, scale, claim.study) for variant in claim.variants)
            measured = set.intersection(*(_measured(config.evaluation) for config in configs))
            missing.append(sorted(set(claim.needs()) - measured))
        if all(missing):
            side, metric = min(missing, key=len)[0]
            raise ConfigError(
                f"{self.folder / 'claims.yaml'}: {claim.id}: metric: at no scale all of its variants have {metric} of "
                f"{side}; ask for it in evaluation.{side}, or drop the claim"
            )

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
            values = [get(config, study.axis.field) for config in resolved] if study.axis else []
            if study.axis and not all(value is None or isinstance(value, int | float | str) for value in values):
                raise ConfigError(
                    f"{self.path}: studies.{name}.axis.field: {study.axis.field!r} is a section or a list; name a "
                    "field with a single value"
                )


def _at_rate(corpus: Any, rate: Any, where: str) -> Any:
    """A corpus at the study's sampling rate, which is said once."""
    if not isinstance(corpus, dict):
        return corpus
    if corpus.get("sample_rate", rate) != rate:
        raise ConfigError(f"{where}.sample_rate: {corpus['sample_rate']!r} is not the study's, {rate!r}; leave it out")
    return corpus | {"sample_rate": rate}


def _measured(evaluation: EvaluationConfig) -> set[tuple[str, str]]:
    """`(side, statistic)` of all that is asked for."""
    sides = {"reconstruction": evaluation.reconstruction, "generation": evaluation.generation}
    return {(side, name) for side, asked in sides.items() for name in _statistics(asked)}


@cache
def _statistics(names: tuple[str, ...]) -> frozenset[str]:
    found = (find_measurement(name) or find_metric(name) for name in names)
    return frozenset(statistic.name for each in found for statistic in each.statistics)


def load_sources(root: Path, model: type[BaseModel] = VariantConfig) -> dict[str, Source]:
    """All sources under `root`, by name: every folder that has a `study.yaml`.

    Raises:
        ConfigError: none there, or one of them is wrong.
    """
    paths = sorted(Path(root).glob("*/study.yaml"))
    if not paths:
        raise ConfigError(f"{root}: no <source>/study.yaml in this folder")
    return {path.parent.name: Source(path, model) for path in paths}
