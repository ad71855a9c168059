#!/usr/bin/env bash
# Checks every manual page in a folder with mandoc or, where that is not installed, with groff. Ends with 77 (skipped)
# where neither is there, and with 1 when either has something to say.
#   tests/docs/lint_manual.sh FOLDER
set -euo pipefail
folder=$1

if command -v mandoc >/dev/null; then
  # The pages have no date: they would differ from build to build, or go out of date.
  lint() { mandoc -T lint -W warning "$1" | grep -v 'missing date' || true; }
elif command -v groff >/dev/null; then
  lint() { groff -ww -z -man "$1" 2>&1; }
else
  echo "skipped: neither mandoc nor groff is installed"
  exit 77
fi

pages=("$folder"/*.[1-9])
test -e "${pages[0]}"
found=0
for page in "${pages[@]}"; do
  said=$(lint "$page")
  if [ -n "$said" ]; then
    echo "$said"
    found=1
  fi
done
exit "$found"
