# Clips and their scores: ground truth, reconstructions, samples. Wavs lie beside clips.json. And what is measured of
# latents: of next-token models the exposure to their own errors, of autoencoders how compact theirs are, and by test
# clip what is left when they are cut short or noisy, and what a linear map finds in them.
rule ground_truth:
    input:
        unpack(inputs("ground_truth")),
    output:
        ensure("runs/{scale}/{owner}/ground_truth/{key}/clips.json", non_empty=True),
    params:
        **job_params("ground_truth"),
    log:
        "logs/{scale}/{owner}/ground_truth/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/ground_truth/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 10
    resources:
        mem_mb=2000,
        runtime=60,
    message:
        "Collect the ground truth [{params.label}]"
    shell:
        job_command(
            "shared.sampling.ground_truth",
            "--corpus {input.corpus:q}",
        )


rule reconstruct:
    input:
        unpack(inputs("reconstructions")),
    output:
        ensure("runs/{scale}/{owner}/reconstructions/{key}/clips.json", non_empty=True),
    params:
        **job_params("reconstructions"),
    log:
        "logs/{scale}/{owner}/reconstructions/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/reconstructions/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 10
    resources:
        mem_mb=4000,
        runtime=60,
        gpu=GPUS,
    message:
        "Reconstruct the test clips [{params.label}]"
    shell:
        job_command(
            "shared.sampling.reconstruct",
            "--corpus {input.corpus:q} --autoencoder {input.autoencoder:q}",
        )


rule sample:
    input:
        unpack(inputs("samples")),
    output:
        ensure("runs/{scale}/{owner}/samples/{key}/clips.json", non_empty=True),
    params:
        **job_params("samples"),
    log:
        "logs/{scale}/{owner}/samples/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/samples/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 60
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Sample the test sentences [{params.label}]"
    shell:
        job_command(
            "shared.sampling.samples",
            "--corpus {input.corpus:q} --autoencoder {input.autoencoder:q} --generator {input.generator:q}",
        )


rule measure_exposure:
    input:
        unpack(inputs("exposure")),
    output:
        ensure("runs/{scale}/{owner}/exposure/{key}/exposure.csv", non_empty=True),
    params:
        **job_params("exposure"),
    log:
        "logs/{scale}/{owner}/exposure/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/exposure/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 20
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Measure the drift on own errors [{params.label}]"
    shell:
        job_command(
            "shared.measurements.exposure",
            "--corpus {input.corpus:q} --autoencoder {input.autoencoder:q} --generator {input.generator:q}",
        )


rule measure_compactness:
    input:
        snapshots=snapshots_of,
    output:
        ensure("runs/{scale}/{owner}/compactness/{key}/compactness.csv", non_empty=True),
    params:
        **job_params("compactness"),
    log:
        "logs/{scale}/{owner}/compactness/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/compactness/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 20
    resources:
        mem_mb=4000,
        runtime=60,
    message:
        "Measure how compact the latent was through the training [{params.label}]"
    shell:
        job_command(
            "shared.measurements.compactness",
            "--snapshots {input.snapshots:q}",
        )


for kind in BY_CLIP:

    rule:
        name:
            f"measure_{kind}"
        input:
            unpack(inputs(kind)),
        output:
            ensure(f"runs/{{scale}}/{{owner}}/{kind}/{{key}}/{kind}.csv", non_empty=True),
        params:
            **job_params(kind),
            # The command is put together as it runs, when `kind` is the last of them: it takes this one's from here.
            module=KINDS[kind][0],
        log:
            f"logs/{{scale}}/{{owner}}/{kind}/{{key}}.log",
        benchmark:
            f"runs/{{scale}}/{{owner}}/{kind}/{{key}}/benchmark.tsv"
        conda:
            "../envs/cpu.yaml"
        threads: THREADS
        priority: 20
        resources:
            mem_mb=4000,
            runtime=240,
            gpu=GPUS,
        message:
            f"Measure the latent clip by clip: {kind} [{{params.label}}]"
        shell:
            job_command(
                "{params.module}",
                "--corpus {input.corpus:q} --corpora {input.corpora:q} --autoencoder {input.autoencoder:q}",
            )


rule score:
    input:
        unpack(inputs("scores")),
    output:
        ensure("runs/{scale}/{owner}/scores/{key}/scores.csv", non_empty=True),
    params:
        **job_params("scores"),
        models=evaluators_trained_here,
    log:
        "logs/{scale}/{owner}/scores/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/scores/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 20
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Score clips [{params.label}]"
    shell:
        job_command(
            "shared.metrics.score",
            "--corpus {input.corpus:q} --clips {input.clips:q} {params.models}",
        )
