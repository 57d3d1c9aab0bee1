#!/usr/bin/env bash
# Packages: soundfile 0.14.0 (libsndfile 1.2.2), numpy.
# Guess: a file of which the second half is lost (a copy that was interrupted) is an error, or at least its header and
#   its content disagree in the same way for all formats.
# What happens: a WAV or Ogg Vorbis file is a shorter recording, for info() and read() alike and without a word. An
#   MP3 file keeps its whole length in info() and is short when read. FLAC alone raises.
# Why: libsndfile takes the length of a WAV file from the file's size where the header claims more, as recorders that
#   stream leave a wrong size; that of an Ogg from the last page it finds; that of an MP3 from a tag in its first
#   frame.
# Who meets it: whoever checks a corpus by headers, or by whether its files can be read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile soundfile==0.14.0 numpy==2.4.6
cd "$folder"
env/bin/python - <<'EOF'
import numpy as np
import soundfile

print("soundfile", soundfile.__version__, "libsndfile", soundfile.__libsndfile_version__)
noise = np.random.default_rng(0).normal(0, 0.1, 160_000)
found = {}
for name in ("whole.wav", "whole.mp3", "whole.ogg", "whole.flac"):
    soundfile.write(name, noise, 16_000)
    data = open(name, "rb").read()
    cut = name.replace("whole", "cut")
    open(cut, "wb").write(data[: len(data) // 2])
    try:
        found[name[6:]] = soundfile.info(cut).frames, len(soundfile.read(cut)[0])
    except soundfile.LibsndfileError as error:
        found[name[6:]] = str(error)
    print(cut, "(samples by info, samples read), or the error:", found[name[6:]])
claimed, read = found["wav"]
assert claimed == read and 79_000 < read < 80_000
claimed, read = found["mp3"]
assert claimed == 160_000 and read < 100_000
claimed, read = found["ogg"]
assert claimed == read < 100_000
assert isinstance(found["flac"], str)
EOF
