"""Search Relevance Workbench (OpenSearch's plugin ``search-relevance``): bodies of its requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import read_json, whole_file
from aisle.errors import InputError
from aisle.evaluation.exchange.judgments import Changes, Collected, Judgments, by_text, one_line
from aisle.types import Query

QUERY_SET: Final = "query_set.json"
JUDGMENTS: Final = "judgments.json"

# The plugin's TextValidationUtil refuses them in names and texts.
_REFUSED: Final = re.compile(r'["\\<>]')
_MOST_OF_A_TEXT: Final = 2_000
_MOST_OF_A_NAME: Final = 50


@dataclass(frozen=True, slots=True)
class Workbench:
    """A folder of two bodies: of ``PUT _plugins/_search_relevance/query_sets`` and ``.../judgments``.

    Attributes:
        name: of the query set and of the judgments; empty for that of the folder.
    """

    name: str = ""

    def recognises(self, path: Path) -> bool:
        """Whether it is such a folder, or a file with one of the bodies, or with the plugin's answer."""
        if path.is_dir():
            return (path / QUERY_SET).is_file() or (path / JUDGMENTS).is_file()
        return path.suffix == ".json" and any(_KEYS & part.keys() for part in _parts(read_json(path)))

    def read(self, path: Path) -> Judgments:
        """Queries and judgments of a folder, or of one file.

        Raises:
            InputError: no such file, or not of that shape.
        """
        files = [path / QUERY_SET, path / JUDGMENTS] if path.is_dir() else [path]
        found = Collected(path)
        for file in files:
            if file.is_file() or not path.is_dir():
                for part in _parts(read_json(file)):
                    _collect(part, found)
        return found.done()

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None:
        """Write both bodies. Only judged queries are in the second."""
        cleaned = tuple(Query(query.id, _clean(query.text, changes)) for query in judgments.queries)
        grades = by_text(Judgments(tuple(q for q in cleaned if q.text), judgments.qrels), changes)
        name = _REFUSED.sub(" ", self.name or path.name)[:_MOST_OF_A_NAME]
        queries = [{"queryText": text} for text in grades]
        query_set = {"name": name, "description": f"{len(queries)} queries", "sampling": "manual"}
        ratings = [
            # A rating that is a number ended the server before version 3.3.
            {
                "query": text,
                "ratings": [{"docId": item, "rating": f"{float(g)!r}"} for item, g in items.items()],
            }
            for text, items in grades.items()
            if items
        ]
        for text, items in grades.items():
            if not items:
                changes.add("queries without a judgment are in the query set alone", text)
        _write(path / QUERY_SET, query_set | {"querySetQueries": queries})
        body = {"name": name, "description": f"{len(ratings)} queries", "type": "IMPORT_JUDGMENT"}
        _write(path / JUDGMENTS, body | {"judgmentRatings": ratings})


def _clean(text: str, changes: Changes) -> str:
    cleaned = text
    if _REFUSED.search(text):
        cleaned = one_line(_REFUSED.sub(" ", text))
        changes.add('the signs " \\ < > in texts of queries became spaces: the workbench refuses them', text)
    if len(one_line(cleaned)) > _MOST_OF_A_TEXT:
        changes.add(f"texts of queries cut to {_MOST_OF_A_TEXT:,} characters", text)
        cleaned = one_line(one_line(cleaned)[:_MOST_OF_A_TEXT])
    if not cleaned:
        changes.add("queries left out: nothing is left of their texts", text)
    return cleaned


def _write(path: Path, body: dict[str, Any]) -> None:
    with whole_file(path) as file:
        file.write(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")


_KEYS: Final = frozenset({"querySetQueries", "judgmentRatings"})


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """The body, or the documents that the plugin's GET answers with."""
    if isinstance(document, dict) and isinstance(document.get("hits"), dict):
        hits = document["hits"].get("hits")
        for hit in hits if isinstance(hits, list) else ():
            if isinstance(hit, dict) and isinstance(hit.get("_source"), dict):
                yield hit["_source"]
    elif isinstance(document, dict):
        yield document


def _collect(part: dict[str, Any], found: Collected) -> None:
    for number, entry in enumerate(_list(part, "querySetQueries", found), 1):
        found.query(entry.get("queryText"), f"query {number}")
    for number, entry in enumerate(_list(part, "judgmentRatings", found), 1):
        where = f"query {number} of the judgments"
        text = found.query(entry.get("query"), where)
        for rating in _list(entry, "ratings", found):
            found.judgment(text, rating.get("docId"), rating.get("rating"), where)


def _list(part: dict[str, Any], key: str, found: Collected) -> list[dict[str, Any]]:
    entries = part.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{found.path.name}: '{key}' is no list of objects", fix="export it again")
    return entries
