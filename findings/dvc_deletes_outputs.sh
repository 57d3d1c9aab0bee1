#!/usr/bin/env bash
# Packages: dvc 3.67.1.
# Guess: `dvc repro` of a stage whose dependency changed runs the command in the folder as it is; a training that
#   saved checkpoints in its output goes on from them.
# What happens: DVC deletes the stage's outputs before it runs the command. Only outputs marked `persist: true` stay.
# Why: a stage is to make its outputs from its dependencies alone; `persist` says that it works on what is there.
# Who meets it: whoever lists a folder of checkpoints as the output of a training, and has it interrupted or extended.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile dvc==3.67.1
cd "$folder"
export DVC_NO_ANALYTICS=1 PATH="$folder/env/bin:$PATH"
mkdir work && cd work
git init --quiet
dvc init --quiet
for output in plain kept; do
  cat > train_$output.sh <<EOF
mkdir -p $output
echo "$output: checkpoints found: \$(ls $output | wc -l)" >> log
echo step > "$output/\$(cat steps)"
EOF
done
cat > dvc.yaml <<'EOF'
stages:
  plain:
    cmd: bash train_plain.sh
    deps: [steps]
    outs: [plain]
  kept:
    cmd: bash train_kept.sh
    deps: [steps]
    outs:
      - kept:
          persist: true
EOF
dvc --version
for steps in 100 200; do
  echo $steps > steps
  dvc repro --quiet
done
cat log
[ "$(grep -c 'found: 0' log)" = 3 ] && [ "$(grep 'found: 1' log)" = "kept: checkpoints found: 1" ]
