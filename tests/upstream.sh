#!/usr/bin/env bash
# Builds against the libtorch that `pip install torch` brings, in a build folder of its own, and runs all tests. Run it
# from anywhere; the second run downloads nothing. The virtual environment lies outside the repository.
#   tests/upstream.sh [FOLDER OF THE VIRTUAL ENVIRONMENT] [CTEST OPTIONS]
# ATTNVIZ_TORCH says which torch pip installs (default: torch==2.15.*).
set -euo pipefail
venv=${XDG_CACHE_HOME:-$HOME/.cache}/attnviz/torch
if [ "$#" -gt 0 ] && [[ $1 != -* ]]; then
  venv=$(realpath -m "$1")
  shift
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case $venv/ in
  "$PWD"/*) echo "upstream: $venv is inside the repository; name a folder outside of it" >&2; exit 2 ;;
esac
installed() { "$venv/bin/python" -c 'import torch' 2>/dev/null; }

cmake/install-packages.sh python3 python3-venv
if ! installed; then
  echo "downloading torch and what it needs from PyPI into $venv: about 3 GB to load, 6 GB on disk"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "${ATTNVIZ_TORCH:-torch==2.15.*}"
fi
read -r version prefix < <("$venv/bin/python" -c \
  'import torch; print(torch.__version__, torch.utils.cmake_prefix_path)' 2>/dev/null)

echo "building against torch $version"
cmake -S . -B build-upstream -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DATTNVIZ_TESTS=ON -DATTNVIZ_WERROR=ON \
  "-DCMAKE_PREFIX_PATH=$prefix" -Wno-dev >/dev/null
cmake --build build-upstream
# Each test is a process of its own, and several run at once: threads that wait must not keep the others from the cores.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
ctest --test-dir build-upstream --output-on-failure -j "$(nproc)" "$@"
