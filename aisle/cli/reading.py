"""How a catalogue is read: the options of several commands, and what was read as what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aisle._index import AUTO, formats, language_codes
from aisle._printable import shortened

if TYPE_CHECKING:
    from aisle.catalogue.rejects import RejectedRow
    from aisle.catalogue.report import ReadingReport, RowCounts
    from aisle.types import Item

_READING = "Reading the catalogue"

FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        help=f"Data format: {', '.join(formats())}. auto detects it from name and content.",
        rich_help_panel=_READING,
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="Which column holds which field, as in --map 'id=Variant SKU'; repeat for several.",
        metavar="FIELD=COLUMN",
        rich_help_panel=_READING,
    ),
]
FacetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--facet",
        help="Column that becomes an attribute whatever it holds; repeat for several.",
        metavar="COLUMN",
        rich_help_panel=_READING,
    ),
]
NoFacetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--no-facet",
        help="Column that becomes no attribute; repeat for several.",
        metavar="COLUMN",
        rich_help_panel=_READING,
    ),
]
DecimalOption = Annotated[
    str,
    typer.Option(
        help="Decimal mark of prices: point or comma. Default: each column's own.",
        rich_help_panel=_READING,
    ),
]
EncodingOption = Annotated[
    str,
    typer.Option(
        help="Encoding of a text file, such as windows-1252. Default: detected.", rich_help_panel=_READING
    ),
]
LanguageOption = Annotated[
    str,
    typer.Option(
        help="Language of the texts, or several (de,fr), the main one first; none: words as they are written."
        f" {AUTO}: what the items say, else a guess from their texts. Codes: {', '.join(language_codes())}.",
        rich_help_panel=_READING,
    ),
]
VariantsOption = Annotated[
    str,
    typer.Option(
        help="separate: a document per variant; merged: one per product. Default: usual for the export.",
        rich_help_panel=_READING,
    ),
]
PrivateOption = Annotated[
    bool,
    typer.Option(
        "--allow-private",
        help="Fetch an address also from this machine or a private network.",
        rich_help_panel=_READING,
    ),
]
LocaleOption = Annotated[
    str, typer.Option(help="Read only rows of this locale (ESCI).", rich_help_panel=_READING)
]
LimitOption = Annotated[
    int | None, typer.Option(min=1, help="Stop after this many items.", rich_help_panel=_READING)
]


def print_reading(console: Console, report: ReadingReport) -> None:
    """What was read as what: a line per field, the facets, what is left out, and one whole item."""
    what = ", ".join(filter(None, (report.kind, report.format, report.details)))
    variants = f"; variants {report.variants}" if report.variants else ""
    _say(console, f"{report.source}: {what}{variants}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("field", no_wrap=True)
    table.add_column("read from", overflow="fold")
    table.add_column("filled", justify="right", no_wrap=True)
    table.add_column("example", overflow="ellipsis", no_wrap=True, ratio=1)
    for field in report.fields:
        read_from = ", ".join(shortened(column, 60) for column in field.columns)
        example = shortened(field.example, 60)
        table.add_row(field.field, Text(read_from), f"{field.coverage:.0%}", Text(example))
    if report.fields:
        console.print(table)
    if report.facets:
        _say(console, f"  facets: {', '.join(report.facets)}")
    for reason, columns in _by_reason(report.no_facets):
        _say(console, f"  left out: {', '.join(columns)} ({reason})")
    if report.example is not None:
        _say(console, "  one item, as it will be indexed:")
        for name, value in _filled(report.example):
            _say(console, f"    {name}: {value}", most=200)


def _by_reason(no_facets: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    for reason in dict.fromkeys(no_facets.values()):
        yield reason, [column for column, why in no_facets.items() if why == reason]


def _filled(item: Item) -> Iterator[tuple[str, str]]:
    for name, value in item.to_json().items():
        known = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        if known not in ("", None, [], {}):
            yield name, _text(known)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} = {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        inner = [" > ".join(part) if isinstance(part, list) else _text(part) for part in value]
        return ", ".join(inner)
    return str(value)


def rows_line(rows: RowCounts) -> str:
    """Where every row went, as a sum."""
    return (
        f"{rows.rows:,} rows in = {rows.items:,} items + {rows.merged:,} merged"
        f" + {rows.left_out.total():,} left out + {rows.rejected:,} dead letters"
    )


def print_rows(console: Console, rows: RowCounts) -> None:
    """Where every row went, and what could not be read of the items that are there."""
    _say(console, f"  {rows_line(rows)}")
    for reason, times in rows.left_out.most_common():
        _say(console, f"  left out: {times:,} x {reason}")
    for what, times in rows.lost.most_common():
        _say(console, f"  {without(what, times)}")


def without(what: str, times: int) -> str:
    """Items that lack a field, such as "12 items without a readable price (price cannot be read ...)"."""
    field = what.partition(" ")[0]
    readable = f"readable {field}" if field.endswith("s") else f"a readable {field}"
    return f"{times:,} {'item' if times == 1 else 'items'} without {readable} ({what})"


_REASONS = 10


def print_dead_letters(
    console: Console, reasons: Mapping[str, int], examples: Mapping[str, RejectedRow], file: Path | None
) -> None:
    """Why rows and documents are not in the index, with one of each, and where they all are."""
    commonest = sorted(reasons.items(), key=lambda found: -found[1])
    for reason, times in commonest[:_REASONS]:
        _say(console, f"  set aside: {times:,} x {reason}", most=300)
        if reason in examples:
            _say(console, f"    {examples[reason]}", most=300)
    if rest := commonest[_REASONS:]:
        _say(console, f"  set aside: {sum(times for _, times in rest):,} x for {len(rest):,} other reasons")
    if file is not None:
        _say(console, f"  they are in {file}")


def _say(console: Console, line: str, most: int = 1000) -> None:
    """Whatever a file holds never steers a terminal."""
    indent = line[: len(line) - len(line.lstrip())]
    console.print(indent + shortened(line, most), markup=False, highlight=False, soft_wrap=True)
