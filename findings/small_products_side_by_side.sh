#!/usr/bin/env bash
# Packages: numpy 2.4.6, whose wheel brings OpenBLAS 0.3.31.
# Guess: a product as small as (64, 300) by (300, 64), under a tenth of a millisecond, is one thread's work; if it is not,
#   two threads take the seconds that one would take.
# What happens: it goes to all cores. As many processes as cores, each making such products, take several times the
#   process seconds that they take with OMP_NUM_THREADS=1, and are that much later.
# Why: OpenBLAS's threads wait for each other in loops, and beside another process the one waited for may not run.
# Who meets it: whoever computes distances of sets of embeddings, resamples or covariances in several workers: test
#   runners, rules of a workflow, loaders of data. PyTorch's set_num_threads does not reach NumPy's library.
set -euo pipefail
cores=$(nproc)
((cores > 1)) || { echo "two cores are needed, here is one"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile numpy==2.4.6
cat > "$folder/products.py" <<'PYTHON'
import time
import numpy as np

rows = np.random.default_rng(0).normal(size=(300, 64))
start = time.process_time()
for _ in range(4000):
    rows.T @ rows
print(time.process_time() - start)
PYTHON
cd "$folder"
# Process seconds of one of as many processes as there are cores: the mean.
side_by_side() {
  for _ in $(seq "$cores"); do env/bin/python products.py & done | awk '{sum += $1} END {printf "%.2f", sum / NR}'
}
unset OMP_NUM_THREADS OPENBLAS_NUM_THREADS
env/bin/pip list 2> /dev/null | grep -i numpy
all=$(side_by_side)
one=$(OMP_NUM_THREADS=1 side_by_side)
echo "$cores processes, 4,000 products each, process seconds of one: $all with threads as they come, $one with one thread"
awk -v all="$all" -v one="$one" 'BEGIN {exit !(all > 3 * one)}'
