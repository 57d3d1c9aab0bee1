"""The schema of `replications/<source>/study.yaml`, and how a variant's config at a scale is put together."""

import ast
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.config import ConfigError, Strict, did_you_mean, load_yaml, parse
from shared.corpora.config import CorpusConfig
from shared.corpora.hub import HubConfig, find_layout
from shared.evaluators.config import AudioTextConfig, RecogniserConfig, SpeakerConfig
from shared.generators.next_token_config import kind_of_generator
from shared.generators.sampling_config import SamplingConfig
from shared.metrics.by_clip import BY_CLIP, ByClip
from shared.metrics.config import KadConfig
from shared.metrics.names import EVALUATORS, OF_SETS, MetricName, channels_problem
from shared.studies.claims import load_claims
from shared.studies.corpus_choice import in_place_of
from shared.studies.paper import load_paper
from shared.training.config import AutoencoderRecipe
from shared.training.next_token_config import AnyGeneratorRecipe

NAME = r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$"
ALL_SCALES = "all"  # the key of a variant's overrides that hold at every scale
STUDIES = "studies"  # the key of a scale's config that holds, by study, what the scale changes for it
_TAGS = ("kind", "family")  # when one of these changes, a deep merge would mix two models' fields


class EvaluatorsConfig(Strict):
    """The models that metrics use: trained here (a config; `{}` is its defaults) or from the hub (an id)."""

    recogniser: RecogniserConfig | str | None = None
    speaker: SpeakerConfig | str | None = None
    audio_text: AudioTextConfig | str | None = Field(default=None, description="a CLAP; KAD and FAD use it too")
    utmos: str | None = Field(default=None, description="hub id; None where the hub is out of reach")
    muq_eval: str | None = Field(default=None, description="hub id of MuQ-Eval, likewise; it needs its authors' code")


class EvaluationConfig(Strict):
    """What is measured, and on how many test clips. Every variant gets the same clips, prompts and noise.

    A side of which nothing is measured is not made: without generation metrics no generator is trained.
    """

    clips: int = Field(gt=0)
    reconstruction: tuple[Literal[MetricName, "compactness", ByClip], ...] = Field(
        description="of reconstructed clips; compactness: how many dimensions the latent uses, through the training; "
        "truncation: how far clips are from those decoded of fewer of its dimensions; noise: of those with noise in "
        "them; probe: how much of pitch and of place in stereo a linear map finds in them"
    )
    generation: tuple[Literal[MetricName, "exposure"], ...] = Field(
        description="of generated clips, and of ground truth: their ceiling; exposure: of a next-token model, how far "
        "it drifts on its own errors"
    )
    dnsmos_windows: int | None = Field(
        default=None, gt=0, description="most windows of 9.01 s that DNSMOS scores of a clip; none: all, as published"
    )
    kad: KadConfig = KadConfig()
    seed: int = 0

    @property
    def asked(self) -> set[MetricName]:
        """The metrics of clips, of either side."""
        return {*self.reconstructed, *self.generated}

    @property
    def reconstructed(self) -> tuple[MetricName, ...]:
        """The metrics of reconstructed clips: all of reconstruction but those that latents are measured by."""
        return tuple(metric for metric in self.reconstruction if metric not in ("compactness", *BY_CLIP))

    @property
    def generated(self) -> tuple[MetricName, ...]:
        """The metrics of generated clips: all of generation but exposure, which latents are measured by."""
        return tuple(metric for metric in self.generation if metric != "exposure")

    @property
    def ground_truth(self) -> tuple[MetricName, ...]:
        """What is measured of the ground truth: generation's metrics, and what a set metric compares with."""
        needed = [metric for metric in OF_SETS if metric in self.reconstruction and metric not in self.generated]
        return (*self.generated, *needed)

    @model_validator(mode="after")
    def _measures_something(self):
        if not self.asked:
            raise ValueError("reconstruction and generation are both empty of metrics of clips: name one in either")
        return self


