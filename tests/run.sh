#!/usr/bin/env bash
# Installs what is missing, builds with the tests, and runs them all. Run it from anywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake/install-packages.sh
cmake --preset dev -Wno-dev >/dev/null
cmake --build --preset dev
ctest --preset dev -j "$(nproc)" "$@"
