"""Judgments and queries in files: BEIR's layout, or TREC's four columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from aisle._files import MAX_LINE_BYTES, numbered_lines, whole_file
from aisle.errors import EvaluationError, InputError
from aisle.types import Judgment, Query


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (1-based number, text) of each line that is not blank. Raises InputError if it is not UTF-8."""
    for number, raw in numbered_lines(path):
        if len(raw) > MAX_LINE_BYTES:
            raise bad_row(path, number, f"the line is over {MAX_LINE_BYTES:,} bytes", "split it")
        try:
            yield number, raw.decode()
        except UnicodeDecodeError:
            raise bad_row(path, number, "it is not UTF-8", "convert it: iconv -t UTF-8") from None


def bad_row(path: Path, number: int, reason: str, fix: str) -> InputError:
    """An error that names the file, the line and the reason. Judgments are never skipped in silence."""
    return InputError(f"{path.name} line {number}: {reason}", fix=fix)


Qrels = Mapping[str, Mapping[str, float]]
"""Query id to item id to grade (0 = not relevant): ``int`` if it is whole, else ``float``."""

MAX_GRADE = 15
_HEADER = ("query-id", "corpus-id", "score")
_FIX = "write 'query-id<TAB>corpus-id<TAB>grade', or TREC's 'query 0 item grade'"


def read_qrels(path: str | Path) -> dict[str, dict[str, float]]:
    """Read judgments: BEIR tsv (``query-id corpus-id score``, header optional) or TREC (``qid 0 docid rel``).

    A whole grade, also ``3.0``, becomes an int, any other a float. A negative one (TREC's "junk") reads as 0.
    The same pair twice is fine if the grades agree.

    Raises:
        InputError: no such file, no rows, or a bad row (named by its line).
    """
    path = Path(path)
    qrels: dict[str, dict[str, float]] = {}
    for number, judgment in _judgments(path):
        items = qrels.setdefault(judgment.query_id, {})
        if items.setdefault(judgment.item_id, judgment.grade) != judgment.grade:
            pair = f"{judgment.query_id} {judgment.item_id}"
            raise bad_row(path, number, f"'{pair}' is judged twice with two grades", "keep one of the rows")
    if not qrels:
        raise InputError(f"{path} holds no judgments", fix=_FIX)
    return qrels


def _judgments(path: Path) -> Iterator[tuple[int, Judgment]]:
    header_allowed = True
    for number, line in text_lines(path):
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
        if header_allowed and cells[-1].lower() in ("score", "rel", "relevance", "grade"):
            header_allowed = False
            continue
        header_allowed = False
        if len(cells) not in (3, 4):
            raise bad_row(path, number, f"{len(cells)} columns instead of 3 (BEIR) or 4 (TREC)", _FIX)
        query, item, grade = cells[0], cells[-2], cells[-1]
        if not query or not item:
            raise bad_row(path, number, "an empty id", _FIX)
        try:
            yield number, Judgment(query, item, grade_of(grade))
        except ValueError as error:
            raise bad_row(path, number, str(error), _FIX) from None


def grade_of(text: str) -> float:
    """The grade that a cell holds: an int if it is whole, 0 if it is below 0.

    Raises:
        ValueError: it is no number, or over ``MAX_GRADE``; the message says which.
    """
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"the grade '{text[:40]}' is not a number") from None
    if not value <= MAX_GRADE:
        raise ValueError(f"the grade {text[:40]} is not a number up to {MAX_GRADE}")
    value = max(0.0, value)
    return int(value) if value.is_integer() else value


def as_qrels(judgments: Iterable[Judgment]) -> dict[str, dict[str, float]]:
    """Group judgments by query. Of two grades for one pair, the higher one is kept."""
    qrels: dict[str, dict[str, float]] = {}
    for judgment in judgments:
        items = qrels.setdefault(judgment.query_id, {})
        items[judgment.item_id] = max(judgment.grade, items.get(judgment.item_id, 0))
    return qrels


def write_qrels(qrels: Qrels, path: str | Path) -> None:
    """Write BEIR's tsv, whole or not at all, in the order given. Every grade reads back as it was."""
    with whole_file(Path(path)) as file:
        file.write(("\t".join(_HEADER) + "\n").encode())
        for query, items in qrels.items():
            for item, grade in items.items():
                file.write(f"{query}\t{item}\t{grade}\n".encode())


_QUERIES_FIX = 'write one {"_id": "...", "text": "..."} a line, or id<TAB>text'


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
            raise bad_row(path, number, "no id or no text", _QUERIES_FIX)
        if query.id in queries:
            raise bad_row(path, number, f"the id '{query.id[:80]}' occurs twice", "make the ids unique")
        queries[query.id] = query
    if not queries:
        raise InputError(f"{path} holds no queries", fix=_QUERIES_FIX)
    return list(queries.values())


def _from_json(line: str, path: Path, number: int) -> Query | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise bad_row(path, number, f"invalid JSON ({error.msg})", _QUERIES_FIX) from None
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


@dataclass(frozen=True, slots=True)
class JudgedSet:
    """Queries and their judgments.

    Attributes:
        name: what a report calls the set.
        split: "dev", "train", "test", ...
        queries: the judged queries only, in file order.
        qrels: query id to item id to grade.
    """

    name: str
    split: str
    queries: tuple[Query, ...]
    qrels: Qrels


def read_judged_set(folder: str | Path, split: str = "dev") -> JudgedSet:
    """Read one split of a BEIR folder: ``queries.jsonl`` and ``qrels/<split>.tsv``.

    Raises:
        InputError: it is no such folder, or has no such split (the message names those that it has).
        EvaluationError: a judged query has no text.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}", fix="name a folder with queries.jsonl and qrels/")
    qrels = read_qrels(_file_of_split(folder, split))
    by_id = {query.id: query for query in read_queries(folder / "queries.jsonl")}
    textless = [identity for identity in qrels if identity not in by_id]
    if textless:
        raise EvaluationError(
            f"{len(textless)} judged queries are not in queries.jsonl, the first is '{textless[0]}'",
            fix=f"add them to {folder / 'queries.jsonl'} or drop their judgments",
        )
    queries = tuple(query for query in by_id.values() if query.id in qrels)
    return JudgedSet(folder.resolve().name, split, queries, qrels)


def _file_of_split(folder: Path, split: str) -> Path:
    splits = {file.name.split(".")[0]: file for file in sorted((folder / "qrels").glob("*.tsv*"))}
    if split not in splits:
        found = ", ".join(splits) or "none"
        raise InputError(
            f"{folder} has no judgments for split '{split}' (found: {found})",
            fix=f"choose one with --split, or add qrels/{split}.tsv",
        )
    return splits[split]
