#!/usr/bin/env bash
# Gates a checkpoint: asks the model before and the model after the same question, compares what they read for each
# token of the answer, and ends with 1 when it moved by more than a bound, or the answer has other tokens. Needs no
# network. Without arguments it holds the bundled model against itself, which passes with any bound.
#   examples/ci/attention_gate.sh [MODEL BEFORE] [MODEL AFTER] [OUTPUT FOLDER]
# ATTNVIZ is the command (build/attnviz), FAIL_OVER the bound in bits of Jensen-Shannon divergence, 0 to 1 (0.05).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
before=${1:-$root/examples/models/qa}
after=${2:-$root/examples/models/qa}
out=${3:-$root/attention-gate}
attnviz=${ATTNVIZ:-$root/build/attnviz}

maps_of() {
  "$attnviz" "$1" \
    --segment fact-1="the old bridge of Karst was built by Orlan ." \
    --segment fact-2=" the harbour master of Velmora is Tessin ." \
    --segment fact-3=" the harbour master of Brenholt is Sarvik ." \
    --segment question=" question : who is the harbour master of Velmora ? answer :" \
    --generate 24 --reduce mean --no-png --out "$2" --force >/dev/null
}

maps_of "$before" "$out/before"
maps_of "$after" "$out/after"
"$attnviz" diff "$out/before" "$out/after" --fail-over "${FAIL_OVER:-0.05}" --no-system-fonts --out "$out/diff" --force
