# Autoencoders, their latents, and generators of those latents. The longest chain, so it goes first.
rule extract_features:
    input:
        unpack(inputs("teacher_features")),
    output:
        ensure("runs/{scale}/{owner}/teacher_features/{key}/features.safetensors", non_empty=True),
    params:
        **job_params("teacher_features"),
        teacher=model_for("teacher_features", "teacher"),
    log:
        "logs/{scale}/{owner}/teacher_features/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/teacher_features/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 95
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Extract the teacher's features [{params.label}]"
    shell:
        job_command(
            "shared.training.teacher_features",
            "--corpus {input.corpus:q} --teacher {params.teacher:q}",
        )


rule train_autoencoder:
    input:
        unpack(inputs("autoencoder")),
    output:
        model=ensure("runs/{scale}/{owner}/autoencoder/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("autoencoder"),
        checkpoints=beside("checkpoints"),
        features=optional("features"),
    log:
        "logs/{scale}/{owner}/autoencoder/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/autoencoder/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 90
    resources:
        mem_mb=6000,
        runtime=2880,
        gpu=GPUS * SETTINGS.processes,
    message:
        "Train an autoencoder [{params.label}]"
    shell:
        job_command(
            "shared.training.autoencoder",
            "--corpora {input.corpora:q} {params.features}",
            "--checkpoints {params.checkpoints:q} --code {params.code}",
            output="{output.model:q}",
        )


# The same job where the recipe asks for snapshots of the encoder. The training writes them beside its checkpoint, and at
# its end gathers them in a file. This rule names that file as an output, so that Snakemake has it made again if it is
# lost, and the checkpoints may be deleted.
use rule train_autoencoder as train_autoencoder_with_snapshots with:
    output:
        model=ensure("runs/{scale}/{owner}/autoencoder/{key}/model.safetensors", non_empty=True),
        snapshots=ensure(f"runs/{{scale}}/{{owner}}/autoencoder/{{key}}/{KEPT}", non_empty=True),
    wildcard_constraints:
        key=keys_with_snapshots(),


ruleorder: train_autoencoder_with_snapshots > train_autoencoder


# An autoencoder that others trained: it is loaded, tried and written down. Its weights stay where they are, and a plan
# names the job after them.
rule adopt_autoencoder:
    input:
        unpack(inputs("adopted")),
    output:
        ensure("runs/{scale}/{owner}/adopted/{key}/model.json", non_empty=True),
    params:
        **job_params("adopted"),
    log:
        "logs/{scale}/{owner}/adopted/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/adopted/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 90
    resources:
        mem_mb=6000,
        runtime=60,
    message:
        "Adopt an autoencoder [{params.label}]"
    shell:
        job_command("shared.autoencoders.adopt")


rule encode_latents:
    input:
        unpack(inputs("latents")),
    output:
        ensure("runs/{scale}/{owner}/latents/{key}/latents.safetensors", non_empty=True),
    params:
        **job_params("latents"),
    log:
        "logs/{scale}/{owner}/latents/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/latents/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 80
    resources:
        mem_mb=4000,
        runtime=240,
        gpu=GPUS,
    message:
        "Encode the corpus [{params.label}]"
    shell:
        job_command(
            "shared.training.encode",
            "--corpus {input.corpus:q} --autoencoder {input.autoencoder:q}",
        )


rule train_generator:
    input:
        unpack(inputs("generator")),
    output:
        ensure("runs/{scale}/{owner}/generator/{key}/model.safetensors", non_empty=True),
    params:
        **job_params("generator"),
        checkpoints=beside("checkpoints"),
    log:
        "logs/{scale}/{owner}/generator/{key}.log",
    benchmark:
        "runs/{scale}/{owner}/generator/{key}/benchmark.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: THREADS
    priority: 70
    resources:
        mem_mb=6000,
        runtime=2880,
        gpu=GPUS * SETTINGS.processes,
    message:
        "Train a generator [{params.label}]"
    shell:
        job_command(
            "shared.training.generator",
            "--corpus {input.corpus:q} --latents {input.latents:q}",
            "--checkpoints {params.checkpoints:q} --code {params.code}",
        )
