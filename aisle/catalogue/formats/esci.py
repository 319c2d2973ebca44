"""Judgments of the Shopping Queries Dataset (Reddy et al., arXiv 2206.06588)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects
from aisle.catalogue.tables import open_table
from aisle.catalogue.values import identity, words
from aisle.errors import InputError
from aisle.evaluation import JudgedSet, as_qrels
from aisle.markup import one_line
from aisle.types import Judgment, Query

# Exact, substitute, complement, irrelevant.
GRADES = {"E": 3, "S": 2, "C": 1, "I": 0}
_NEEDED = ("query_id", "query", "product_id", "esci_label")


@dataclass(frozen=True, slots=True)
class EsciOptions:
    """Which examples to keep: a split ("train", "test"), a locale ("us", "es", "jp"), the reduced set."""

    split: str = "test"
    locale: str = "us"
    small: bool = True


def read_esci_examples(
    path: str | Path, options: EsciOptions | None = None, rejects: Rejects | None = None
) -> JudgedSet:
    """Read ``shopping_queries_dataset_examples`` (Parquet, CSV or the hub); labels E, S, C, I are 3, 2, 1, 0.

    A filter on a column that the file lacks is not applied.

    Raises:
        InputError: no such file, other columns, or no example left.
        MissingExtra: Parquet or the hub without their extras.
    """
    options = options or EsciOptions()
    rejects = rejects if rejects is not None else Rejects()
    queries: dict[str, Query] = {}
    judgments: list[Judgment] = []
    for row in open_table(path, ReadOptions(split=options.split)).rows(rejects):
        missing = [column for column in _NEEDED if column not in row.cells]
        if missing:
            raise InputError(f"{path} has no column '{missing[0]}'", fix="name the file of examples")
        if not _wanted(row.cells, options):
            continue
        try:
            query, judgment = _example(row.cells)
        except BadRow as reason:
            rejects.add(row.line, str(reason), row.cells)
        else:
            queries[query.id] = query
            judgments.append(judgment)
    if not judgments:
        raise InputError(f"{path} holds no example of {options}", fix="check split, locale and size")
    return JudgedSet("esci", options.split, tuple(queries.values()), as_qrels(judgments))


def _wanted(cells: Cells, options: EsciOptions) -> bool:
    small = str(cells.get("small_version", 1)) in ("1", "1.0", "True")
    return (
        cells.get("split", options.split) == options.split
        and cells.get("product_locale", options.locale) == options.locale
        and (small or not options.small)
    )


def _example(cells: Cells) -> tuple[Query, Judgment]:
    query = Query(identity(cells["query_id"]), one_line(words(cells["query"], "query")))
    grade = GRADES.get(str(cells["esci_label"])[:1].upper())
    if not query.text:
        raise BadRow("query is empty")
    if grade is None:
        raise BadRow("label is none of E, S, C, I")
    return query, Judgment(query.id, identity(cells["product_id"]), grade)
