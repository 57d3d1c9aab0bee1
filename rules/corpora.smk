# Corpora: made here, the user's folder, or a public data set. Audio lies beside the manifest.
rule build_corpus:
    output:
        ensure("runs/{scale}/{owner}/corpus/{key}/manifest.json", non_empty=True),
    params:
        **job_params("corpus"),
        asked_file=beside("asked.json"),
    log:
        "logs/{scale}/{owner}/corpus/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/corpus/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: corpus_threads_of(PLAN)
    priority: 100
    resources:
        mem_mb=4000,
        runtime=240,
    message:
        "Build the corpus [{params.label}]"
    shell:
        job_command("shared.corpora.build", "--asked {params.asked_file:q}")
