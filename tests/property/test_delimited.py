"""Whatever stands in a delimited file: no line of it is lost, and no other encoding changes a row."""

import csv
import io
import re
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.catalogue import ReadOptions
from aisle.catalogue.formats.delimited import Delimited
from aisle.catalogue.formats.text_lines import TextLines, text_blocks
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.tables import open_table
from aisle.errors import InputError
from tests.support.damage import FOLDER, damaged

HEADER = "id,title,price"
# What rows are made of, with every way to get quotes, delimiters and line ends wrong.
PIECES = st.sampled_from(
    [
        '"',
        '""',
        ",",
        ", ",
        ";",
        "\\",
        '\\"',
        " ",
        "\r",
        "\t",
        "|",
        "'",
        "ä",
        "x",
        "7.5",
        '",',
        ',"',
        "\0",
        "<b>",
    ]
)
LINES = st.lists(st.lists(PIECES, max_size=8).map("".join), min_size=1, max_size=25)


class Texts(Rejects):
    """Keeps the text of what was rejected."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def add(self, line: int, reason: str, row: object, identity: str = "") -> None:
        super().add(line, reason, b"", identity)
        assert isinstance(row, bytes)
        self.texts.append(row.decode(errors="surrogateescape"))


def _read(content: bytes) -> tuple[list[tuple[int, list[str]]], Texts]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        rejects = Texts()
        table = open_table(path, ReadOptions(format="csv"))
        return [(row.line, list(row.cells.values())) for row in table.rows(rejects)], rejects


@settings(max_examples=100, deadline=None)
@given(lines=LINES, line_end=st.sampled_from(["\n", "\r\n"]))
def test_every_line_is_in_one_row_or_one_dead_letter(lines: list[str], line_end: str) -> None:
    marked = [f"{piece}T{i}T{piece}" for i, piece in enumerate(lines)]
    good = [f"{i},Good,{i}" for i in range(100, 110)]
    rows, rejects = _read(line_end.join([HEADER, *good, *marked, *good]).encode())
    told = "\n".join(["\n".join(cells) for _, cells in rows] + rejects.texts)
    found = Counter(re.findall(r"T\d+T", told))
    assert found == Counter(f"T{i}T" for i in range(len(lines)))
    assert told.count("Good") == 2 * len(good)
    assert [line for line, _ in rows] == sorted({line for line, _ in rows})


# Nothing that looks like a row of its own.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12) | st.lists(
    st.sampled_from(['"', '""', '",', ',"', ", ", "; ", "\n", "\n\n", "red", " big", "'", "|"]), max_size=9
).map("".join)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    more=st.sampled_from([0, 0, 1, 3]),
)
def test_what_a_proper_writer_wrote_is_read_back(
    rows: list[list[str]], delimiter: str, line_end: str, encoding: str, quoting: Literal[0, 1], more: int
) -> None:
    """Also if each row has empty cells too many."""
    rows += [["Sofa", "wide and soft"]] * 40
    numbered = [[str(1000 + i), *cells, "9.5"] for i, cells in enumerate(rows)]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerow(["id", "title", "text", "price"])
    writer.writerows([*row, *[""] * more] for row in numbered)
    found, rejects = _read(written.getvalue().encode(encoding))
    assert not rejects.texts
    # Spaces before a cell that is not quoted are not part of it.
    quoted = quoting == csv.QUOTE_ALL
    assert [[cell if quoted else cell.lstrip(" ") for cell in cells] for _, cells in found] == [
        [cell if quoted else cell.lstrip(" ") for cell in cells] for cells in numbered
    ]


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=300), head=st.sampled_from([b"", b"id,title\n", b"\xff\xfe", b"id;t\n\xe4;"])
)
def test_any_bytes(content: bytes, head: bytes) -> None:
    try:
        rows, rejects = _read(head + content)
    except InputError as error:
        assert error.fix and "\n" not in str(error)
        return
    assert all(isinstance(cell, str) for _, cells in rows for cell in cells)
    assert len(rejects.texts) == rejects.count


EXPORTS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".csv", ".tsv"))


@settings(max_examples=150, deadline=None)
@given(export=st.sampled_from(EXPORTS), seed=st.integers(0, 2**32))
def test_a_damaged_export_loses_no_letter(export: Path, seed: int) -> None:
    content = damaged(export.read_bytes(), Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        rejects = Texts()
        try:
            table = Delimited().open(path, ReadOptions())
            cells = [cell for row in table.rows(rejects) for cell in row.cells.values()]
        except InputError as error:
            assert error.fix and "\n" not in str(error)
            return
        if table.layout is None:
            return
        lines = TextLines(text_blocks(path, table.encoding), table.layout.line_end)
        while lines.more():
            pass
    lines.drop(table.layout.begin)
    assert _letters(cells + rejects.texts) == _letters(lines.ahead)


def _letters(texts: list[str]) -> Counter[str]:
    return Counter(mark for text in texts for mark in text if mark.isalnum())
