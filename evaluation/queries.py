"""Queries in a file: JSON lines with ``_id`` and ``text``, or two columns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from evaluation.rows import bad_row, text_lines
from records import InputError, Query
from records.files import whole_file

_FIX = 'write one {"_id": "...", "text": "..."} a line, or id<TAB>text'


def read_queries(path: str | Path) -> list[Query]:
    """Read BEIR's ``queries.jsonl`` (``_id`` or ``id``, ``text`` or ``query``) or a tsv of id and text.

    Raises:
        InputError: no such file, no rows, or a bad row (named by its line).
    """
    path = Path(path)
    queries: dict[str, Query] = {}
    for number, line in text_lines(path):
        query = _from_json(line, path, number) if line.lstrip().startswith("{") else _from_columns(line)
        if query is None or not query.id or not query.text.strip():
            raise bad_row(path, number, "no id or no text", _FIX)
        if query.id in queries:
            raise bad_row(path, number, f"the id '{query.id[:80]}' occurs twice", "make the ids unique")
        queries[query.id] = query
    if not queries:
        raise InputError(f"{path} holds no queries", fix=_FIX)
    return list(queries.values())


def _from_json(line: str, path: Path, number: int) -> Query | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise bad_row(path, number, f"invalid JSON ({error.msg})", _FIX) from None
    identity, text = row.get("_id", row.get("id")), row.get("text", row.get("query"))
    if not isinstance(identity, str | int) or not isinstance(text, str):
        return None
    return Query(str(identity), text)


def _from_columns(line: str) -> Query | None:
    identity, tab, text = line.partition("\t")
    return Query(identity.strip(), text.strip()) if tab else None


def write_queries(queries: Iterable[Query], path: str | Path) -> None:
    """Write BEIR's ``queries.jsonl``, whole or not at all."""
    with whole_file(Path(path)) as file:
        for query in queries:
            file.write(orjson.dumps({"_id": query.id, "text": query.text}) + b"\n")
