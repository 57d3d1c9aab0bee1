# Regenerate figures and tables of papers on audio latent spaces.
#
#   snakemake figures/longcat_fig3.pdf                        train, evaluate, draw; resumes where it stopped
#   snakemake figures/longcat_fig3.pdf --config scale=smoke   the whole chain in minutes
#   snakemake figures/longcat_fig3.pdf -n                     what would run
#   --config seeds=0,1,2   --config corpus=/my/audio          more seeds; your own recordings
#
# Which studies there are comes from replications/*/study.yaml; `replicate list` shows them.
import os
import sys

from snakemake.utils import min_version

min_version("9.0")
sys.path.insert(0, workflow.basedir)

from shared.studies.workflow import load_plan

PLAN = load_plan(config)


wildcard_constraints:
    scale=PLAN.scale,
    label=PLAN.label,
    key="[A-Za-z0-9-]+",
    source="|".join(PLAN.sources),
    study="|".join(sorted({study for _, study in PLAN.figures.values()})),


localrules:
    all,
    record,
    publish_figure,


include: "rules/common.smk"
include: "rules/corpora.smk"
include: "rules/evaluators.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/figures.smk"


onstart:
    write_specs(workflow.dag)


rule all:
    default_target: True
    input:
        [f"figures/{name}.pdf" for name in PLAN.figures],
