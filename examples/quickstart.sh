#!/usr/bin/env bash
# From a bare Debian to attention maps of a real model: installs what is missing, builds attnviz, and asks the bundled
# question answering model a question. Run it from anywhere; the second run takes seconds.
#   examples/quickstart.sh [OUTPUT FOLDER]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/maps}

"$root/cmake/install-packages.sh"
echo "building attnviz"
(cd "$root" && cmake --preset release -Wno-dev >/dev/null && cmake --build --preset release)

"$root/build/attnviz" "$root/examples/models/qa" \
  --segment fact-1="the old bridge of Karst was built by Orlan ." \
  --segment fact-2=" the harbour master of Velmora is Tessin ." \
  --segment fact-3=" the harbour master of Brenholt is Sarvik ." \
  --segment fact-4=" the miller of Dolmere lives in Fennick ." \
  --segment question=" question : who is the harbour master of Velmora ? answer :" \
  --generate 24 --out "$out" --force >/dev/null

pictures=("$out"/tokens/*.png)
echo "the model's answer, and for each of its ${#pictures[@]} tokens a picture and a JSON file:"
sed -n 's/^  "generated_text": /  /p' "$out/manifest.json"
echo "open the pictures in $out/tokens, for example ${pictures[0]}"
