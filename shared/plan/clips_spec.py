"""Which clips of a study can be kept to be heard: the spec and the inputs of the job `keep_clips`."""

from typing import Any

from shared.plan.plan import Plan
from shared.statistics.study import ClipsSpec, HeardVariant


def clips_spec(plan: Plan, source: str, study: str) -> ClipsSpec:
    """Those of the first training seed."""
    spec = plan.study_spec(source, study)
    scoring = {job.output: job for job in plan.jobs.values()}
    seed, corpora, variants = spec.seeds[0], set(), []
    for variant in spec.variants:
        jobs = {side: scoring[str(path)] for side, path in variant.scores[seed].items()}
        corpora |= {job.inputs["corpus"] for job in jobs.values()}
        clips = {side: job.inputs["clips"] for side, job in jobs.items()}
        variants.append(HeardVariant(name=variant.name, label=variant.label, clips=clips))
    # All variants of a study are scored on the same clips, else tabulate fails.
    return ClipsSpec(corpus=min(corpora), seed=seed, variants=variants)


def clips_inputs(plan: Plan, source: str, study: str) -> dict[str, Any]:
    """The files that those clips are described in."""
    spec = clips_spec(plan, source, study)
    clips = {str(path) for variant in spec.variants for path in variant.clips.values()}
    return {"corpus": str(spec.corpus), "clips": sorted(clips)}
