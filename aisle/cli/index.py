"""``aisle index``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

import aisle
from aisle._index import USUAL_ENCODER, parse_map
from aisle.cli.console import (
    EXIT_FAILED,
    CatalogueOption,
    JsonOption,
    print_json,
    printable,
    progress_console,
)
from aisle.cli.options import (
    GateDropOption,
    GateFloorOption,
    GateMetricOption,
    GateOption,
    IndexSparseOption,
    SynonymsOption,
    check_gate,
)

if TYPE_CHECKING:
    from aisle._preview import DryRun
    from aisle.indexer import IndexReport, Progress
    from aisle.indexer.replay import ReplayReport


@contextmanager
def index_progress() -> Iterator[Callable[[Progress], None]]:
    """One line: documents, documents a second, dead letters, repeated requests."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bars(*columns, console=progress_console(), transient=True) as bars:
        line = bars.add_task("starting")

        def show(now: Progress) -> None:
            rate = (now.accepted - now.resumed) / now.seconds if now.seconds else 0.0
            parts = [f"{now.accepted:,} documents", f"{rate:,.0f}/s"]
            if aside := now.rejected + now.refused:
                parts.append(f"{aside:,} set aside")
            if now.retries:
                parts.append(f"{now.retries:,} requests repeated")
            bars.update(line, description=", ".join(parts))

        yield show


def print_indexed(console: Console, report: IndexReport) -> None:
    """Of a run."""
    console.print(
        f"{report.name} is now {report.release}: {report.documents:,} documents in {report.seconds:,.1f} s"
        f" ({report.docs_per_s:,.0f} a second)",
        highlight=False,
    )
    if report.resumed:
        console.print(f"  {report.resumed:,} of them were there before it was resumed", highlight=False)
    _print_letters(console, report.dead_letters, report.dead_letters_file)


def print_dry_run(console: Console, would: DryRun) -> None:
    """Of a run that only looked."""
    instead = f" in place of {would.replaces}" if would.replaces else ""
    pruned = f"; {', '.join(would.prunes)} would be deleted" if would.prunes else ""
    vectors = ", ".join(would.encoder.values()) or "words alone"
    console.print(
        f"{would.name} would be {would.release}{instead}: {would.documents:,} documents"
        f" ({vectors}; k-NN engine {would.engine}){pruned}",
        highlight=False,
        markup=False,
    )
    _print_letters(console, would.dead_letters, would.dead_letters_file)


def print_replayed(console: Console, report: ReplayReport) -> None:
    """Of dead letters that were sent again."""
    console.print(f"{report.documents:,} dead letters are in {report.release} now", highlight=False)
    _print_letters(console, report.dead_letters, report.dead_letters_file)


def _print_letters(console: Console, reasons: Mapping[str, int], file: Path | None) -> None:
    for reason, times in sorted(reasons.items(), key=lambda found: -found[1]):
        console.print(f"  set aside: {times:,} x {printable(reason)}", markup=False, highlight=False)
    if file is not None:
        console.print(f"  they are in {file}", markup=False, highlight=False)


WORDS_ONLY = "none"


