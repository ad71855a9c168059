#!/usr/bin/env bash
# Runs the tests of what computes (the rooms model and aggregate, and the command's main job) with both variants of
# OpenBLAS and each set of its kernels that this processor can execute, and prints a table. Nothing on the machine is
# changed: a variant that is not installed is unpacked into the build folder. Needs Debian's libtorch, which takes
# the BLAS that it finds.
#   tests/kernels.sh [BUILD]        the folder of the preset dev by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:-build-dev}

cmake/install-packages.sh
[ -e "$build/build.ninja" ] || cmake --preset dev -B "$build" -Wno-dev >/dev/null
cmake --build "$build" --target attnviz_command attnviz_model_tests attnviz_aggregate_tests attnviz_cli_tests
build=$(cd "$build" && pwd)
libraries=/usr/lib/$(gcc -print-multiarch)

# The folder that holds a variant's libblas.so.3; nothing where there is none.
folder_of() {
  local package=libopenblas0-$1 unpacked=$build/openblas-$1
  if [ -e "$libraries/openblas-$1/libblas.so.3" ]; then
    echo "$libraries/openblas-$1"
    return
  fi
  if [ ! -e "$unpacked$libraries/openblas-$1/libblas.so.3" ]; then
    mkdir -p "$unpacked"
    (cd "$unpacked" && apt-get download -qq "$package" && dpkg-deb -x "$package"_*.deb .) >/dev/null 2>&1 || return 0
  fi
  echo "$unpacked$libraries/openblas-$1"
}

declare -A needs=([Prescott]="pni" [Sandybridge]="avx" [Haswell]="avx2 fma" [Zen]="avx2 fma"
                  [SkylakeX]="avx512f avx512dq avx512cd avx512bw avx512vl")
declare -A programs=([model]="$build/tests/model/attnviz_model_tests"
                     [aggregate]="$build/tests/aggregate/attnviz_aggregate_tests"
                     ["main job"]="$build/tests/cli/attnviz_cli_tests")
# Of the room model, what runs a model and compares what comes out; reading files computes nothing.
declare -A filters=([model]="*-BadArchives*:*Damage*:FileCalls*:*Config*:Pickle*" [aggregate]="*"
                    ["main job"]="MainJobTest.*:FixtureTest.*:Threads.*:BatchTest.ARecordIs*:BatchTest.BytesDoNot*")

lacks() {
  for flag in ${needs[$1]}; do
    grep -m 1 '^flags' /proc/cpuinfo | grep -qw "$flag" || echo -n " $flag"
  done
}

# One cell of the table: what passed, or what failed.
run_with() {
  local kernel=$1 folder=$2 start=$SECONDS cell="" failed=0 room version
  export LD_LIBRARY_PATH=$folder OPENBLAS_CORETYPE=$kernel
  version=$("$build/attnviz" --version | tail -1)
  case $version in *"(${3/openmp/OpenMP}), kernels: $kernel") ;; *) echo "not run: the library is $version"; return 1 ;; esac
  for room in model aggregate "main job"; do
    local log="$build/kernels-$3-$kernel-${room/ /-}.log"
    if "${programs[$room]}" --gtest_brief=1 --gtest_filter="${filters[$room]}" >"$log" 2>&1 &&
      ! grep -q 'PASSED  \] 0 tests' "$log"; then
      cell+="$room $(sed -n 's/.*\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log"), "
    else
      failed=1
      cell+="$room FAILED: $(sed -n 's/^\[  FAILED  \] \([A-Za-z]*\.[A-Za-z0-9]*\).*/\1/p' "$log" | sort -u | paste -sd ' '), "
    fi
  done
  echo "${cell%, } ($((SECONDS - start)) s)"
  return $failed
}

# The variants of one kernel run beside each other; a cell's file ends with its text and, after it, whether it failed.
status=0
cells=$build/kernels
mkdir -p "$cells"
declare -A folders
for variant in openmp pthread; do folders[$variant]=$(folder_of "$variant"); done
echo "Tests passed on $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), by kernels and variant of OpenBLAS:"
echo "| kernels | OpenMP | pthread |"
echo "|---|---|---|"
for kernel in Haswell Zen SkylakeX Sandybridge Prescott; do
  lacking=$(lacks "$kernel")
  row="| $kernel |"
  for variant in openmp pthread; do
    if [ -n "$lacking" ]; then
      echo "not run: the processor lacks$lacking" >"$cells/$variant"
    elif [ -z "${folders[$variant]}" ]; then
      echo "not run: libopenblas0-$variant is not here and cannot be fetched" >"$cells/$variant"
    else
      (run_with "$kernel" "${folders[$variant]}" "$variant" || echo failed) >"$cells/$variant" 2>&1 &
    fi
  done
  wait
  for variant in openmp pthread; do
    row+=" $(head -1 "$cells/$variant") |"
    if [ "$(tail -1 "$cells/$variant")" = failed ]; then status=1; fi
  done
  echo "$row"
done
exit $status
