"""Round-trip consistency: a made-up query that does not find its own item teaches nothing. Pure.

As in Promptagator (Dai et al. 2022, arXiv 2209.11755, section 3.2), here with ranks of BM25 and of the
encoder that is adapted, fused (Cormack et al. 2009), in place of a retriever that is trained first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.training.common.progress import Progress
from aisle.training.data.negatives import Candidates
from aisle.training.data.training_set import UNJUDGED_GRADE, Grades

_K: Final = 20
_TOLD: Final = 100


def fused(lists: Sequence[Candidates], k: int = _K) -> Candidates:
    """Reciprocal ranks added up: query id to item ids, best first; ties in the order of the lists."""
    queries = dict.fromkeys(query for one in lists for query in one)
    found: dict[str, tuple[str, ...]] = {}
    for query in queries:
        scores: defaultdict[str, float] = defaultdict(float)
        for one in lists:
            for rank, item in enumerate(one.get(query, ()), 1):
                scores[item] += 1 / (k + rank)
        found[query] = tuple(sorted(scores, key=lambda item: -scores[item]))
    return found


def consistent(sources: Mapping[str, Sequence[str]], found: Candidates, top: int) -> dict[str, list[str]]:
    """The queries that find an item they were made from, and these items.

    Args:
        sources: query id to the items that it was made from.
        found: query id to items, best first.
        top: among so many of them the item must be.
    """
    kept = {query: set(found.get(query, ())[:top]) for query in sources}
    left = {query: [item for item in own if item in kept[query]] for query, own in sources.items()}
    return {query: own for query, own in left.items() if own}


class ListScorer(Protocol):
    """Scores a query's items; a reranker's artifact does."""

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n]; the higher, the better an item answers the query."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What queries find in the order of a scorer.

    Attributes:
        found: query id to item ids, best first.
        grades: query id to the scored items' grades: the softmax of a list's scores are the gains
            (2^grade - 1) of its items as shares of the best one's, which has the highest grade there is.
            That is the target of ListNet (Cao et al. 2007, section 4.2). 0: as good as no share.
    """

    found: Candidates
    grades: Grades


def rescored(
    found: Candidates,
    queries: Mapping[str, str],
    texts: Mapping[str, str],
    scorer: ListScorer,
    depth: int,
    progress: Progress,
) -> Scored:
    """The first ``depth`` items of each query in the order of a scorer, the others after them as they were.

    Args:
        found: query id to items, best first.
        queries: query id to text.
        texts: item id to text.
        scorer: of lists.
        depth: items of a list.
        progress: receives every hundredth query as a step.
    """
    ordered: dict[str, tuple[str, ...]] = {}
    grades: dict[str, dict[str, float]] = {}
    for number, (query, items) in enumerate(found.items(), 1):
        head = items[:depth]
        scores = scorer.score(queries[query], [texts[item] for item in head])
        order = np.argsort(-scores, kind="stable")
        ordered[query] = (*(head[at] for at in order), *items[depth:])
        grades[query] = dict(zip(head, listwise_grades(scores), strict=True))
        if number % _TOLD == 0:
            progress.step(number, len(found), None)
    return Scored(ordered, grades)


def listwise_grades(scores: NDArray[np.float32]) -> list[float]:
    """Grades of a list's scores, 0 to 3, in hundredths; see `Scored`."""
    shares = np.exp(scores.astype(np.float64) - scores.max(initial=-np.inf))
    gains: NDArray[np.float64] = np.log2(1 + (2**UNJUDGED_GRADE - 1) * shares)
    return [float(grade) for grade in gains.round(2)]
