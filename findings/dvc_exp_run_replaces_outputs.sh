#!/usr/bin/env bash
# Packages: dvc 3.67.1.
# Guess: an output marked `persist: true` is left as it is, by `dvc exp run` as by `dvc repro`; what DVC has never
#   seen, it does not delete.
# What happens: before the command runs, `dvc exp run` checks all outputs out by force, in the version that dvc.lock
#   names. Where the cache lacks that version, as in a clone that has not pulled, it deletes what lies there. The
#   command then fails or starts anew; nothing was asked, and no copy is left.
# Why: an experiment is to start from the committed state. `persist` is about `dvc repro`, and a missing version is
#   allowed for, as an output with nothing in it.
# Who meets it: whoever clones a project with a dvc.lock, trains without DVC, and then tries one `dvc exp run`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile dvc==3.67.1
cd "$folder"
export DVC_NO_ANALYTICS=1 PATH="$folder/env/bin:$PATH"
for role in AUTHOR COMMITTER; do
  export GIT_${role}_NAME=somebody GIT_${role}_EMAIL=somebody@example.org
done
mkdir work && cd work
git init --quiet
dvc init --quiet
echo 'steps: 100' > params.yaml
cat > dvc.yaml <<'EOF'
stages:
  train:
    cmd: ls trained | wc -l >> ../log; mkdir -p trained; touch trained/model
    params: [steps]
    outs:
      - trained:
          persist: true
EOF
dvc repro --quiet 2> /dev/null
git add . && git commit --quiet -m state
dvc --version
: > ../log
for command in repro "exp run"; do
  git clone --quiet . "../after $command"
  (
    cd "../after $command"
    mkdir trained && touch trained/model trained/checkpoint # hours of work, without DVC
    sed -i s/100/200/ params.yaml
    dvc $command --quiet
  )
done
echo "files that the command finds: dvc repro $(sed -n 1p ../log), dvc exp run $(sed -n 2p ../log)"
[ "$(paste -sd ' ' ../log)" = "2 0" ]
