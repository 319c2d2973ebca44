"""``aisle update``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

import aisle
from aisle._index import parse_map
from aisle.cli.console import EXIT_FAILED, EncoderOption, JsonOption, notice, print_json, progress_console
from aisle.cli.reading import (
    DecimalOption,
    EncodingOption,
    FormatOption,
    MapOption,
    PrivateOption,
    VariantsOption,
    print_dead_letters,
)

if TYPE_CHECKING:
    from aisle.indexer.updates import UpdateReport


@contextmanager
def update_progress() -> Iterator[Callable[[UpdateReport], None]]:
    """One line: how far it went, lines a second, what was set aside.

    After an error it says up to which line the changes are in the index: who sends a stream has to know.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    latest: list[UpdateReport] = []
    try:
        with Bars(*columns, console=progress_console(), transient=True) as bars:
            line = bars.add_task("waiting for changes")

            def show(now: UpdateReport) -> None:
                latest[:] = [now]
                rate = now.lines / now.seconds if now.seconds else 0.0
                parts = [f"line {now.line:,}", f"{rate:,.0f}/s", f"{now.encoded:,} encoded"]
                if now.dead:
                    parts.append(f"{now.dead:,} set aside")
                bars.update(line, description=", ".join(parts))

            yield show
    except BaseException:
        for report in filter(lambda now: now.applied, latest):
            notice(f"{report.line:,} lines are applied, the rest is not")
        raise


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` at the first signal, raise KeyboardInterrupt at the next. Only in the main thread."""

    def on_signal(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        notice("stopping: what was read is being applied; once more stops at once")

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def update(
    name: Annotated[str, typer.Argument(help="Name of the catalogue.")],
    changes: Annotated[
        str,
        typer.Argument(
            help="JSON lines of changes, plain or gzipped; - reads standard input. Or any other file that"
            " `aisle index` reads."
        ),
    ],
    columns: MapOption = None,
    form: FormatOption = "auto",
    decimal: DecimalOption = "",
    encoding: EncodingOption = "",
    variants: VariantsOption = "",
    allow_private: PrivateOption = False,
    encoder: EncoderOption = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="File that records progress. Default: under AISLE_HOME for a file, none for a stream."
        ),
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Apply the whole file again.")] = False,
    skip_consumed: Annotated[
        bool, typer.Option("--skip-consumed", help="Skip what the checkpoint counts: the stream starts over.")
    ] = False,
    batch: Annotated[int, typer.Option(min=1, help="Most lines per batch.")] = 1000,
    flush_seconds: Annotated[
        float, typer.Option(min=0.001, help="Longest time that a line waits for its batch to fill.")
    ] = 1.0,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Make each batch searchable immediately.")
    ] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for another run on this catalogue.")
    ] = 10,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for a node that does not respond.")
    ] = 120,
    dead_letters: Annotated[
        Path | None,
        typer.Option(help="File that bad lines are added to. Default: ./NAME-update-dead-letters.jsonl."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Change single items of the live release: insert or replace, update fields, delete.

    Each line is {"op":"update","id":"42","price":9.99}: op is upsert (the whole item; the default), update
    (these fields) or delete, then come the id and fields of the item. A file of another format is read as
    `aisle index` reads it: each item is an upsert, or each row what its column op says; --format jsonl reads
    JSON lines so too. Items are encoded again only if their text changes. Bad lines go to the dead letters
    file with the reason. Ctrl-C stops reading and applies what was read.

    Examples:

        aisle update shop changes.jsonl

        aisle update shop prices.csv --map "id=Variant SKU"

        echo '{"op": "update", "id": "42", "price": 9.99}' | aisle update shop - --refresh

        kafka-console-consumer ... | aisle update shop - --checkpoint shop.json --wait 86400
    """
    stop = threading.Event()
    with update_progress() as progress, stop_on_signals(stop):
        report = aisle.update(
            name,
            changes,
            columns=parse_map(*(columns or ())),
            format=form,
            decimal=decimal,
            encoding=encoding,
            variants=variants,
            allow_private=allow_private,
            encoder=encoder,
            checkpoint=checkpoint,
            from_start=from_start,
            skip_consumed=skip_consumed,
            batch=batch,
            flush_s=flush_seconds,
            refresh=refresh,
            wait_s=wait,
            patience_s=patience,
            dead_letters=dead_letters,
            stop=stop,
            progress=progress,
        )
    if as_json:
        print_json(report.to_json())
    else:
        _print(Console(), report)
    if report.dead and not report.applied:
        raise typer.Exit(EXIT_FAILED)


def _print(console: Console, report: UpdateReport) -> None:
    console.print(
        f"{report.release}: {report.lines:,} lines, {report.indexed:,} documents written"
        f" ({report.encoded:,} with new vectors), {report.deleted:,} deleted, in {report.seconds:,.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    if report.superseded:
        console.print(f"  {report.superseded:,} had a newer version already", highlight=False)
    print_dead_letters(console, report.reasons, report.examples, report.dead_letters_file)
    if report.unfinished:
        console.print(
            f"  line {report.unfinished:,} is not finished; the next run takes it up", highlight=False
        )
