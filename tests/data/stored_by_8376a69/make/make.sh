#!/bin/bash
# Makes all of it anew in the folder $1, with the code of 8376a69 on PYTHONPATH. JSON that commands print: $1/said.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
python=${PYTHON:?the python of its environment}
aisle() { "$python" -P -c "import sys; sys.argv[0] = 'aisle'; from cli.main import main; main()" "$@"; }
say() { local file=$1; shift; echo "aisle $*" >> "$out/said/commands.txt"; aisle "$@" > "$out/said/$file.json" 2> "$out/said/$file.stderr"; }
mkdir -p "$out/said"
out=$(cd "$out" && pwd)
export PYTHONPATH=${OLD:?a checkout of 8376a69}:$here AISLE_HOME=$out/home COLUMNS=200
cd "$out"

# Data and models.
"$python" -P "$here/data.py" .
"$python" -P "$here/models.py" .

# Two releases, a fusion that was tuned on the first and carried over by the second, updates.
aisle up --name old --heap 1024 --json > said/up.json
trap 'aisle down --name old' EXIT
cp home/nodes/old.json said/node-record.json
find home > said/home-after-up.txt
say index-v0001 index catalogue-1.jsonl --name shop --encoder tiny-dense --sparse tiny-sparse --json
say tune-run tune run shop --name shop --runs runs --guard-p 0.2 --json
say tune-per-query tune run shop --runs runs --offline --guard-p 0.2 --per-query --out runs/not-kept.json --json
rm runs/not-kept.json
say tune-apply tune apply runs/fusion.json --name shop --json
say tune-show tune show --name shop --json
say index-v0002 index shop --name shop --encoder tiny-dense --sparse tiny-sparse --synonyms synonyms.txt --json
"$python" -P "$here/per_query.py"
say tune-apply-per-query tune apply runs/fusion-per-query.json --name shop --json
say update update shop changes.jsonl --json
find home > said/home-after-update.txt
# A third that was interrupted.
"$python" -P "$here/interrupt.py" > said/interrupt.txt 2>&1 || true
find home > said/home-after-interrupt.txt
say releases-list releases list shop --json
say releases-diff releases diff shop shop-v0001 shop-v0002 --json
"$python" -P "$here/dump.py" .
"$python" -P "$here/killed.py" .
