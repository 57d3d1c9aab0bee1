#!/usr/bin/env bash
# Packages: snakemake 9.27.1.
# Guess: `--config key=value` reads the value as YAML, as a config file would be read.
# What happens: it depends on the shape. A number is a number, but the members of a list or a mapping stay strings.
#   `null` and `false` are non-empty strings, and so true in Python; `True` and `False` are booleans. A label such as
#   1_000, 007, nan or 1e3 becomes a number. Keys of one letter are refused.
# Why: the value goes through int, float, Python's two booleans, and YAML with its base loader, which makes strings of
#   all scalars; the first that does not raise wins. Python's int and float take underscores, leading zeros and nan.
# Who meets it: whoever passes seeds, switches or names of runs to a workflow on the command line.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile snakemake==9.27.1
cd "$folder"
cat > Snakefile <<'EOF'
print("value:", repr(config.get("key")))
rule nothing:
    shell: "true"
EOF
env/bin/snakemake --version
check() {
  found=$(env/bin/snakemake -n --cores 1 --config "key=$1" 2>&1 | sed -n 's/^value: //p' | head -1)
  echo "key=$1 -> $found"
  [ "$found" = "$2" ]
}
check '[0,1]' "['0', '1']"
check '{a: 1.5, b: null}' "{'a': '1.5', 'b': 'null'}"
check 3 3
check null "'null'"
check false "'false'"
check False False
check 1_000 1000
check 007 7
check nan nan
! env/bin/snakemake -n --cores 1 --config k=1 > refused 2>&1
grep "must start with a valid identifier" refused
