#!/usr/bin/env bash
# Packages: scikit-learn 1.9.1, pandas 3.1.1, pyarrow 26.0.1.
# Guess: `import sklearn`, with OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1, leaves a process with its one thread.
# What happens: without PyArrow it does. With it there are two: the second is `jemalloc_bg_thd`.
# Why: scikit-learn imports Pandas where that is installed, Pandas imports PyArrow where that is, and the jemalloc in
#   PyArrow starts a thread that gives memory back, before anything is allocated with it.
# Who meets it: whoever forks after importing scikit-learn or Pandas, such as a server that imports ahead of its workers:
#   the thread is not there in a fork, and Python 3.12 and later warn of forking a process of several threads.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --no-compile scikit-learn==1.9.1 pandas==3.1.1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
say='import os, sys, sklearn
threads = sorted(open(f"/proc/self/task/{each}/comm").read().strip() for each in os.listdir("/proc/self/task"))
print("pandas" in sys.modules, "pyarrow" in sys.modules, len(threads), *threads[:1] if len(threads) > 1 else [])'
cd "$folder"
without=$(env/bin/python -c "$say")
env/bin/pip install --quiet --no-compile pyarrow==26.0.1
with=$(env/bin/python -c "$say")
env/bin/pip list 2> /dev/null | grep -iE "scikit-learn|pandas|pyarrow"
echo "Pandas imported, PyArrow imported, threads, without PyArrow: $without"
echo "Pandas imported, PyArrow imported, threads, with it:         $with"
[[ $without == "True False 1" ]]
[[ $with == "True True 2 jemalloc_bg_thd" ]]