class VariantConfig(Strict):
    """Everything that one variant needs at one scale, seeds apart."""

    sample_rate: int = Field(gt=0)
    corpus: CorpusConfig
    autoencoder_corpora: tuple[CorpusConfig, ...] = Field(
        default=(), description="what the autoencoder trains on where that is not `corpus`"
    )
    autoencoder: AutoencoderRecipe
    generator: AnyGeneratorRecipe
    sampling: SamplingConfig
    teacher: RecogniserConfig | str | None = Field(
        default=None, description="speech encoder that autoencoder.alignment looks to: trained here, or a hub id"
    )
    evaluators: EvaluatorsConfig = EvaluatorsConfig()
    evaluation: EvaluationConfig

    @model_validator(mode="after")
    def _metrics_have_their_models(self):
        for metric in sorted(self.evaluation.asked & EVALUATORS.keys()):
            kind = EVALUATORS[metric]
            if getattr(self.evaluators, kind) is None:
                from_hub = kind in ("utmos", "muq_eval")
                given = "a hub id or a file" if from_hub else "a hub id, or the config of one trained here"
                raise ValueError(f"evaluation asks for {metric}, which needs evaluators.{kind}: {given}")
        return self

    @model_validator(mode="after")
    def _channels_agree(self):
        asked = self.autoencoder.architecture.audio_channels
        others = {f"autoencoder_corpora.{number}": each for number, each in enumerate(self.autoencoder_corpora)}
        for name, corpus in {"corpus": self.corpus, **others}.items():
            channels = getattr(corpus, "channels", 1)  # speech and sounds that are made here are mono
            if channels != asked:
                raise ValueError(
                    f"autoencoder.architecture.audio_channels is {asked}, and {name}.channels is {channels} (kind "
                    f"{corpus.kind}): both must be 1 or both 2"
                )
        if asked == 1 and self.autoencoder.reconstruction.stereo != "channels":
            raise ValueError("autoencoder.reconstruction.stereo is of stereo, and audio_channels is 1; drop it")
        return self

    @model_validator(mode="after")
    def _metrics_suit_the_corpus(self):
        if problem := channels_problem(self.evaluation.asked, self.autoencoder.architecture.audio_channels):
            raise ValueError(f"evaluation asks for {problem}")
        if "chroma" in self.evaluation.asked and self.corpus.kind != "music":
            raise ValueError(f"evaluation asks for chroma: a corpus of kind {self.corpus.kind} has no notes; drop it")
        return self

    @model_validator(mode="after")
    def _mel_input_hears_the_corpus_at_its_rate(self):
        mel = getattr(self.autoencoder.architecture, "mel_input", None)
        if mel and mel.sample_rate != self.sample_rate:
            raise ValueError(f"mel_input.sample_rate {mel.sample_rate} is not the study's, {self.sample_rate}")
        return self

    @model_validator(mode="after")
    def _solver_is_the_generators(self):
        asked, given = kind_of_generator(self.generator), kind_of_generator(self.sampling.solver)
        if asked != given:
            name = f"kind: {asked}" if asked == "next_token" else "no kind"
            raise ValueError(f"sampling.solver is of a generator of kind {given}; this one is {asked}: give it {name}")
        return self

    @model_validator(mode="after")
    def _exposure_is_a_next_token_models(self):
        kind = kind_of_generator(self.generator)
        if "exposure" in self.evaluation.generation and kind != "next_token":
            raise ValueError(
                f"evaluation.generation asks for exposure, which generators of kind next_token have; this one is {kind}"
            )
        return self

    @model_validator(mode="after")
    def _compactness_has_its_snapshots(self):
        if "compactness" in self.evaluation.reconstruction and self.autoencoder.snapshots is None:
            raise ValueError(
                "evaluation.reconstruction asks for compactness, which is read from what the training keeps of its "
                "encoder: give autoencoder.snapshots, such as {every: 1000}"
            )
        return self

    @model_validator(mode="after")
    def _alignment_has_a_teacher(self):
        alignment = self.autoencoder.alignment
        if alignment is None:
            return self
        if self.autoencoder_corpora:
            raise ValueError("autoencoder.alignment looks to features of `corpus` alone; drop autoencoder_corpora")
        if self.teacher is None:
            raise ValueError("autoencoder.alignment needs a teacher: a hub id, or the config of one trained here")
        if not isinstance(self.teacher, str) and isinstance(alignment.layer, int):
            depth = self.teacher.encoder.depth
            if alignment.layer > depth:
                raise ValueError(f"autoencoder.alignment.layer {alignment.layer} is past the teacher's {depth} layers")
        return self

    @model_validator(mode="after")
    def _texts_that_are_read_differ(self):
        if not self.autoencoder.reads_texts:
            return self
        for corpus in self.autoencoder_corpora or (self.corpus,):
            if isinstance(corpus, HubConfig) and (text := find_layout(corpus).text) is not None:
                raise ValueError(
                    f"autoencoder.shaping.contrastive.text reads captions, and {corpus.name} has none (each clip is "
                    f"called {text!r}); drop text, or take another corpus"
                )
        return self

    @property
    def frame_rate(self) -> float:
        """Latent frames per second."""
        return self.sample_rate / self.autoencoder.architecture.hop

    @property
    def information_rate(self) -> float:
        """Latent floats per second."""
        return self.frame_rate * self.autoencoder.bottleneck.dim


