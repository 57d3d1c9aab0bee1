# What is drawn from the record of a scale. results/ is no input of these rules, since whoever asked for it would be
# trained for it; a hash of the record stands for it, so that a changed record is drawn again.
rule decoupling:
    output:
        "figures/decoupling.pdf",
    params:
        record=lambda wildcards, output: record_hash(PLAN.label),
        code=code_hash("shared.report.summary"),
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


# The record as pages, of every scale that has one. It has no input, since whoever asked for results/ would be trained
# for it, and no output, so that it is built at each call: from whatever is there.
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