def index(
    name: CatalogueOption,
    data: Annotated[
        str | None,
        typer.Argument(help="JSON lines, CSV or Parquet, a BEIR or ESCI folder, or hub:OWNER/NAME."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help=f"Encoder artifact (path, name or fingerprint), or {WORDS_ONLY} to index words only."
            f" Default: {USUAL_ENCODER}, with --replay the release's own."
        ),
    ] = None,
    dims: Annotated[
        int | None,
        typer.Option(
            min=1, help="Vector width. Default: 64 if the model was trained for it, else its full width."
        ),
    ] = None,
    sparse: IndexSparseOption = None,
    form: Annotated[
        str, typer.Option("--format", help="Data format; auto detects it from name and content.")
    ] = "auto",
    columns: Annotated[
        str, typer.Option("--map", help="Which column holds which field: title=name,id=sku.")
    ] = "",
    locale: Annotated[str, typer.Option(help="Index only rows of this locale (ESCI).")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many items.")] = None,
    shards: Annotated[int, typer.Option(min=1, help="Primary shards of the release.")] = 1,
    replicas: Annotated[int, typer.Option(min=0, help="Copies of each shard.")] = 0,
    force_merge: Annotated[
        bool,
        typer.Option(
            "--force-merge",
            help="Merge to one segment per shard before going live: slower to build, faster to search.",
        ),
    ] = False,
    keep: Annotated[int, typer.Option(min=0, help="Older releases to keep for rollback.")] = 1,
    max_refused: Annotated[
        float, typer.Option(min=0, max=1, help="Fail if OpenSearch refuses more than this share.")
    ] = 0.01,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for a node that does not respond.")
    ] = 120,
    synonyms: SynonymsOption = None,
    gate: GateOption = None,
    gate_metric: GateMetricOption = None,
    gate_floor: GateFloorOption = None,
    gate_drop: GateDropOption = None,
    ray: Annotated[
        str | None, typer.Option(help="Encode and write on Ray: local, auto or HOST:PORT.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Ray processes that encode and write.")] = 2,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted run of this name.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything; write nothing to OpenSearch.")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option(help="Send a dead letters file to the live release instead of indexing DATA."),
    ] = None,
    dead_letters: Annotated[
        Path | None,
        typer.Option(
            help="File for rows that are not indexed. Default, in this folder: NAME-dead-letters.jsonl."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Index a catalogue into a new release and make it live in one step.

    Rows that cannot be indexed go to the dead letters file with the reason. After an error or Ctrl-C the
    live release is unchanged; --resume continues where the run stopped.

    Examples:

        aisle index products.csv --name shop

        aisle index products.csv --name shop --map title=name,id=sku --dry-run

        aisle index products.parquet --name shop --encoder none --json

        aisle index products.csv --name shop --sparse my-sparse

        aisle index products.csv --name shop --gate judged --gate-drop 0.02

        aisle index products.csv --name shop --synonyms synonyms.txt

        aisle index products.csv --name shop --resume

        aisle index --replay shop-dead-letters.jsonl --name shop
    """
    if (data is None) == (replay is None) or (replay and (resume or dry_run)) or (resume and dry_run):
        raise typer.BadParameter(
            "name either DATA or --replay FILE; --resume and --dry-run go with DATA, one at a time"
        )
    check_gate(gate, gate_metric, gate_floor, gate_drop)
    if gate and replay:
        raise typer.BadParameter("--gate goes with DATA: --replay writes to the live release")
    if sparse and ray:
        raise typer.BadParameter("--sparse does not go with --ray yet: leave one of them out")
    if synonyms and replay:
        raise typer.BadParameter("--synonyms goes with DATA: they are part of a new release")
    console, mapped = Console(), parse_map(columns)
    if replay is not None:
        replayed = aisle.replay(
            name,
            replay,
            columns=mapped,
            format=form,
            locale=locale,
            limit=limit,
            encoder=encoder,
            sparse=sparse,
            patience_s=patience,
            dead_letters=dead_letters,
        )
        print_json(replayed.to_json()) if as_json else print_replayed(console, replayed)
        if replayed.dead and not replayed.documents:
            raise typer.Exit(EXIT_FAILED)
        return
    model = None if encoder == WORDS_ONLY else encoder or USUAL_ENCODER
    if dry_run:
        would = aisle.preview(
            str(data),
            name,
            columns=mapped,
            format=form,
            locale=locale,
            limit=limit,
            encoder=model,
            dims=dims,
            sparse=sparse,
            synonyms=synonyms,
            shards=shards,
            replicas=replicas,
            keep=keep,
            patience_s=patience,
            gate=gate,
            gate_metric=gate_metric,
            gate_floor=gate_floor,
            gate_drop=gate_drop,
            dead_letters=dead_letters,
        )
        print_json(would.to_json()) if as_json else print_dry_run(console, would)
        return
    with index_progress() as progress:
        report = aisle.index(
            str(data),
            name,
            columns=mapped,
            format=form,
            locale=locale,
            limit=limit,
            encoder=model,
            dims=dims,
            sparse=sparse,
            synonyms=synonyms,
            shards=shards,
            replicas=replicas,
            force_merge=force_merge,
            keep=keep,
            max_refused=max_refused,
            patience_s=patience,
            gate=gate,
            gate_metric=gate_metric,
            gate_floor=gate_floor,
            gate_drop=gate_drop,
            ray=ray,
            workers=workers,
            resume=resume,
            dead_letters=dead_letters,
            progress=progress,
        )
    if as_json:
        print_json(report.to_json())
    else:
        print_indexed(console, report)
