"""The candidates of every judged query as arrays, so that a fusion of all queries is a few products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation import Qrels, answerable
from records import EvaluationError
from workflows.tuning.leg_runs import LegRuns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Q queries, L legs, and up to U different candidates of a query, in order of their ids.

    Attributes:
        legs: names.
        queries: ids of the queries that have a relevant item.
        scores: float64 [Q, L, U], raw; NaN where the leg did not find the candidate, and as padding.
        ranks: int32 [Q, L, U], from 1; 0 likewise.
        grades: int64 [Q, J], all grades of each query's judged items, falling; 0 as padding.
        rows, columns, found_grades: int64 [P], every judged candidate of a grade above 0: its query, its
            place among that query's candidates, and its grade; in order of ``rows``.
    """

    legs: tuple[str, ...]
    queries: tuple[str, ...]
    scores: Floats
    ranks: NDArray[np.int32]
    grades: Ints
    rows: Ints
    columns: Ints
    found_grades: Ints


def pool_of(runs: LegRuns, qrels: Qrels, relevant: int = 2) -> Pool:
    """Lay the runs out.

    Args:
        runs: of the legs.
        qrels: judgments.
        relevant: lowest grade that counts as relevant; queries without such an item are left out.

    Raises:
        EvaluationError: no query has such an item.
    """
    judged = answerable(qrels, relevant)
    if not judged:
        raise EvaluationError(
            f"no query has an item of grade {relevant} or more", fix="lower --relevant or check the judgments"
        )
    queries = tuple(judged)
    found = [[run.rankings.get(query, {}) for run in runs.runs.values()] for query in queries]
    # Columns in order of id: that is how equal scores are ordered, see `search.fusion.fuse`.
    items = [sorted({item for scores in legs for item in scores}) for legs in found]
    shape = (len(queries), len(runs.runs), max(1, *map(len, items)))
    scores, ranks = np.full(shape, np.nan), np.zeros(shape, dtype=np.int32)
    places: list[tuple[int, int, int]] = []
    for row, (query, legs, ids) in enumerate(zip(queries, found, items, strict=True)):
        column = {item: place for place, item in enumerate(ids)}
        _fill(scores[row], ranks[row], legs, column)
        places += [
            (row, column[item], grade) for item, grade in judged[query].items() if grade and item in column
        ]
    rows, columns, found_grades = np.array(places, dtype=np.int64).reshape(-1, 3).T.copy()
    return Pool(
        runs.legs, queries, scores, ranks, _padded([judged[q] for q in queries]), rows, columns, found_grades
    )


def _fill(
    scores: Floats, ranks: NDArray[np.int32], legs: list[Mapping[str, float]], column: Mapping[str, int]
) -> None:
    for leg, found in enumerate(legs):
        where = [column[item] for item in found]
        scores[leg, where] = list(found.values())
        ranks[leg, where] = np.arange(1, len(where) + 1)


def _padded(judged: list[Mapping[str, int]]) -> Ints:
    grades = np.zeros((len(judged), max(map(len, judged))), dtype=np.int64)
    for row, items in enumerate(judged):
        grades[row, : len(items)] = sorted(items.values(), reverse=True)
    return grades
