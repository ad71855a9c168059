#!/usr/bin/env bash
# Makes the pictures of this folder with the built command: examples/gallery/make.sh [BUILD FOLDER]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
attnviz=${1:-$here/../../build}/attnviz
model=$here/../models/qa
dates=$here/../models/dates
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ask() {
  "$attnviz" "$model" \
    --segment fact-1="the old bridge of Karst was built by Orlan ." \
    --segment fact-2=" the harbour master of Velmora is Tessin ." \
    --segment fact-3=" the harbour master of Brenholt is Sarvik ." \
    --segment fact-4=" the miller of Dolmere lives in Fennick ." \
    --segment question=" question : who is the harbour master of Velmora ? answer :" \
    --generate 24 --no-system-fonts "$@" >/dev/null
}

ask --out "$scratch/answer"
cp "$scratch/answer/tokens/00062-Tes.png" "$here/answer.png"
cp "$scratch/answer/overview.png" "$here/overview.png"
ask --out "$scratch/heads" --tokens 62 --reduce max --layers 1 --per-head --theme dark --colormap magma
cp "$scratch/heads/tokens/00062-Tes.png" "$here/heads-dark.png"
"$attnviz" "$model" --text "the miller of Dolmere lives in Fennick ." --reduce mean,rollout --annotate --scale linear \
  --no-system-fonts --out "$scratch/annotated" >/dev/null
cp "$scratch/annotated/tokens/00009.png" "$here/annotated.png"

# The answer in whole words, and the segments that each was read from.
ask --out "$scratch/words" --words --reduce mean
cp "$scratch/words/segments.png" "$here/segments.png"

# An encoder–decoder, and what changes when the date is written otherwise.
translate() { "$attnviz" "$dates" --generate 12 --no-system-fonts "$@" >/dev/null; }
translate --text "the 3rd of March 1987" --out "$scratch/date"
cp "$scratch/date/tokens/00006-0.png" "$here/translation.png"
translate --text "the 5th of March 1987" --no-png --out "$scratch/other"
"$attnviz" diff "$scratch/date" "$scratch/other" --no-system-fonts --out "$scratch/difference" >/dev/null
cp "$scratch/difference/overview.png" "$here/difference.png"

# Without the tokens that everything goes to.
"$attnviz" "$dates" --text "the 3rd of March 1987" --generate 12 --special drop --reduce mean --tokens 9 \
  --no-system-fonts --out "$scratch/dropped" >/dev/null
cp "$scratch/dropped/tokens/00009-0.png" "$here/dropped.png"

# Two sentences, each on its own row.
"$attnviz" "$model" --text "the miller of Dolmere lives in Fennick ." --pair "question : where lives the miller of Dolmere ?" \
  --reduce mean,rollout --tokens -1 --no-system-fonts --out "$scratch/pair" >/dev/null
cp "$scratch"/pair/tokens/*.png "$here/pair.png"