class Axis(Strict):
    """What a study varies: `field` is a dotted path (or property) in the resolved variant config."""

    label: str
    field: str
    unit: str = ""


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
    """`study.yaml` as written."""

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
        self.file = parse(StudyFile, load_yaml(path), str(path))
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
        pairs += [(variant, None) for variant in self.file.variants if variant not in used]
        return [self.resolve(variant, scale, study) for variant, study in pairs]

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
        data = merge(data, changes or {})
        nearest = next((name for name in self._ancestry(scale) if name in overrides), None)
        for part in (ALL_SCALES, nearest):
            for dotted, value in overrides.get(part, {}).items():
                data = _assign(data, dotted, value)
        if corpus is not None:
            data["corpus"] = in_place_of(data.get("corpus", {}), corpus)
            data.pop("autoencoder_corpora", None)
        if "sample_rate" in data:
            rate = {"sample_rate": data["sample_rate"]}
            if isinstance(data.get("corpus"), dict):
                data["corpus"] = data["corpus"] | rate
            if data.get("autoencoder_corpora"):
                data["autoencoder_corpora"] = [each | rate for each in data["autoencoder_corpora"]]
        where = f"{self.path}: variant {variant} at scale {scale}"
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
        seen = []
        while scale is not None:
            if scale in seen:
                raise ConfigError(f"{self.path}: scales: {' extends '.join([*seen, scale])} goes in a circle")
            seen.append(scale)
            yield scale
            scale = self._get("scales", scale).get("extends")

    def _scale(self, scale: str) -> dict:
        data: dict = {}
        for name in reversed(list(self._ancestry(scale))):
            data = merge(
                data, {key: value for key, value in self.file.scales[name].items() if key != "extends"}
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
        for claim in load_claims(self.folder / "claims.yaml", studies):
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


def merge(base: dict, over: dict) -> dict:
    """Deep merge; a dict whose `kind` or `family` changes is replaced whole: its fields mean other things."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        if both and not any(tag in value and value[tag] != old.get(tag) for tag in _TAGS):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _assign(data: Any, dotted: str, value: Any) -> Any:
    """`data` with `a.b.c` set in its nested dicts, or `a.0.c` in a list that has such an item.

    Copied on the way, so that scales never share what a variant changes.
    """
    part, _, rest = dotted.partition(".")
    if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
        copy, part = list(data), int(part)
        inner = copy[part]
    else:
        copy = dict(data) if isinstance(data, dict) else {}
        inner = copy.get(part)
    copy[part] = _assign(inner, rest, value) if rest else value
    return copy


def get(config: Any, dotted: str) -> Any:
    """Value at a dotted path of a model (fields or properties).

    Raises:
        AttributeError: there is none.
    """
    for part in dotted.split("."):
        config = getattr(config, part)
    return config


def has(config: Any, dotted: str) -> bool:
    """Whether a dotted path leads somewhere."""
    try:
        get(config, dotted)
    except AttributeError:
        return False
    return True


def near(configs: list[BaseModel], dotted: str) -> str:
    """A did-you-mean for a dotted path, from all the paths that the configs have."""
    known = {path for config in configs for path in _paths(config)}
    return did_you_mean(dotted, difflib.get_close_matches(dotted, known, n=1))


def _paths(config: BaseModel, prefix: str = "") -> Iterator[str]:
    for name in type(config).model_fields:
        yield prefix + name
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from _paths(value, f"{prefix}{name}.")
