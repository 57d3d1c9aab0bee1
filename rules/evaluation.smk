# Clips and their scores: ground truth, reconstructions, samples. Wavs lie beside clips.json. And what is measured of
# latents, a rule for each of shared/measurements.
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


for measurement in measurements():

    rule:
        name:
            f"measure_{measurement.name}"
        input:
            unpack(measured_files(measurement)),
        output:
            ensure(f"runs/{{scale}}/{{owner}}/{measurement.name}/{{key}}/{measurement.file}", non_empty=True),
        params:
            **job_params(measurement.name),
            # The command is put together when the loop is over, and takes these from here.
            module=measurement.module,
            options=options_of_inputs,
        log:
            f"logs/{{scale}}/{{owner}}/{measurement.name}/{{key}}.log",
        benchmark:
            f"runs/{{scale}}/{{owner}}/{measurement.name}/{{key}}/benchmark.tsv"
        conda:
            "../envs/cpu.yaml"
        threads: THREADS
        priority: 20
        resources:
            mem_mb=4000,
            runtime=measurement.minutes,
            gpu=GPUS if measurement.gpu else 0,
        message:
            f"Measure {measurement.about} [{{params.label}}]"
        shell:
            job_command("{params.module}", "{params.options}")


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


# Recordings and the same made worse: whether metrics put them in order.
rule climb_ladder:
    input:
        unpack(inputs("ladder")),
    output:
        ensure("runs/{scale}/{owner}/ladder/{key}/ladder.csv", non_empty=True),
    params:
        **job_params("ladder"),
        models=evaluators_trained_here,
    log:
        "logs/{scale}/{owner}/ladder/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/ladder/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 20
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Climb the ladder of the metrics [{params.label}]"
    shell:
        job_command("shared.metrics.ladder", "--corpus {input.corpus:q} {params.models}")
