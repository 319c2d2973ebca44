#!/bin/bash
# What 8376a69 says of the folder $1: a node of its own, commands in a copy of it in $2, results in $1/expected.
set -eu
here=$(cd "$(dirname "$0")" && pwd); folder=$1; work=$2; rm -rf "$work"; mkdir -p "$work"
export PYTHONPATH=${OLD:?}:$here AISLE_HOME=$work/home
aisle() { "$PYTHON" -P -c "import sys; sys.argv[0] = 'aisle'; from cli.main import main; main()" "$@"; }
aisle up --name check --heap 1024
trap 'aisle down --name check' EXIT
"$PYTHON" -P "$here/expected.py" "$folder" "$work"
