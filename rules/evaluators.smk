# Evaluators: what the metrics use, shared by every variant and seed. They go before the generators, so that
# scoring can fill the cores that the last generator leaves idle.
rule train_asr:
    input:
        unpack(inputs("asr")),
    output:
        ensure("runs/{scale}/{owner}/asr/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("asr"),
    log:
        "logs/{scale}/{owner}/asr/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/asr/{key}/benchmark.tsv"
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
            "shared.training.evaluators.asr",
            "--corpus {input.corpus:q} --code {params.code}",
        )


rule train_speaker:
    input:
        unpack(inputs("speaker")),
    output:
        ensure("runs/{scale}/{owner}/speaker/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("speaker"),
    log:
        "logs/{scale}/{owner}/speaker/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/speaker/{key}/benchmark.tsv"
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
            "shared.training.evaluators.speaker",
            "--corpus {input.corpus:q} --code {params.code}",
        )


rule train_clap:
    input:
        unpack(inputs("clap")),
    output:
        ensure("runs/{scale}/{owner}/clap/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("clap"),
    log:
        "logs/{scale}/{owner}/clap/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/clap/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 75
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Train the audio-text model [{params.label}]"
    shell:
        job_command(
            "shared.training.evaluators.clap",
            "--corpus {input.corpus:q} --code {params.code}",
        )
