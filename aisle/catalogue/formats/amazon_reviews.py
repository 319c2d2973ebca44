"""Reviews of Amazon Reviews 2023: who bought what and when, and what they wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects
from aisle.catalogue.tables import open_table
from aisle.catalogue.values import identity, words
from aisle.errors import InputError
from aisle.markup import plain_text
from aisle.types import Interaction, Judgment, Query

_T = TypeVar("_T")


def read_interactions(path: str | Path, rejects: Rejects | None = None) -> Iterator[Interaction]:
    """Yield who reviewed which product (``parent_asin``), ``at`` in epoch seconds, in file order.

    Raises:
        InputError: no such file, other columns, or no row that can be used.
        MissingExtra: Parquet or the hub without their extras.
    """
    return _read(path, _interaction, rejects)


def read_review_queries(path: str | Path, rejects: Rejects | None = None) -> Iterator[tuple[Query, Judgment]]:
    """Yield each review's text as a query, with its product as the one item of grade 3.

    The query's id is ``user:product:timestamp``. Raises as ``read_interactions``.
    """
    return _read(path, _review_query, rejects)


def _read(path: str | Path, make: Callable[[Cells], _T], rejects: Rejects | None) -> Iterator[_T]:
    rejects = rejects if rejects is not None else Rejects()
    count = 0
    for row in open_table(path, ReadOptions()).rows(rejects):
        try:
            made = make(row.cells)
        except BadRow as reason:
            rejects.add(row.line, str(reason), row.cells)
        else:
            count += 1
            yield made
    if not count:
        raise InputError(f"{path} holds no reviews", fix="name a file with user_id, parent_asin, timestamp")


def _interaction(cells: Cells) -> Interaction:
    stamp = cells.get("timestamp")
    if isinstance(stamp, str) and stamp.strip().isdigit():
        stamp = int(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, int | float) or not 0 <= stamp < 1e15:
        raise BadRow("timestamp is not in milliseconds")
    return Interaction(identity(cells.get("user_id")), identity(cells.get("parent_asin")), stamp / 1000)


def _review_query(cells: Cells) -> tuple[Query, Judgment]:
    step = _interaction(cells)
    parts = (plain_text(words(cells.get(name), name)) for name in ("title", "text"))
    text = "\n".join(filter(None, parts))
    if not text:
        raise BadRow("review is empty")
    key = f"{step.user}:{step.item}:{cells['timestamp']}"
    return Query(key, text), Judgment(key, step.item, 3)
