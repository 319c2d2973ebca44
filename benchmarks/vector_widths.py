"""Vectors of equal bytes: what types and widths find, by exact search on homedepot's judgments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from aisle.catalogue.judged import beir_task
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.errors import ArtifactNotFound
from aisle.evaluation.encoders.exact import mean_overlap
from aisle.evaluation.encoders.quality import Encoded, Rankings, encode
from aisle.evaluation.encoders.vector_table import KeptSearch
from aisle.mappings.vector_types import LAYOUTS, VectorType
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.pages import block, goals_table, number, table
from benchmarks.harness.parts import ENCODER, dataset, load_encoder
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal, result_of_this_run

BENCHMARK: Final = "vector-widths"
MODULE: Final = "benchmarks.vector_widths"
HOMEDEPOT: Final = "homedepot"
TRAINED: Final = HOMEDEPOT
"""Name that ``benchmarks.encoder`` gives the artifact which it trains."""

WIDTHS: Final = (384, 256, 128, 64)
# Those on disk are scored by their full numbers.
TYPES: Final = (VectorType.FP32, VectorType.FP16, VectorType.BYTE)
# The engine that keeps all three.
ENGINE: Final = "faiss"
METRICS: Final = ("nDCG@10", "R@200")
DEPTHS: Final = (10, 100)

EQUAL_BYTES: Final = 256
WIDE: Final = (VectorType.BYTE, 256)
NARROW: Final = (VectorType.FP32, 64)
_GOAL: Final = 0.83
_MORE: Final = 0.05


def vector_widths(
    encoder: Annotated[
        list[str] | None,
        typer.Option(help=f"Artifact; repeat for several. Default: {ENCODER}, and {TRAINED} if it is there."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Judge one catalogue's vectors at each type and width, by exact search.

    Examples:

        python -m benchmarks.vector_widths

        python -m benchmarks.vector_widths --encoder my-encoder --out /tmp/trial
    """
    folder = results_folder(out, trial=encoder is not None)
    task = beir_task(dataset(HOMEDEPOT))
    rows: list[dict[str, Any]] = []
    models = _models(encoder)
    for model in models:
        name = model.manifest.name
        say(f"{name}: encoding {len(task.ids):,} items")
        rows += width_rows(name, model.manifest.widths or (model.dims,), encode(model, task))
    result = result_of_this_run(
        BENCHMARK, MODULE, rows=rows, attempts=_attempts(models), goals=width_goals(rows)
    )
    finish(result, folder)


def _models(names: Sequence[str] | None) -> list[DenseEncoder]:
    store = ArtifactStore.default()
    if names:
        return [DenseEncoder.load(name, store=store) for name in names]
    try:
        return [load_encoder(), DenseEncoder.load(TRAINED, store=store)]
    except ArtifactNotFound:
        say(f"{TRAINED} is not in the store: `make bench-encoder` trains it")
        return [load_encoder()]


def _attempts(models: Sequence[DenseEncoder]) -> list[dict[str, Any]]:
    measured = {model.manifest.name for model in models}
    return [
        {"tried": f"encoder {name}", "measured": name in measured}
        for name in (ENCODER, TRAINED, *sorted(measured - {ENCODER, TRAINED}))
    ]


def width_rows(name: str, trained: Sequence[int], encoded: Encoded) -> Iterator[dict[str, Any]]:
    """One row for each type and width.

    Args:
        name: of the encoder.
        trained: widths that it was trained for.
        encoded: a task's vectors, at full width.
    """
    full = encoded.items.shape[1]
    exact = _rankings(encoded, VectorType.FP32, full)
    for dims in (width for width in WIDTHS if width <= full):
        for kept_as in TYPES:
            found = _rankings(encoded, kept_as, dims)
            means = encoded.score(found, kept_as.value).means()
            yield {
                "encoder": name,
                "kept_as": kept_as.value,
                "dims": dims,
                "trained": dims in trained,
                "bytes": LAYOUTS[kept_as][ENGINE].bits * dims // 8,
                **{metric: round(means[metric], 4) for metric in METRICS},
                **{f"recall@{depth}": round(mean_overlap(found, exact, depth), 4) for depth in DEPTHS},
            }


def _rankings(encoded: Encoded, kept_as: VectorType, dims: int) -> Rankings:
    return encoded.rankings(KeptSearch(kept_as), dims)


def width_goals(rows: Sequence[Mapping[str, Any]]) -> list[Goal]:
    """At 256 bytes: what wide bytes find more than narrow floats, and of the trained encoder how much."""
    deep = {(row["encoder"], VectorType(row["kept_as"]), row["dims"]): row["R@200"] for row in rows}
    goals = []
    for name in dict.fromkeys(row["encoder"] for row in rows):
        if (name, *WIDE) not in deep:
            continue
        more = round(deep[name, *WIDE] - deep[name, *NARROW], 4)
        what = f"{name}, {EQUAL_BYTES} bytes: R@200 of 256 dimensions in bytes"
        goals.append(Goal(f"{what} above that of 64 in fp32", more, _MORE, HIGHER))
        if name == TRAINED:
            goals.append(Goal(what, deep[name, *WIDE], _GOAL, HIGHER))
    return goals


def widths_table(result: BenchmarkResult) -> str:
    """The result as Markdown."""
    head = ["encoder", "kept as", "dimensions", "bytes", *METRICS, *(f"recall@{depth}" for depth in DEPTHS)]
    rows = [
        [
            row["encoder"],
            row["kept_as"],
            str(row["dims"]) if row["trained"] else f"{row['dims']}, cut",
            number(row["bytes"]),
            *(f"{row[column]:.4f}" for column in head[4:]),
        ]
        for row in result.rows
    ]
    return block(result, table(head, rows, texts=2), goals_table(result.goals))


if __name__ == "__main__":
    run_command(vector_widths)
