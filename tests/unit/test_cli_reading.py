"""What a run prints of the file that it reads, and of itself where nobody watches a bar."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from aisle.catalogue.rejects import Rejects
from aisle.catalogue.report import FieldReading, ReadingReport, RowCounts
from aisle.cli import index_reports
from aisle.cli.reading import print_dead_letters, print_reading, print_rows, without
from aisle.indexer.progress import Progress, ProgressCounter
from aisle.types import BusinessSignals, Item

STEERING = "\x1b[2J\x1b]0;owned\x07"
REPORT = ReadingReport(
    source=f"shop{STEERING}.csv",
    format="csv",
    details="Windows-1252, separated by ;",
    kind="Shopify product export",
    variants="separate",
    fields=(
        FieldReading("id", ("Variant SKU",), 1.0, "TM-030"),
        FieldReading("title", (f"Title{STEERING}",), 0.98, f"Mug{STEERING}" + "x" * 500),
    ),
    facets=("Size", f"[red]Colour[/red]{STEERING}"),
    no_facets={"Status": "one constant", "Tax": "one constant", "Body": "long texts"},
    looked_at=50,
    example=Item(
        "TM-030",
        f"Trail Mug{STEERING}",
        categories=(("Home", "Kitchen"), ("Sale",)),
        price=19.0,
        attributes={"Size": ("0.3 l", "0.5 l")},
        signals=BusinessSignals(stock=3),
    ),
)


def console() -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, width=120), out


def test_what_was_read_as_what_is_printed_and_steers_no_terminal() -> None:
    shown, out = console()
    print_reading(shown, REPORT)
    said = out.getvalue()
    assert "\x1b" not in said and "\x07" not in said
    assert "Shopify product export, csv, Windows-1252, separated by ;; variants separate" in said
    assert "Variant SKU" in said and "98%" in said and r"[red]Colour[/red]\x1b" in said
    assert "left out: Status, Tax (one constant)" in said and "left out: Body (long texts)" in said
    for line in ("id: TM-030", "categories: Home > Kitchen, Sale", "price: 19.0"):
        assert f"    {line}\n" in said
    assert "attributes: Size = 0.3 l, 0.5 l" in said and "signals: stock = 3" in said
    assert "brand" not in said, "what an item lacks is not printed"


def test_where_every_row_went_is_a_sum() -> None:
    rows = RowCounts(rows=400, items=352, merged=41, rejected=2)
    rows.left_out["draft"] = 5
    rows.lost["price cannot be read in column 'Price'"] = 12
    shown, out = console()
    print_rows(shown, rows)
    assert "400 rows in = 352 items + 41 merged + 5 left out + 2 dead letters" in out.getvalue()
    assert "left out: 5 x draft" in out.getvalue()
    assert "12 items without a readable price (price cannot be read in column 'Price')" in out.getvalue()
    assert without("images are no addresses", 1) == "1 item without readable images (images are no addresses)"


def test_many_reasons_are_printed_by_the_commonest() -> None:
    rejects = Rejects()
    for reason in range(300):
        for line in range(1 + (reason == 7)):
            rejects.add(line + 2, f"reason {reason}{STEERING}", {"id": STEERING})
    shown, out = console()
    print_dead_letters(shown, rejects.reasons, rejects.examples, Path("dead.jsonl"))
    said = out.getvalue()
    assert "\x1b" not in said and len(said.splitlines()) < 25
    assert said.startswith("  set aside: 200 x another reason")
    assert "set aside: 2 x reason 7" in said and "other reasons" in said and "they are in dead.jsonl" in said


def test_a_run_without_a_terminal_says_now_and_then_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(index_reports, "_LINE_EVERY_S", 0.0)
    rows = RowCounts(rows=5, items=4, rejected=1)
    now: Progress = replace(ProgressCounter().progress(), accepted=1234, seconds=2.0, rejected=1, rows=rows)
    with index_reports.index_progress(None) as progress:
        progress(now)
    assert capfd.readouterr().err == "2 s: 1,234 documents, 617/s, 1 set aside\n"
    with pytest.raises(KeyboardInterrupt), index_reports.index_progress(None) as progress:
        progress(now)
        raise KeyboardInterrupt
    assert "note: 5 rows in = 4 items + 0 merged + 0 left out + 1 dead letters" in capfd.readouterr().err
