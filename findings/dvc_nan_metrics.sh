#!/usr/bin/env bash
# Packages: dvc 3.67.1.
# Guess: `dvc metrics` leaves out or refuses a metric that is NaN, `--json` is JSON, and a metric that stays NaN did
#   not change.
# What happens: `dvc metrics show --json` and `diff --json` print NaN, which is no JSON: jq, JavaScript and strict
#   parsers refuse it. And `diff` lists a metric that was NaN and is NaN as changed, as often as it is called.
# Why: DVC dumps with Python's json, which writes NaN unless told not to, and leaves a metric out of the difference
#   only if old == new, which NaN never is.
# Who meets it: whoever records a score that some runs do not have, or reads DVC's output in a check of a merge.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile dvc==3.67.1
cd "$folder"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export DVC_NO_ANALYTICS=1 PATH="$folder/env/bin:$PATH"
mkdir work && cd work
git init --quiet
dvc init --quiet
cat > dvc.yaml <<'EOF'
metrics:
  - scores.json
EOF
echo '{"wer": NaN, "steps": 3}' > scores.json
git add -A
git commit --quiet -m scores
dvc --version
dvc metrics show --json | tee shown
echo '{"wer": NaN, "steps": 4}' > scores.json
dvc metrics diff
dvc metrics diff --json > difference
python - <<'EOF'
import json


def refuse(name):
    raise ValueError(f"{name} is no JSON")


for name in ("shown", "difference"):
    text = open(name).read()
    try:
        json.loads(text, parse_constant=refuse)
    except ValueError as error:
        print(f"{name}, read strictly: {error}")
    else:
        raise SystemExit(f"{name} is JSON")
assert set(json.loads(open("difference").read())["scores.json"]) == {"wer", "steps"}
EOF
