"""Runs every benchmark once at a tiny size, to see that it still runs; its figures mean nothing.

    make bench-smoke

The data are the beginning of what AISLE_DATA holds; results, models and indexes go into a temporary folder.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from aisle import _environment as paths
from aisle.errors import AisleError
from benchmarks.catalogue.products import SOURCES
from benchmarks.harness.command_line import run_command, say
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.harness.result_file import ROOT

STORED: Final = ROOT / "tests" / "data" / "stored_by_8376a69" / "home" / "artifacts"
"""Three tiny models."""
QUERIES: Final = {"train": 60, "dev": 40}
PRODUCTS: Final = 400
ROWS: Final = 300

RUNS: Final[Mapping[str, tuple[str, ...]]] = {
    "quality": (),
    "indexing": ("--rounds", "1"),
    "search_latency": ("--queries", "10"),
    "search_quality": (
        *("--encoder", ENCODER, "--sparse", "tiny-sparse", "--reranker", "tiny-reranker"),
        *("--queries", "30", "--rerank-queries", "10"),
    ),
    "learned_ranking": ("--no-away",),
    "encoder": ("--domains", "homedepot"),
    "semantic_ids": ("--only", "beauty"),
    "item_to_item": ("--only", "additions"),
    "adaptation": ("--only", "tables"),
    "releases": (
        *("--products", "200", "--queries", "15", "--unchanged", "1", "--rollbacks", "1"),
        *("--only", "unchanged"),
    ),
    "service": ("--limit", "300", "--seconds", "1", "--minutes", "0.3"),
    "catalogue": ("--products", "10000", "--queries", "10", "--encoder", ENCODER),
    "catalogues": ("--products", "300", "--large", "2000", "--rounds", "1"),
    "copies": ("--limit", "300"),
    "scale": ("--limit", "400", "--rounds", "1", "--idle", "1"),
    "faults": ("--kills", "1", "--node-kills", "0", "--storms", "0", "--rows", "1000"),
    "plan_check": ("--products", "1000"),
    "vector_sizes": ("--products", "1000"),
    "vector_widths": ("--encoder", ENCODER),
    "vectors": ("--limit", "300"),
}


class SmokeFailed(AisleError):
    """A benchmark did not run."""


def smoke(
    only: Annotated[str | None, typer.Option(help="Some of them, as in quality,encoder.")] = None,
) -> None:
    """Run every benchmark at a tiny size, and fail if one fails.

    Examples:

        python -m benchmarks.smoke

        python -m benchmarks.smoke --only quality,encoder
    """
    names = [name.strip() for name in only.split(",")] if only else list(RUNS)
    failed = []
    with tempfile.TemporaryDirectory(prefix="aisle-bench-smoke-") as folder:
        work = Path(folder)
        work.chmod(0o755)  # the node runs as another user
        small_data(work / "data")
        shutil.copytree(STORED, work / "home" / "artifacts")
        # Java, the node's distribution and packaged weights are the user's own.
        env = {"AISLE_DATA": str(work / "data"), "AISLE_HOME": str(work / "home")}
        env["AISLE_CACHE"] = os.environ.get("AISLE_CACHE", str(paths.cache()))
        export = ["-c", "from benchmarks.harness.parts import load_encoder; load_encoder()"]
        for name in ("export", *names):
            started = time.perf_counter()
            benchmark = ["-m", f"benchmarks.{name}", *RUNS.get(name, ()), "--out", str(work / "out")]
            command = [sys.executable, *(export if name == "export" else benchmark)]
            done = subprocess.run(
                command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False
            )
            took = time.perf_counter() - started
            say(f"{name}: {'ran' if done.returncode == 0 else 'FAILED'}, {took:.0f} s")
            if done.returncode:
                failed.append(name)
                say("\n".join(f"    {line}" for line in done.stderr.splitlines()[-12:]))
    if failed:
        raise SmokeFailed(f"{', '.join(failed)} did not run", fix="see what they said above")


def small_data(folder: Path) -> None:
    """The beginning of each data set, in its own layout."""
    for name in ("homedepot", "icecat"):
        small_judged(dataset(name), folder / name)
    others = {Path(source.folder) / source.file for source in SOURCES if source.file}
    others |= {Path("reviews", "amazon2023", f"{part}.jsonl.gz") for part in ("dev", "train", "items")}
    others.add(Path("online_retail", "online_retail.csv.gz"))
    sequences = ("items.tsv.gz", "user_sequence.txt.gz")
    others |= {Path(name, file) for name in ("beauty", "scientific") for file in sequences}
    for path in others:
        (folder / path.parent).mkdir(parents=True, exist_ok=True)
        write_lines(folder / path, read_lines(dataset(str(path.parent)) / path.name)[:ROWS])


def small_judged(source: Path, target: Path) -> None:
    """Some queries of each split, the products that they judge, and some more."""
    (target / "qrels").mkdir(parents=True)
    queries: set[str] = set()
    products: set[str] = set()
    for path in sorted((source / "qrels").glob("*.tsv")):
        head, *rows = read_lines(path)
        kept = list(dict.fromkeys(row.split("\t")[0] for row in rows))[: QUERIES.get(path.stem, 30)]
        rows = [row for row in rows if row.split("\t")[0] in set(kept)]
        queries.update(kept)
        products.update(row.split("\t")[1] for row in rows)
        write_lines(target / "qrels" / path.name, [head, *rows])
    asked = [line for line in read_lines(source / "queries.jsonl") if json.loads(line)["_id"] in queries]
    write_lines(target / "queries.jsonl", asked)
    corpus = next(source.glob("corpus.jsonl*"))
    lines = read_lines(corpus)
    judged = [line for line in lines if json.loads(line)["_id"] in products]
    others = [line for line in lines[:PRODUCTS] if json.loads(line)["_id"] not in products]
    write_lines(target / corpus.name, [*judged, *others])


def read_lines(path: Path) -> list[str]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return text.split("\n")[:-1]


def write_lines(path: Path, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


if __name__ == "__main__":
    run_command(smoke)
