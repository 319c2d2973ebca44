#!/bin/bash
# Makes the whole folder anew as $1, which does not exist yet. OLD: a checkout of 8376a69; PYTHON: of its .venv.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir "$1"
kept=$(cd "$1" && pwd)
work=$(mktemp -d /tmp/from-8376a69-XXXX)
chmod 755 "$work"  # The node's own user must get in.
mkdir "$work/scripts"
cp "$here"/*.sh "$work/scripts"
for script in "$here"/*.py.txt; do
  cp "$script" "$work/scripts/$(basename "$script" .txt)"
done
bash "$work/scripts/make.sh" "$work/made"
bash "$work/scripts/stops.sh" "$work/made"
"$PYTHON" -P "$work/scripts/tidy.py" "$work/made" "$kept"
mkdir "$kept/make"
cp "$here"/* "$kept/make"
bash "$work/scripts/expected.sh" "$kept" "$work/checked"
