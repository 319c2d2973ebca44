"""Judged candidates as rows of features, query by query: what a ranker is trained and measured on. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aisle.errors import EvaluationError
from aisle.search.rank.evidence import Evidence
from aisle.search.rank.features import FEATURES, features
from aisle.search.rank.titles import TitleReader

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RankingTable:
    """Q queries with N candidates together, those of a query side by side in the order of the fusion.

    Attributes:
        queries: ids.
        bounds: int64 [Q + 1], where each query's rows begin; the last is N.
        rows: float64 [N, F], see ``features``.
        grades: float64 [N], NaN for a candidate that nobody judged.
        judged: all grades of each query, also of items that no leg found, highest first.
    """

    queries: tuple[str, ...]
    bounds: Ints
    rows: Floats
    grades: Floats
    judged: tuple[tuple[float, ...], ...]

    @property
    def sizes(self) -> Ints:
        """int64 [Q], candidates of each query."""
        return np.diff(self.bounds)

    def of_queries(self, places: Ints) -> RankingTable:
        """Some of the queries, in that order."""
        spans = [np.arange(self.bounds[at], self.bounds[at + 1]) for at in places.tolist()]
        kept = np.concatenate(spans) if spans else np.zeros(0, dtype=np.int64)
        return RankingTable(
            tuple(self.queries[at] for at in places.tolist()),
            np.concatenate([[0], np.cumsum([len(span) for span in spans])]).astype(np.int64),
            self.rows[kept],
            self.grades[kept],
            tuple(self.judged[at] for at in places.tolist()),
        )

    def ndcg(self, scores: Floats, depth: int) -> Floats:
        """float64 [Q], nDCG of the candidates in order of their scores; equal ones in that of the fusion.

        Gains are 2^grade - 1, and what nobody judged has none (Burges et al. 2005).

        Args:
            scores: float64 [N].
            depth: ranks that count.
        """
        owners = np.repeat(np.arange(len(self.queries)), self.sizes)
        order = np.lexsort((np.arange(len(scores)), -scores, owners))
        ranks = np.arange(len(scores)) - self.bounds[owners]
        gains = np.exp2(np.nan_to_num(self.grades[order])) - 1
        seen = np.where(ranks < depth, gains / np.log2(ranks + 2), 0.0)
        found = np.bincount(owners, weights=seen, minlength=len(self.queries))
        discounts = np.log2(np.arange(depth) + 2)
        best = [
            float(np.sum((np.exp2(grades[:depth]) - 1) / discounts[: len(grades[:depth])]))
            for grades in self.judged
        ]
        return np.asarray(found / np.where(np.array(best) > 0, best, 1.0))

    def with_least_grade(self, least: float) -> RankingTable:
        """The same with every lower grade as if nobody had judged it."""
        judged = tuple(tuple(grade for grade in grades if grade >= least) for grades in self.judged)
        return replace(self, grades=np.where(self.grades >= least, self.grades, np.nan), judged=judged)

    def with_linear_gains(self) -> RankingTable:
        """The same with grades g that count as gains of g, where they would count as 2^g - 1.

        For grades that are rates, such as those of clicks: an item with twice the clicks is worth twice as
        much (Burges et al. 2005 for the gains; Järvelin and Kekäläinen 2002 for linear ones).
        """
        judged = tuple(tuple(np.log2(1 + np.array(grades)).tolist()) for grades in self.judged)
        return replace(self, grades=np.log2(1 + self.grades), judged=judged)

    def fused(self) -> Floats:
        """float64 [N], scores that keep the order of the fusion."""
        return np.asarray(-np.concatenate([np.arange(size, dtype=np.float64) for size in self.sizes]))

    @property
    def digest(self) -> str:
        """sha256 of queries and judgments, 64 hex digits."""
        found = hashlib.sha256(repr(self.queries).encode())
        found.update(repr(self.judged).encode())
        return found.hexdigest()


def ranking_table(
    found: Iterable[tuple[str, Evidence]], qrels: Mapping[str, Mapping[str, float]]
) -> RankingTable:
    """The table of queries that have candidates and judgments.

    Args:
        found: query id and what is known of its candidates.
        qrels: query id to item id to grade, 0 and up.

    Raises:
        EvaluationError: none of the candidates was judged.
    """
    queries: list[str] = []
    rows: list[Floats] = []
    titles = TitleReader()
    grades: list[Sequence[float]] = []
    for query, evidence in found:
        if evidence.candidates and query in qrels:
            queries.append(query)
            rows.append(features(evidence, titles))
            grades.append([qrels[query].get(each.id, np.nan) for each in evidence.candidates])
    if not np.isfinite([grade for some in grades for grade in some]).any():
        raise EvaluationError(
            "none of the candidates was judged",
            fix="name the index of the very catalogue that was judged (--index), and its judgments (--data)",
        )
    return RankingTable(
        tuple(queries),
        np.concatenate([[0], np.cumsum([len(some) for some in rows])]).astype(np.int64),
        np.concatenate(rows) if rows else np.zeros((0, len(FEATURES))),
        np.array([grade for some in grades for grade in some]),
        tuple(tuple(sorted(qrels[query].values(), reverse=True)) for query in queries),
    )
