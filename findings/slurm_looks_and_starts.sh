#!/usr/bin/env bash
# Packages: snakemake 9.27.1, snakemake-executor-plugin-slurm 2.8.0.
# Guess: `--slurm-init-seconds-before-status-checks` says when Slurm is asked for the first time, and Snakemake's own
#   `--seconds-between-status-checks` how often after that. A job on Slurm starts Snakemake once.
# What happens: the second option has no effect. The first is the time until Slurm is asked again after some job has
#   ended; each time that none has, it is asked 10 s later than before, up to three minutes. So one long job alone is
#   noticed minutes after its end, whatever the options say. And each job starts Snakemake twice, one after the other:
#   both read the Snakefile and build the graph.
# Why: the plugin sets the time to wait by itself after each look. What sbatch is given is a Snakemake with the executor
#   slurm-jobstep, and that gives srun another Snakemake.
# Who meets it: whoever has few or short jobs on a cluster, or a Snakefile that takes seconds to read.
# Slurm's commands are stood in for by scripts that run what they are given and note when they are asked.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile snakemake==9.27.1 snakemake-executor-plugin-slurm==2.8.0
cd "$folder"
mkdir bin
cat > bin/sbatch <<'EOF'
#!/usr/bin/env bash
for word; do case "$word" in --wrap=*) command=${word#--wrap=} ;; esac; done
echo RUNNING > state
(bash -c "$command" > job.log 2>&1; date +%s > ended; echo COMPLETED > state) > /dev/null 2>&1 &
echo 1
EOF
cat > bin/srun <<'EOF'
#!/usr/bin/env bash
while [[ $1 == -* ]]; do shift; done
exec "$@"
EOF
cat > bin/squeue <<'EOF'
#!/usr/bin/env bash
date +%s >> asked
echo "1|$(cat state)"
EOF
printf '#!/bin/sh\necho "MinJobAge = 86400 sec"\n' > bin/scontrol
printf '#!/bin/sh\necho "all*"\n' > bin/sinfo
chmod +x bin/*
cat > Snakefile <<'EOF'
with open("starts", "a") as file:
    file.write("start\n")
rule one:
    output: "done"
    shell: "sleep 45; touch {output}"
EOF
env/bin/snakemake --version
env/bin/pip list 2> /dev/null | grep executor-plugin-slurm
PATH="$folder/bin:$PATH" env/bin/snakemake --executor slurm --jobs 1 --slurm-no-account --slurm-status-command squeue \
  --slurm-init-seconds-before-status-checks 2 --seconds-between-status-checks 2 --quiet all \
  --default-resources mem_mb=100 runtime=10 > log 2>&1 || { cat log job.log; exit 1; }
gaps=$(awk 'NR > 1 { print $1 - before } { before = $1 }' asked | tr '\n' ' ')
echo "Slurm asked after, seconds: $gaps"
echo "the end noticed after $(($(tail -1 asked) - $(cat ended))) s"
starts=$(($(wc -l < starts) - 1))
echo "starts of Snakemake for the one job: $starts"
python3 - $gaps <<'EOF'
import sys

gaps = [int(word) for word in sys.argv[1:]]
assert len(gaps) >= 2 and all(-1 <= gap - 12 - 10 * number <= 8 for number, gap in enumerate(gaps)), gaps
EOF
[ "$starts" = 2 ]
