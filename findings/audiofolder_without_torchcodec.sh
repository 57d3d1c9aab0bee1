#!/usr/bin/env bash
# Packages: datasets 5.2.0; soundfile and numpy make the clips.
# Guess: a folder of WAV files with a metadata.csv loads without a decoder; decoding alone needs one, and
#   `cast_column("audio", Audio(decode=False))` does without it.
# What happens: without torchcodec `load_dataset("audiofolder", ...)` fails while it reads the table, before any audio
#   is touched. With streaming=True it succeeds, and the first row fails, also after the cast.
# Why: `Audio.encode_example` imports torchcodec's encoder in its first line, also where it only has to turn a path
#   into `{"bytes": None, "path": ...}`.
# Who meets it: whoever reads audio with soundfile and installs no torchcodec, which needs FFmpeg's libraries and one
#   release of torch. Datasets of Parquet files, whose audio is encoded already, load.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile datasets==5.2.0 soundfile==0.14.0 numpy==2.4.6
cd "$folder"
export HF_HOME="$folder/home" HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1
env/bin/python - 2>&1 <<'EOF' | grep -v Generating
import os

import datasets
import numpy as np
import soundfile
from datasets import Audio, Dataset, Features, load_dataset

print("datasets", datasets.__version__)
os.mkdir("clips")
for name in "ab":
    soundfile.write(f"clips/{name}.wav", np.zeros(16_000), 16_000)
with open("clips/metadata.csv", "w") as table:
    table.write("file_name,text\na.wav,one\nb.wav,two\n")


for streaming in (False, True):
    try:
        rows = load_dataset("audiofolder", data_dir="clips", split="train", streaming=streaming)
        next(iter(rows.cast_column("audio", Audio(decode=False))))
    except (ImportError, datasets.exceptions.DatasetGenerationError) as error:
        print(f"streaming={streaming}: {type(error).__name__}: {error.__cause__ if not streaming else error}")
    else:
        raise SystemExit("it loaded")
encoded = {"bytes": open("clips/a.wav", "rb").read(), "path": None}
Dataset.from_list([{"audio": encoded}]).to_parquet("encoded.parquet")
features = Features({"audio": Audio(decode=False)})
rows = load_dataset("parquet", data_files="encoded.parquet", split="train", features=features)
print("from Parquet:", len(rows[0]["audio"]["bytes"]), "bytes")
assert len(rows[0]["audio"]["bytes"]) == len(encoded["bytes"])
EOF
