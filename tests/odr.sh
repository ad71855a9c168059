#!/usr/bin/env bash
# Fails where two files define one name in two ways, which no compiler sees and no linker minds. Run it from anywhere.
#   1. All headers are read as one file: a class, a function or a constant that is there twice is an error.
#   2. Each room is compiled as one file, where what is there twice is an error again, and all rooms, with what link-time
#      optimisation keeps of types, are read as one program: so what only .cpp files see is compared as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build-odr

cmake/install-packages.sh
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DATTNVIZ_TESTS=OFF \
  -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
  "-DCMAKE_CXX_FLAGS=-O0 -flto -fno-fat-lto-objects" -Wno-dev >/dev/null

mapfile -t headers < <(find include src -name '*.h' | sort)
printf '#include "../%s"\n' "${headers[@]}" >"$build/all_headers.cpp"
mapfile -t folders < <(grep -ohE -- '-(I|isystem )[^ ]+' "$build/compile_commands.json" | sort -u | tr ' ' '\n')
g++ -std=c++20 -fsyntax-only "${folders[@]}" "$build/all_headers.cpp"
echo "${#headers[@]} headers define each name once"

# By name, so that no program is linked and no object of a file that is gone takes part. The small program that loads the
# command is a program of its own.
mapfile -t objects < <(ninja -C "$build" -t targets all |
  sed -n '/attnviz_command\.dir/d; s/^\(src\/.*\.c[px][px]\.o\): .*/\1/p' | sort)
ninja -C "$build" "${objects[@]}"
(cd "$build" && g++ -shared -O0 -flto=auto -Werror=odr -Werror=lto-type-mismatch -o all.so "${objects[@]}")
echo "${#objects[@]} rooms and files define each name in one way"
