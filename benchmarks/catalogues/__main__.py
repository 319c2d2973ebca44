"""Reading speed and memory of every format, on one made-up catalogue."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.catalogues.entities import decoding_attempts
from benchmarks.catalogues.files import CSV, JSON_ARRAY, WRITERS, XML, file_name, products
from benchmarks.catalogues.reading import DICT_READER, ITEMS, ROWS, Reading, measure_apart
from benchmarks.catalogues.table import Key, catalogue_attempts, catalogue_goals, catalogue_rows
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.result_file import result_of_this_run

BENCHMARK: Final = "catalogues"
PRODUCTS: Final = 100_000
SMALL: Final = 10_000
LARGE: Final = 1_000_000
ROUNDS: Final = 3
STREAMED: Final = (XML, JSON_ARRAY)


def catalogues(
    rows: Annotated[
        int, typer.Option("--products", min=100, help="In each file. Others need --out.")
    ] = PRODUCTS,
    large: Annotated[int, typer.Option(min=1_000, help="In the largest files. Others need --out.")] = LARGE,
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds of all readings; fewer than 3 needs --out.")
    ] = ROUNDS,
    encoder: Annotated[
        str | None,
        typer.Option(help="Artifact: also measure what decoding entities is worth on homedepot's titles."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Write one catalogue in every format, and read each file as rows and as items in processes of their own.

    Examples:

        python -m benchmarks.catalogues

        python -m benchmarks.catalogues --encoder all-MiniLM-L6-v2

        python -m benchmarks.catalogues --products 1000 --large 5000 --rounds 1 --out /tmp/trial
    """
    folder = results_folder(out, trial=(rows, large) != (PRODUCTS, LARGE) or rounds < ROUNDS)
    with tempfile.TemporaryDirectory(prefix="aisle-catalogues-") as work:
        files = {kind: _written(Path(work), kind, rows) for kind in WRITERS}
        measured = [_round(files, number) for number in range(rounds)]
        sizes = {
            (kind, way): readings
            for kind in STREAMED
            for way, readings in _grown(Path(work), kind, (min(SMALL, large // 10), large)).items()
        }
    result = result_of_this_run(
        BENCHMARK,
        "benchmarks.catalogues",
        rows=catalogue_rows(measured, sizes),
        attempts=[*catalogue_attempts(measured), *(decoding_attempts(encoder) if encoder else ())],
        goals=catalogue_goals(measured, sizes),
    )
    finish(result, folder)


def _written(folder: Path, kind: str, count: int) -> Path:
    path = folder / file_name(kind, count)
    WRITERS[kind](path, products(count))
    say(f"{kind}: {count:,} products, {path.stat().st_size / 1e6:,.0f} MB")
    return path


def _round(files: Mapping[str, Path], number: int) -> dict[Key, Reading]:
    """Every reading once, those to be compared one after the other."""
    found = {(CSV, DICT_READER): measure_apart(DICT_READER, files[CSV])}
    for kind, path in files.items():
        for way in (ROWS, ITEMS):
            found[kind, way] = measure_apart(way, path)
    for (kind, way), reading in found.items():
        say(
            f"  round {number + 1}, {kind} as {way}: {reading.per_s:,.0f} a second, {reading.above_mb:.0f} MB"
        )
    return found


def _grown(folder: Path, kind: str, counts: tuple[int, ...]) -> dict[str, dict[int, Reading]]:
    """Files of several sizes, one at a time on the disk."""
    found: dict[str, dict[int, Reading]] = {ROWS: {}, ITEMS: {}}
    for count in counts:
        path = _written(folder, kind, count)
        for way, readings in found.items():
            readings[count] = measure_apart(way, path)
            say(f"  {kind} as {way}, {count:,}: {readings[count].above_mb:.0f} MB")
        path.unlink()
    return found


if __name__ == "__main__":
    run_command(catalogues)
