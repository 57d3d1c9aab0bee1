# Regenerate figures and tables of papers on audio latent spaces.
#
#   snakemake figures/longcat_fig3.pdf                        train, evaluate, draw; resumes where it stopped
#   snakemake figures/longcat_fig3.pdf --config scale=smoke   the whole chain in minutes
#   snakemake figures/longcat_fig3.pdf -n                     what would run
#   --config seeds=0   --config corpus=/my/audio              one seed, not those of the record; your recordings
#   --config looks=2                                          8 seeds, of which those in the record are taken from it
#   --config pilot=true                                       on the validation split, to tune a recipe
#   snakemake longcat                                         all figures of one source; `snakemake`: of all
#   snakemake figures/decoupling.pdf                          ranks of all latents, from the record; trains nothing
#   snakemake report                                          the record as one page for each scale; trains nothing
#
# Defaults come from params.yaml, which is also what DVC runs (dvc.yaml).
#
# Which studies there are comes from replications/*/study.yaml; `replicate list` shows them.
import sys
from functools import partial
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")
sys.path.insert(0, workflow.basedir)

from shared.plan.point import SHARED
from shared.plan.workflow import (
    check_free,
    check_gpus,
    check_packages,
    figures_of,
    fork_jobs,
    load_plan,
    load_settings,
    say_left_out,
)
from shared.report.fresh_seeds import first_seeds

SETTINGS = load_settings(config, workflow.config_settings.config_args or (), Path("params.yaml"))
PLAN = load_plan(SETTINGS, first_seeds=partial(first_seeds, Path("results")))


wildcard_constraints:
    scale=PLAN.scale,
    label=PLAN.label,
    key="[A-Za-z0-9-]+",
    owner="|".join(PLAN.owners),
    source="|".join(PLAN.sources),
    study="|".join(sorted({study for _, study in PLAN.figures.values()})) or "(?!)",


localrules:
    all,
    corpora,
    record,
    publish_figure,
    report,
    decoupling,


include: "rules/common.smk"
include: "rules/corpora.smk"
include: "rules/evaluators.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


onstart:
    say_left_out(PLAN, workflow.dag)
    GROWTH.say()
    if workflow.local_exec and not workflow.dryrun:
        check_gpus(PLAN)
        check_packages(PLAN, workflow.dag)
        fork_jobs(PLAN, SETTINGS, workflow.dag)
    write_specs(PLAN, workflow.dag)


rule all:
    default_target: True
    input:
        [f"figures/{name}.pdf" for name in PLAN.figures],


# Corpora and evaluators, which all sources share.
rule corpora:
    input:
        [job.output for (owner, _, _), job in PLAN.jobs.items() if owner == SHARED],


for source in PLAN.sources:
    check_free(source, workflow.rules)

    rule:
        name:
            source
        input:
            figures_of(PLAN, source),
