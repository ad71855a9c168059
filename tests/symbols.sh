#!/usr/bin/env bash
# Fails where the shared library shows a symbol that no public header marks with ATTNVIZ_EXPORT, or hides a function
# that one marks. Allowed are the functions so marked, and of a class so marked its members, nested types and run-time
# type; nothing of std, of libtorch or of another third party.
#   tests/symbols.sh LIBRARY HEADERS…
set -euo pipefail
library=$1
shift

# The marked names, one a line: "class attnviz::Image", "function attnviz::encode_png".
marked=$(awk '
  FNR == 1 { space = ""; text = "" }
  /^namespace [A-Za-z_0-9:]+ \{/ { space = $2; next }
  /^}  \/\/ namespace/ { space = ""; next }
  { sub(/\/\/.*/, "") }
  text == "" && !/ATTNVIZ_EXPORT/ || /#define/ { next }
  { text = text " " $0 }
  text ~ /[({;=]/ {
    kind = text ~ /(class|struct) ATTNVIZ_EXPORT/ ? "class" : "function"
    sub(/.*ATTNVIZ_EXPORT/, "", text)
    if (kind == "class") { match(text, /[A-Za-z_0-9]+/) }
    else { sub(/[(;={].*/, "", text); match(text, /(operator *[^ A-Za-z_0-9]+|[A-Za-z_0-9]+) *$/) }
    name = substr(text, RSTART, RLENGTH); gsub(/ /, "", name)
    print kind, space "::" name
    text = ""
  }' "$@" | sort -u)
if [ -z "$marked" ]; then
  echo "symbols: no header marks anything with ATTNVIZ_EXPORT: $*" >&2
  exit 1
fi

nm -DC --defined-only "$library" | awk -v marked="$marked" '
  BEGIN {
    count = split(marked, lines, "\n")
    for (i = 1; i <= count; i++) {
      split(lines[i], parts, " ")
      if (parts[1] == "class") classes[parts[2]]; else functions[parts[2]]
    }
  }
  # Whether a name is a marked class or lies in one.
  function in_class(name) {
    for (;;) {
      if (name in classes) return 1
      if (!match(name, /::[^:]*$/)) return 0
      name = substr(name, 1, RSTART - 1)
    }
  }
  {
    shown++
    symbol = $0
    sub(/^[0-9a-f]* *[A-Za-z] /, "", symbol)
    name = symbol
    sub(/^(typeinfo name for |typeinfo for |vtable for |VTT for |(non-)?virtual thunk to |guard variable for )/, "", name)
    anonymous = name ~ /\(anonymous namespace\)/
    sub(/\[abi:.*/, "", name)
    sub(/\(.*/, "", name)
    if (name !~ /operator</) sub(/<.*/, "", name)
    seen[name]
    if (anonymous || !(name in functions || in_class(name))) { print "shown, and not marked: " symbol; bad++ }
  }
  END {
    for (name in functions) if (!(name in seen)) { print "marked, and not shown: " name; bad++ }
    print shown + 0 " symbols are shown, " count " names are marked"
    exit bad > 0 || shown == 0
  }'
