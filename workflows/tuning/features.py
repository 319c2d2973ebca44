"""The features of every query of a pool, from saved runs: as the search client computes them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from encoder import query_text
from evaluation import JudgedSet
from search import LegResult
from search.query_features import query_features
from workflows.tuning.leg_runs import LegRuns
from workflows.tuning.pool import Floats


def pool_features(runs: LegRuns, judged: JudgedSet, queries: Sequence[str], legs: Sequence[str]) -> Floats:
    """float64 [len(queries), F], see ``search.query_features``.

    Args:
        runs: of the legs.
        judged: has the queries' texts.
        queries: ids, in the order of the pool.
        legs: of the fusion, in its order.
    """
    texts = {query.id: query_text(query.text) for query in judged.queries}
    rows = []
    for query in queries:
        scores = {leg: runs.runs[leg].rankings.get(query, {}) for leg in legs}
        results = {leg: LegResult(list(found), list(found.values())) for leg, found in scores.items()}
        rows.append(query_features(texts[query], results, legs))
    return np.array(rows)
