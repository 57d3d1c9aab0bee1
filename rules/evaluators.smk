# Evaluators: what the metrics use, shared by every variant and seed. They go before the generators, so that
# scoring can fill the cores that the last generator leaves idle.
rule train_recogniser:
    input:
        unpack(inputs("recogniser")),
    output:
        ensure("runs/{scale}/recogniser/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("recogniser"),
    log:
        "logs/{scale}/recogniser/{key}.log",
    benchmark:
        "runs/{scale}/recogniser/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 75
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Train the speech recogniser [{params.label}]"
    shell:
        job_command(
            "shared.evaluators.recogniser",
            "--corpus {input.corpus:q} --code {params.code}",
        )


rule train_speaker:
    input:
        unpack(inputs("speaker")),
    output:
        ensure("runs/{scale}/speaker/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("speaker"),
    log:
        "logs/{scale}/speaker/{key}.log",
    benchmark:
        "runs/{scale}/speaker/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 75
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Train the speaker model [{params.label}]"
    shell:
        job_command(
            "shared.evaluators.speaker",
            "--corpus {input.corpus:q} --code {params.code}",
        )
