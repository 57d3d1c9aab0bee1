# From scores to the record. Tables and figures are made under runs/ and copied from there: results/ is in Git, so a
# rule that read from it would redraw a fresh clone's record without training anything.
STUDY = "runs/{scale}/{source}/studies/{study}/{key}"
RECORD = "results/{label}/{source}/{study}"


rule tabulate:
    input:
        unpack(table_inputs),
    output:
        table=f"{STUDY}/table.csv",
        page=f"{STUDY}/table.md",
        metrics=f"{STUDY}/metrics.json",
        verdicts=f"{STUDY}/verdicts.csv",
        provenance=f"{STUDY}/provenance.json",
        study=f"{STUDY}/study.json",
        runs=f"{STUDY}/runs.csv",
    params:
        **study_params("shared.record.tabulate"),
    log:
        "logs/{scale}/studies/{source}_{study}-{key}.table.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    message:
        "Make the table [{wildcards.source} {wildcards.study}]"
    shell:
        shell_command(
            "shared.record.tabulate",
            "--table {output.table:q} --page {output.page:q} --metrics {output.metrics:q}",
            "--verdicts {output.verdicts:q} --provenance {output.provenance:q}",
            "--study {output.study:q} --runs {output.runs:q}",
        )


rule draw_figure:
    input:
        table=f"{STUDY}/table.csv",
        latent=latent_inputs,
        layout=layout_of,
    output:
        pdf=f"{STUDY}/figure.pdf",
        png=f"{STUDY}/figure.png",
    params:
        **study_params("shared.plotting.draw"),
        layout_code=lambda wildcards: code_hash(layout_of(wildcards)),
    log:
        "logs/{scale}/studies/{source}_{study}-{key}.figure.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    message:
        "Draw the figure [{wildcards.source} {wildcards.study}]"
    shell:
        shell_command(
            "shared.plotting.draw",
            "--table {input.table:q} --layout {input.layout:q}",
            "--pdf {output.pdf:q} --png {output.png:q}",
        )


# A few clips of each variant, for people to hear.
rule keep_clips:
    input:
        unpack(heard_inputs),
    output:
        f"{STUDY}/clips/clips.csv",
    params:
        code=lambda wildcards: PLAN.study_code(wildcards.source, wildcards.study, "shared.record.keep_clips"),
        spec=heard_spec,
        spec_file=beside("spec.json"),
        launch=lambda wildcards, output: launcher(PLAN),
    log:
        "logs/{scale}/studies/{source}_{study}-{key}.clips.log",
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    message:
        "Keep some clips to hear [{wildcards.source} {wildcards.study}]"
    shell:
        shell_command("shared.record.keep_clips", "--list {output:q}")


rule record:
    input:
        **study_files("table.csv", "table.md", "metrics.json", "verdicts.csv", "provenance.json", "figure.png"),
        **study_files("study.json", "runs.csv"),
        clips=lambda wildcards: os.path.join(find_study(PLAN, wildcards.source, wildcards.study), "clips/clips.csv"),
    output:
        table_csv=report(f"{RECORD}.csv", "captions/table.rst", category="{source}", labels=report_labels("table")),
        table_md=f"{RECORD}.md",
        metrics_json=f"{RECORD}_metrics.json",
        verdicts_csv=report(
            f"{RECORD}_verdicts.csv", "captions/verdicts.rst", category="{source}", labels=report_labels("claims")
        ),
        provenance_json=f"{RECORD}_provenance.json",
        study_json=f"{RECORD}_study.json",
        runs_csv=f"{RECORD}_runs.csv",
        figure_png=report(f"{RECORD}.png", "captions/figure.rst", category="{source}", labels=report_labels("figure")),
        clips="results/{label}/{source}/clips/{study}/clips.csv",
        manifest=f"{RECORD}_manifest.json",
    params:
        made=lambda wildcards, input: os.path.dirname(input.table_csv),
    log:
        "logs/{label}/record/{source}_{study}.log",
    conda:
        "../envs/cpu.yaml"
    message:
        "Keep the record beside {output.table_csv}"
    shell:
        '"$REPLICATE_PYTHON" -m shared.cli.run_job --inputs {input:q} '
        "-- shared.record.publish --made {params.made:q} --manifest {output.manifest:q} "
        "2>&1 | tee -i {log:q} >&2"


# One output and no more: Snakemake sees by its inputs that it was drawn at another scale or with other seeds.
rule publish_figure:
    input:
        **study_files("figure.pdf"),
        record=f"results/{PLAN.label}/{{source}}/{{study}}_manifest.json",
    output:
        "figures/{source}_{study}.pdf",
    log:
        "logs/figures/{source}_{study}.log",
    conda:
        "../envs/cpu.yaml"
    message:
        "Here it is: {output}"
    shell:
        "cp {input.figure_pdf:q} {output:q} 2> {log:q}"


# The latents that the user named: `--config latents=a,b,c`.
if SETTINGS.latents:

    rule compare_latents:
        input:
            f"figures/{OWN}_{STUDY_OF_LATENTS}.pdf",
        output:
            f"figures/{OWN}.pdf",
        log:
            f"logs/figures/{OWN}.log",
        conda:
            "../envs/cpu.yaml"
        message:
            "Here it is: {output}. Ranked: replicate rank --source mine"
        shell:
            "cp {input:q} {output:q} 2> {log:q}"


# Says which figures there are when another one is asked for.
rule unknown_figure:
    input:
        lambda wildcards: find_figure(PLAN, wildcards.figure),
    output:
        "figures/{figure}.pdf",
    wildcard_constraints:
        figure=rf"(?!(?:{'|'.join([*PLAN.figures, 'decoupling', *([OWN] if SETTINGS.latents else [])])})\.pdf$)[^/]+",
    log:
        "logs/unknown/{figure}.log",
    conda:
        "../envs/cpu.yaml"
    shell:
        "false"
