"""From a file to a swapped alias in a process of its own, watched closely: progress, memory, CPU, engine.

Run by ``benchmarks.scale`` against its node; the last line on standard output is the outcome as JSON.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from opensearchpy import OpenSearch

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import ClusterSettings, connect
from aisle.encoder import DenseEncoder
from aisle.errors import IndexingFailed
from aisle.indexer import IndexOptions, Ledger, Progress, ResumeContext, index_catalogue
from benchmarks.harness.command_line import run_command
from benchmarks.harness.file_to_alias import FileToAlias
from benchmarks.harness.parts import MB, TIMEOUT_S, PeakMemory, encoder_of_items
from benchmarks.scale.parts import DIMS


@dataclass(frozen=True, slots=True)
class Sample:
    """The first look at a load that had come so far.

    Attributes:
        products: acknowledged by OpenSearch or refused.
        seconds: since the load began.
        above_mb: the most that the client took above its baseline until then, MB.
    """

    products: int
    seconds: float
    above_mb: float


class Curve:
    """Keeps a sample of each mark that a load passes.

    Args:
        marks: numbers of products, ascending.

    Attributes:
        samples: of the marks that were passed.
    """

    def __init__(self, marks: Sequence[int]) -> None:
        self.samples: list[Sample] = []
        self._marks = list(marks)

    def look(self, now: Progress, above_mb: float) -> None:
        """Call it often: a sample is as late as the look that takes it."""
        products = now.accepted + now.refused
        passed = [mark for mark in self._marks if mark <= products]
        if passed:
            self._marks = self._marks[len(passed) :]
            self.samples.append(Sample(products, now.seconds, above_mb))


def curve_rows(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """One row per sample: products per second until then, and since the sample before."""
    rows = []
    before = Sample(0, 0.0, 0.0)
    for sample in samples:
        rows.append(
            {
                "products": sample.products,
                "seconds": round(sample.seconds, 1),
                "products_per_s": round(sample.products / sample.seconds, 1),
                "since_last_row_per_s": round(
                    (sample.products - before.products) / (sample.seconds - before.seconds), 1
                ),
                "above_mb": round(sample.above_mb, 1),
            }
        )
        before = sample
    return rows


# Kind of work to its group and its counter in the answer of `_stats`. A flush to disk happens in a refresh.
_COUNTERS: Final = {
    "index": ("indexing", "index_time_in_millis"),
    "refresh": ("refresh", "total_time_in_millis"),
    "flush": ("flush", "total_time_in_millis"),
    "merge": ("merges", "total_time_in_millis"),
    "merge, throttled": ("merges", "total_throttled_time_in_millis"),
}


def node_cpu_s(client: OpenSearch) -> float:
    """CPU seconds of all nodes' processes since their start."""
    answer = client.nodes.stats(metric="process")
    return float(sum(node["process"]["cpu"]["total_in_millis"] for node in answer["nodes"].values()) / 1000)


def engine_seconds(client: OpenSearch, index: str) -> dict[str, float]:
    """Seconds of the engine's threads at each kind of work on one index, summed over threads."""
    answer = client.indices.stats(index=index, metric="indexing,refresh,flush,merge")
    return read_engine_seconds(answer["_all"]["primaries"])


def read_engine_seconds(stats: Mapping[str, Any]) -> dict[str, float]:
    """The pure part: from ``_all.primaries`` of ``GET <index>/_stats``."""
    return {work: stats[group][counter] / 1000 for work, (group, counter) in _COUNTERS.items()}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Attributes:
    run: documents, time, memory and the client's stages.
    load_s: of its seconds, until the last document was acknowledged; the rest made it live.
    client_cpu_s, node_cpu_s: CPU seconds of the two processes.
    engine_s: seconds of the engine's threads at each kind of work, see ``scale_engine``.
    samples: of the marks that were asked for.
    """

    run: FileToAlias
    load_s: float
    client_cpu_s: float
    node_cpu_s: float
    engine_s: Mapping[str, float]
    samples: tuple[Sample, ...]

    @property
    def per_s(self) -> float:
        """Products per second from the opened file to the swapped alias."""
        return self.run.documents / self.run.seconds

    @property
    def peak_mb(self) -> float:
        """All of the client's resident memory at its most, the imported program included, MB."""
        return self.run.baseline_mb + self.run.above_mb

    def cores_used(self, cores: int) -> float:
        """Share of the machine that both processes kept busy: near 1, the CPU is what bounds the load."""
        return (self.client_cpu_s + self.node_cpu_s) / (self.run.seconds * cores)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Loaded:
        """From ``dataclasses.asdict``."""
        samples = tuple(Sample(**sample) for sample in content["samples"])
        return cls(**{**content, "run": FileToAlias(**content["run"]), "samples": samples})


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
                context=ResumeContext(ledger),
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
        [sys.executable, "-m", "benchmarks.scale.load", *arguments], stdout=subprocess.PIPE, check=False
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
