#!/usr/bin/env bash
# Runs every block of shell commands in examples/README.md, in order, in an empty folder where `examples` is that folder
# and `attnviz` the command. Ends with 1 at the first command that fails, after naming it.
#   tests/docs/run_examples.sh ATTNVIZ EXAMPLES SCRATCH
set -euo pipefail
attnviz=$(realpath "$1") examples=$(realpath "$2") scratch=$3

rm -rf "$scratch"
mkdir -p "$scratch/bin"
ln -s "$attnviz" "$scratch/bin/attnviz"
ln -s "$examples" "$scratch/examples"
cd "$scratch"
PATH=$PWD/bin:$PATH
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' examples/README.md >commands.sh
test "$(grep -c '^attnviz ' commands.sh)" -ge 10
bash -e -o pipefail -o xtrace commands.sh >output.txt 2>commands.log || {
  echo "failed: the last of these commands"
  tail -n 20 commands.log
  exit 1
}
