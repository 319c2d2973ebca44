"""From a file to a swapped alias in a process of its own, so that its memory is that of indexing alone.

Run by ``benchmarks.indexing`` against its node; the last line on standard output is the outcome as JSON.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import ClusterSettings, connect
from aisle.errors import IndexingFailed
from aisle.indexer import IndexOptions, PipelineOptions, index_catalogue
from benchmarks.harness.command_line import run_command
from benchmarks.harness.parts import MB, TIMEOUT_S, PeakMemory, encoder_of_items, load_encoder

USUAL = PipelineOptions()


@dataclass(frozen=True, slots=True)
class FileToAlias:
    """Attributes:
    documents: in the live release.
    seconds: from opening the file to the swapped alias; loading the model is not in it.
    baseline_mb: resident memory before the model is loaded, everything imported, MB.
    above_mb: the most that was taken on top of it until the alias was swapped, MB.
    stage_s: seconds each stage was busy.
    """

    documents: int
    seconds: float
    baseline_mb: float
    above_mb: float
    stage_s: dict[str, float]


def index_file(
    url: str, folder: Path, name: str, dims: int, limit: int | None, loading: PipelineOptions
) -> FileToAlias:
    """Index a folder as `aisle index` does, and watch time and memory."""
    client = connect(ClusterSettings(url=url, timeout_s=TIMEOUT_S))
    with PeakMemory() as memory:
        encoder = encoder_of_items(load_encoder(), dims)
        started = time.perf_counter()
        items = read_catalogue(folder, ReadOptions(limit=limit))
        report = index_catalogue(client, items, encoder, IndexOptions(name, pipeline=loading))
        seconds = time.perf_counter() - started
    return FileToAlias(report.documents, seconds, memory.baseline / MB, memory.above_mb, dict(report.stage_s))


def in_own_process(
    url: str, folder: Path, name: str, dims: int, limit: int | None, loading: PipelineOptions = USUAL
) -> FileToAlias:
    """The same in a fresh process.

    Raises:
        IndexingFailed: it failed; it has said why on standard error.
    """
    arguments = [url, str(folder), name, str(dims), *(["--limit", str(limit)] if limit else [])]
    arguments += ["--batch-items", str(loading.batch_items), "--writers", str(loading.writers)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.harness.file_to_alias", *arguments],
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise IndexingFailed("indexing in a process of its own failed", fix="see its error above")
    return FileToAlias(**orjson.loads(done.stdout.splitlines()[-1]))


def file_to_alias(
    url: str,
    folder: Path,
    name: str,
    dims: int,
    limit: int | None = None,
    batch_items: int = USUAL.batch_items,
    writers: int = USUAL.writers,
) -> None:
    """Index FOLDER as NAME into the OpenSearch at URL and print what it took as JSON.

    Examples:

        python -m benchmarks.file_to_alias http://127.0.0.1:9200 ../shared/data/homedepot trial 64
    """
    loading = PipelineOptions(batch_items=batch_items, writers=writers)
    print(orjson.dumps(asdict(index_file(url, folder, name, dims, limit, loading))).decode())


if __name__ == "__main__":
    run_command(file_to_alias)
