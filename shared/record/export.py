"""All results of a scale as one JSON, for machines; its schema lies beside the record, in results/schema.json."""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from shared.config import Strict
from shared.record.decoupling import Ranked, Tau, pooled_tau, tau_of
from shared.record.files import SourceRecord, StudyRecord
from shared.record.ledger import Judged, judged
from shared.record.table import Row

SCHEMA_VERSION = 2
SCHEMA = "schema.json"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


class ExportedStudy(Strict):
    """One study: what is missing or damaged in the record is null here, and `problems` says so."""

    figure: str = Field(description="the figure, relative to the scale's folder")
    rows: list[Row] | None = Field(description="a value each: a metric of one variant's reconstructions or samples")
    verdicts: list[Judged] | None = Field(description="claims, tested; `standing` is what stands among all")
    provenance: dict[str, Any] | None = Field(description="commit, machine, seeds, hashes, seconds")
    problems: list[str]


class ExportedTau(Strict):
    """Kendall's tau-a of the ranks by reconstruction and by generation, over pairs of latents; 95 % interval, null
    where one source alone has such pairs.
    """

    value: float
    low: float | None
    high: float | None
    pairs: int


class ExportedRanks(Strict):
    """A study's latents ranked by both sides; 1 is the best."""

    source: str
    study: str
    reconstruction_metric: str
    generation_metric: str
    variants: list[str]
    reconstruction_ranks: list[int]
    generation_ranks: list[int]
    tau: ExportedTau


class ExportedDecoupling(Strict):
    """Whether what reconstructs best generates best, study by study and over all pairs."""

    studies: list[ExportedRanks]
    pooled: ExportedTau | None
    far: ExportedTau | None = Field(description="of pairs whose reconstructions are far apart")
    near: ExportedTau | None = Field(description="of the others")
    left_out: dict[str, str] = Field(description="'source study' → why it ranks no latents")


class Results(Strict):
    """Everything that the record of one scale holds."""

    schema_version: Literal[2]
    scale: str
    sources: dict[str, dict[str, ExportedStudy]] = Field(description="source → study → its results")
    decoupling: ExportedDecoupling


def export(scale: str, sources: list[SourceRecord], ranked: list[Ranked], left_out: dict[str, str]) -> Results:
    """The record of a scale, and what `decoupling` makes of it."""
    standing = judged(sources)
    return Results(
        schema_version=SCHEMA_VERSION,
        scale=scale,
        sources={
            s.name: {name: _study(s.name, study, standing[s.name, name]) for name, study in s.studies.items()}
            for s in sources
        },
        decoupling=ExportedDecoupling(
            studies=[_ranks(study) for study in ranked],
            pooled=_tau(pooled_tau(ranked)),
            far=_tau(pooled_tau(ranked, far=True)),
            near=_tau(pooled_tau(ranked, far=False)),
            left_out=left_out,
        ),
    )


def _study(source: str, study: StudyRecord, standing: list[Judged]) -> ExportedStudy:
    needed = (study.table, study.verdicts, study.provenance)
    problems = [f"{part.path.name}: {part.problem or 'missing'}" for part in needed if part.value is None]
    provenance = study.provenance.value
    return ExportedStudy(
        figure=f"{source}/{study.figure.path.name}",
        rows=study.table.value,
        verdicts=None if study.verdicts.value is None else standing,
        provenance=provenance and provenance.model_dump(mode="json"),
        problems=problems,
    )


def _ranks(study: Ranked) -> ExportedRanks:
    reconstruction, generation = study.ranks()[..., 0].astype(int).tolist()
    return ExportedRanks(
        source=study.source, study=study.study, reconstruction_metric=study.metrics[0],
        generation_metric=study.metrics[1], variants=study.variants, reconstruction_ranks=reconstruction,
        generation_ranks=generation, tau=ExportedTau(**asdict(tau_of(study))),
    )  # fmt: skip


def _tau(tau: Tau | None) -> ExportedTau | None:
    return None if tau is None else ExportedTau(**asdict(tau))


def schema() -> dict[str, Any]:
    """The JSON schema of `results.json`."""
    return {"$schema": DRAFT, **Results.model_json_schema()}
