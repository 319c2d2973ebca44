"""Judgments in a file: BEIR's three columns or TREC's four."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from evaluation.rows import bad_row, text_lines
from records import InputError, Judgment
from records.files import whole_file

Qrels = Mapping[str, Mapping[str, int]]
"""Query id to item id to grade (0 = not relevant)."""

MAX_GRADE = 15
_HEADER = ("query-id", "corpus-id", "score")
_FIX = "write 'query-id<TAB>corpus-id<TAB>grade', or TREC's 'query 0 item grade'"


def read_qrels(path: str | Path) -> dict[str, dict[str, int]]:
    """Read judgments: BEIR tsv (``query-id corpus-id score``, header optional) or TREC (``qid 0 docid rel``).

    A negative grade (TREC's "junk") reads as 0. The same pair twice is fine if the grades agree.

    Raises:
        InputError: no such file, no rows, or a bad row (named by its line).
    """
    path = Path(path)
    qrels: dict[str, dict[str, int]] = {}
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
        yield number, Judgment(query, item, _grade(grade, path, number))


def _grade(text: str, path: Path, number: int) -> int:
    try:
        value = float(text)
    except ValueError:
        raise bad_row(path, number, f"the grade '{text[:40]}' is not a number", _FIX) from None
    if not value.is_integer() or value > MAX_GRADE:
        raise bad_row(path, number, f"the grade {text[:40]} is not a whole number up to {MAX_GRADE}", _FIX)
    return max(0, int(value))


def as_qrels(judgments: Iterable[Judgment]) -> dict[str, dict[str, int]]:
    """Group judgments by query. Of two grades for one pair the higher one stays."""
    qrels: dict[str, dict[str, int]] = {}
    for judgment in judgments:
        items = qrels.setdefault(judgment.query_id, {})
        items[judgment.item_id] = max(judgment.grade, items.get(judgment.item_id, 0))
    return qrels


def write_qrels(qrels: Qrels, path: str | Path) -> None:
    """Write BEIR's tsv, whole or not at all, in the order given."""
    with whole_file(Path(path)) as file:
        file.write(("\t".join(_HEADER) + "\n").encode())
        for query, items in qrels.items():
            for item, grade in items.items():
                file.write(f"{query}\t{item}\t{grade}\n".encode())
