#!/usr/bin/env bash
# Fails where two files define one name in two ways, which no compiler sees and no linker minds. Run it from anywhere.
#   1. All headers are read as one file: a class, a function or a constant that is there twice is an error.
#   2. Everything is compiled without optimisation and with what link-time optimisation keeps of types, and read as one
#      program: so types that only one .cpp file sees are compared as well.
#   tests/odr.sh [headers]      with "headers" the first step alone, which takes seconds
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build-odr

cmake/install-packages.sh
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DATTNVIZ_TESTS=OFF \
  "-DCMAKE_CXX_FLAGS=-O0 -flto -fno-fat-lto-objects" -Wno-dev >/dev/null

mapfile -t headers < <(find include src -name '*.h' | sort)
printf '#include "../%s"\n' "${headers[@]}" >"$build/all_headers.cpp"
mapfile -t folders < <(grep -ohE -- '-(I|isystem )[^ ]+' "$build/compile_commands.json" | sort -u | tr ' ' '\n')
g++ -std=c++20 -fsyntax-only "${folders[@]}" "$build/all_headers.cpp"
echo "${#headers[@]} headers define each name once"
[ "${1:-}" = headers ] && exit 0

# By name, so that no program is linked and no object of a file that is gone takes part.
mapfile -t objects < <(ninja -C "$build" -t targets all | sed -n 's/^\(src\/.*\.cpp\.o\): .*/\1/p' | sort)
ninja -C "$build" "${objects[@]}"
(cd "$build" && g++ -shared -O0 -flto=auto -Werror=odr -Werror=lto-type-mismatch -o all.so "${objects[@]}")
echo "${#objects[@]} files define each type in one way"
