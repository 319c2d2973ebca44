"""From a file to a swapped alias in a process of its own, watched closely: progress, memory, CPU, engine.

Run by ``benchmarks.scale`` against its node; the last line on standard output is the outcome as JSON.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import ClusterSettings, connect
from aisle.encoder import DenseEncoder
from aisle.errors import IndexingFailed
from aisle.indexer import IndexOptions, Ledger, ResumeContext, index_catalogue
from benchmarks.command_line import run_command
from benchmarks.file_to_alias import FileToAlias
from benchmarks.parts import TIMEOUT_S, encoder_of_items
from benchmarks.peak_memory import MB, PeakMemory
from benchmarks.scale_curve import Curve
from benchmarks.scale_engine import engine_seconds, node_cpu_s
from benchmarks.scale_loaded import Loaded
from benchmarks.scale_parts import DIMS


def load_here(url: str, file: Path, name: str, encoder: str, limit: int, marks: list[int]) -> Loaded:
    """Index the first ``limit`` products as `aisle index` does, ledger included."""
    client = connect(ClusterSettings(url=url, timeout_s=TIMEOUT_S))
    curve = Curve(marks)
    with tempfile.TemporaryDirectory(prefix="aisle-ledger-") as folder, PeakMemory() as memory:
        items = encoder_of_items(DenseEncoder.load(encoder), DIMS)
        node_before, client_before, started = node_cpu_s(client), time.process_time(), time.perf_counter()
        with Ledger(Path(folder) / "ledger.sqlite") as ledger:
            report = index_catalogue(
                client,
                read_catalogue(file, ReadOptions(limit=limit)),
                items,
                IndexOptions(name),
                books=ResumeContext(ledger),
                progress=lambda now: curve.look(now, memory.above_mb),
            )
        seconds, client_cpu = time.perf_counter() - started, time.process_time() - client_before
        node_cpu = node_cpu_s(client) - node_before
    run = FileToAlias(report.documents, seconds, memory.baseline / MB, memory.above_mb, dict(report.stage_s))
    engine = engine_seconds(client, report.release)
    return Loaded(run, report.load_s, client_cpu, node_cpu, engine, tuple(curve.samples))


def load(url: str, file: Path, name: str, model: DenseEncoder, limit: int, *marks: int) -> Loaded:
    """The same in a fresh process.

    Raises:
        IndexingFailed: it failed; it has said why on standard error.
    """
    arguments = [url, str(file), name, model.fingerprint, str(limit), *map(str, marks)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale_load", *arguments], stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise IndexingFailed("indexing in a process of its own failed", fix="see its error above")
    return Loaded.from_json(orjson.loads(done.stdout.splitlines()[-1]))


def scale_load(
    url: str,
    file: Path,
    name: str,
    encoder: str,
    limit: int,
    marks: Annotated[list[int] | None, typer.Argument()] = None,
) -> None:
    """Index the first LIMIT products of FILE as NAME into the OpenSearch at URL; print what it took as JSON.

    Examples:

        python -m benchmarks.scale_load http://127.0.0.1:9200 products.jsonl trial dense/homedepot 5000 1000
    """
    print(orjson.dumps(asdict(load_here(url, file, name, encoder, limit, marks or []))).decode())


if __name__ == "__main__":
    run_command(scale_load)
