#!/usr/bin/env bash
# Packages: snakemake 9.27.1.
# Guess: a rule whose input is a directory runs again if a file in it changes, and with --max-checksum-file-size only
#   if the content changes, as with inputs that are files.
# What happens: a file in it that gets other content is not noticed at all. And a new time of the directory, which a
#   checkout, a copy or a deleted temporary file gives it, runs the rule again although every file is the same; of an
#   input that is a file a new time alone does nothing.
# Why: for a directory Snakemake looks at the time of the directory, which the file system changes when entries come
#   and go, or at that of a hidden file which it puts into directories that a rule made; checksums are made of files
#   only.
# Who meets it: whoever gives a rule a folder of recordings, or passes features or checkpoints as a folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile snakemake==9.27.1
cd "$folder"
cat > Snakefile <<'EOF'
rule all:
    input: "from_folder", "from_file"
rule of_folder:
    input: "folder"
    output: "from_folder"
    shell: "cat {input}/* > {output}"
rule of_file:
    input: "file"
    output: "from_file"
    shell: "cat {input} > {output}"
EOF
mkdir folder
echo one > folder/part
echo one > file
planned() {
  env/bin/snakemake -n --cores 1 --max-checksum-file-size 1TB 2>&1 | grep -oE '^of_(folder|file) ' | sort -u |
    tr -d '\n'
}
env/bin/snakemake --version
env/bin/snakemake --cores 1 --max-checksum-file-size 1TB --quiet all
sleep 1.1
echo two > folder/part
after_edit=$(planned || true)
echo "file in the folder edited, would run: '$after_edit'"
touch folder file
after_touch=$(planned || true)
echo "folder and file touched, would run: '$after_touch'"
[ "$after_edit" = "" ] && [ "$after_touch" = "of_folder " ]
