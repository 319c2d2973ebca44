"""Excel's workbooks as people keep them: titles above the header, several sheets, numbers that are none."""

import datetime
import gzip
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from aisle.catalogue import read_catalogue
from aisle.errors import InputError
from tests.support.tables import read_table

HEADER: list[Any] = ["id", "title", "price"]
ROWS: list[list[Any]] = [["1", "Lamp", 9.5], ["2", "Sofa", 99]]
CELLS = [{"id": "1", "title": "Lamp", "price": 9.5}, {"id": "2", "title": "Sofa", "price": 99}]


def _write(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("above", "begin"),
    [
        ([], 1),
        ([[], []], 3),
        ([["Our products"], []], 3),
        ([["Our products", None, None], ["Date", "2024-01-01"], [None, None]], 4),
    ],
)
def test_the_header_is_found(tmp_path: Path, above: list[list[Any]], begin: int) -> None:
    wide: list[list[Any]] = [[*HEADER, "brand", "colour"], *([*row, "Norvik", "red"] for row in ROWS)]
    found = read_table(_write(tmp_path / "a.xlsx", Products=[*above, *wide]))
    assert found.format == "xlsx"
    assert found.cells == [{**cells, "brand": "Norvik", "colour": "red"} for cells in CELLS]
    assert [line for line, _ in found.rows] == [begin + 1, begin + 2]
    assert found.details == "sheet Products" + (f", header in row {begin}" if begin > 1 else "")


def test_blank_columns_and_rows_and_cells_without_a_name(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [None, *HEADER],
        [None, "1", "Lamp", 9.5],
        [],
        ["x", "2", "Sofa", 99],
        [None] * 4,
        [None, "3"],
    ]
    found = read_table(_write(tmp_path / "a.xlsx", A=rows))
    assert found.cells == [CELLS[0], {"column 1": "x", **CELLS[1]}, {"id": "3", "title": None, "price": None}]
    assert [line for line, _ in found.rows] == [2, 4, 6]


def test_cells_beyond_the_header_are_dead_letters(tmp_path: Path) -> None:
    found = read_table(
        _write(tmp_path / "a.xlsx", A=[HEADER, ROWS[0], ["2", "Sofa", 3, "", "more"], ROWS[1]])
    )
    assert (found.cells, found.reasons) == (CELLS, [(3, "rows have 5 cells, the header 3")])


def test_the_first_sheet_with_rows(tmp_path: Path) -> None:
    sheets: dict[str, list[list[Any]]] = {
        "Notes": [["How to fill this in"], ["Read me"]],
        "Empty": [],
        "Only a header": [HEADER],
        "Products": [HEADER, *ROWS],
        "More": [HEADER, *ROWS],
    }
    found = read_table(_write(tmp_path / "a.xlsx", **sheets))
    assert found.cells == CELLS
    assert found.details == "sheet Products; not read: Notes, Empty, Only a header, More"


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    hidden = book.worksheets[0]
    hidden.append(["list", "of", "values"])
    hidden.append(["a", "b", "c"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("Shown")
    for row in (HEADER, *ROWS):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert read_table(tmp_path / "a.xlsx").details == "sheet Shown"


def test_values(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["id", "title", "whole", "part", "yes", "day", "moment", "fault", "escaped", "code", "sum"])
    sheet.append(
        [
            5901234123457,
            " Lamp ",
            3.0,
            0.1,
            True,
            datetime.date(2024, 1, 31),
            datetime.datetime(2024, 1, 31, 12, 30),
            "#N/A",
            "a_x000D_b",
            7,
            "=1+1",
        ]
    )
    sheet["J2"].number_format = "00000"
    book.save(tmp_path / "a.xlsx")
    (cells,) = read_table(tmp_path / "a.xlsx").cells
    assert cells == {
        "id": 5901234123457,
        "title": " Lamp ",
        "whole": 3,
        "part": 0.1,
        "yes": True,
        "day": "2024-01-31",
        "moment": "2024-01-31T12:30:00",
        "fault": None,
        "escaped": "a\rb",
        "code": "00007",
        # Nothing has worked the formula out.
        "sum": None,
    }
    assert type(cells["whole"]) is int and cells["yes"] is True


def test_a_workbook_becomes_items_also_from_archives(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.xlsx", A=[HEADER, *ROWS])
    assert [(item.id, item.price) for item in read_catalogue(path)] == [("1", 9.5), ("2", 99)]
    (tmp_path / "b.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read_table(tmp_path / "b.gz").cells == CELLS
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.write(path, "a.xlsx")
    assert read_table(tmp_path / "b.zip").cells == CELLS


def _changed(path: Path, part: str, change: Any) -> Path:
    """The same workbook with one part of it changed."""
    made = BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    path.write_bytes(made.getvalue())
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.xlsx", A=[HEADER, *ROWS])
    _changed(path, SHEET, lambda text: text.replace(b'ref="A1:C3"', b'ref="A1:A1"'))
    assert read_table(path).cells == CELLS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace(b'r="3"', b'r="99999999999"').replace(b'r="A3"', b'r="A99999999999"'),
            "more rows than a sheet",
        ),
        (lambda text: text[:-60], "not a whole Excel file"),
        (lambda text: b'<!DOCTYPE x [<!ENTITY a "b">]>' + text, "not a whole Excel file"),
        (lambda text: b"", "not a whole Excel file"),
    ],
)
def test_damaged_workbooks(tmp_path: Path, change: Any, message: str) -> None:
    path = _changed(_write(tmp_path / "a.xlsx", A=[HEADER, *ROWS]), SHEET, change)
    with pytest.raises(InputError, match=message) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)


def test_no_header_and_no_rows(tmp_path: Path) -> None:
    for rows in ([], [["only"], ["one"]], [HEADER]):
        with pytest.raises(InputError, match=r"no sheet of .* has a header and rows .sheets: A."):
            read_table(_write(tmp_path / "a.xlsx", A=rows))


def test_a_workbook_that_would_fill_memory(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.xlsx", A=[HEADER, *ROWS])
    _changed(path, "xl/styles.xml", lambda text: text + b" " * 70_000_000)
    with pytest.raises(InputError, match=r"would fill memory: its xl/styles\.xml"):
        read_table(path)
