"""Quepid's exports of ratings: CSV, which Search Relevance Workbench's page takes too, and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import read_json, whole_file
from aisle.errors import InputError
from aisle.evaluation.exchange.judgments import Changes, Collected, Judgments, by_text
from aisle.evaluation.qrels import text_lines

_HEADER: Final = ("query", "docid", "rating")
# What a spreadsheet takes for the beginning of a formula; Quepid writes a space before it.
_FORMULA: Final = ("-", "=", "+", "@")


@dataclass(frozen=True, slots=True)
class QuepidCsv:
    """``query,docid,rating``; a query without a judgment has two empty cells."""

    def recognises(self, path: Path) -> bool:
        """Whether it is a file with that header."""
        first = next((line for _, line in text_lines(path)), "")
        return _is_header(next(csv.reader([first]), []))

    def read(self, path: Path) -> Judgments:
        """All rows.

        Raises:
            InputError: no such file, or a bad row (named by its line).
        """
        found = Collected(path)
        for line, cells in _rows(path):
            if line == 1 and _is_header(cells):
                continue
            # Older versions leave a row of a query without a judgment short.
            text, item, grade, *more = [*cells, "", "", ""][: max(3, len(cells))]
            if more:
                raise found.bad(
                    f"line {line}", f"{len(cells)} columns instead of 3", "quote texts with commas"
                )
            text = found.query(text, f"line {line}")
            if item.strip() or grade.strip():
                found.judgment(text, item, grade.strip(), f"line {line}")
        return found.done()

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None:
        """Write queries by their texts."""
        grades = by_text(judgments, changes)
        lines = io.StringIO()
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(_HEADER)
        for query, items in grades.items():
            shown = f" {query}" if query.startswith(_FORMULA) else query
            if not items:
                rows.writerow((shown, "", ""))
            rows.writerows((shown, item, grade) for item, grade in items.items())
        with whole_file(path) as file:
            file.write(lines.getvalue().encode())


def _is_header(cells: list[str]) -> bool:
    return tuple(cell.strip().lower() for cell in cells) == _HEADER


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((f"{line}\n" for _, line in text_lines(path)), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path.name} line {reader.line_num}: {error}", fix="save it as CSV again") from None


@dataclass(frozen=True, slots=True)
class QuepidJson:
    """``{"queries": [{"query": text, "ratings": {item: grade}}]}``."""

    def recognises(self, path: Path) -> bool:
        """Whether it is a JSON document with queries that have ratings."""
        document = read_json(path) if path.suffix == ".json" else None
        return isinstance(document, dict) and isinstance(document.get("queries"), list)

    def read(self, path: Path) -> Judgments:
        """All queries.

        Raises:
            InputError: no such file, or not of that shape.
        """
        found = Collected(path)
        document: Any = read_json(path)
        queries = document.get("queries") if isinstance(document, dict) else None
        if not isinstance(queries, list):
            raise found.bad("", "no list of queries", 'give {"queries": [{"query": "...", "ratings": {}}]}')
        for number, entry in enumerate(queries, 1):
            where = f"query {number}"
            ratings = entry.get("ratings") if isinstance(entry, dict) else None
            if not isinstance(ratings, dict | None):
                raise found.bad(where, "its ratings are no object", "give item ids and their grades")
            text = found.query(entry.get("query") if isinstance(entry, dict) else None, where)
            for item, grade in (ratings or {}).items():
                found.judgment(text, item, grade, where)
        return found.done()

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None:
        """Write queries by their texts."""
        queries = [{"query": text, "ratings": items} for text, items in by_text(judgments, changes).items()]
        with whole_file(path) as file:
            file.write(orjson.dumps({"queries": queries}, option=orjson.OPT_INDENT_2) + b"\n")
