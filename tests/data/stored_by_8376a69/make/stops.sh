#!/bin/bash
# After make.sh, in the same folder $1, without a node: training runs that are killed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
export PYTHONPATH=${OLD:?a checkout of 8376a69}:$here AISLE_HOME=$out/home COLUMNS=200
cd "$out"
stop() { "${PYTHON:?}" -P "$here/stop_training.py" "$@" > said/stop-$1.txt 2>&1 || true; }
stop in-batch-negatives 120 train encoder --data shop --base base --name shop-dense --no-titles --epochs 150 --rounds 0 --no-measure
stop sparse 3 train sparse --data shop --base base --name shop-sparse --titles 1 --epochs 3 --no-measure
stop reranker 0 train reranker --data shop --base base --name shop-reranker --layers 1 --epochs 2 --teacher-epochs 2 --max-tokens 24 --no-measure
