# Figures and pages that are made of the record, results/<label>/, as it is. The record is no input of these rules:
# Snakemake would first train whatever it takes to bring the record up to date. A hash of the record is a parameter
# instead, so that the figure is drawn again when the record has changed.
rule decoupling:
    output:
        "figures/decoupling.pdf",
    params:
        record=lambda wildcards, output: record_hash(PLAN.label),
        code=lambda wildcards: summary_code(),
        replications=SETTINGS.replications,
        label=PLAN.label,
    log:
        "logs/decoupling.log",
    conda:
        "../envs/cpu.yaml"
    message:
        "Rank the latents of all studies in results/{params.label}/"
    shell:
        '"$REPLICATE_PYTHON" -m shared.cli.replicate --replications {params.replications:q} '
        "summary --scale {params.label:q} 2>&1 | tee -i {log:q} >&2"


# One page for each scale that has a record. The rule has no input, for the same reason, and no output, so that the pages
# are built at each call, of whatever record there is.
rule report:
    params:
        replications=SETTINGS.replications,
    log:
        "logs/report.log",
    conda:
        "../envs/cpu.yaml"
    message:
        "Build results/*/report/index.html"
    shell:
        '"$REPLICATE_PYTHON" -m shared.cli.replicate --replications {params.replications:q} report '
        "2>&1 | tee -i {log:q} >&2"
