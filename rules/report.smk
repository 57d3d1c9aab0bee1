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
        '"$REPLICATE_PYTHON" -m shared.studies.cli --replications {params.replications:q} report '
        "2>&1 | tee -i {log:q} >&2"
