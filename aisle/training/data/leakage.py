"""What a training set shares with held-out queries: found, refused, or dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from aisle.evaluation import JudgedSet
from aisle.training.data.training_set import PairSource, TrainingSet, normalised

LEAKED = "query leaks into held-out data"
_EXAMPLES = 5


class LeakKind(Enum):
    """Why a training query counts as a held-out one; the first that holds is the one reported."""

    QUERY_ID = "the same query id"
    QUERY_TEXT = "the same text (case, punctuation and white space aside)"
    USER_ITEM = "a review of the same item by the same user"


@dataclass(frozen=True, slots=True)
class Leak:
    """One training query that is also held out."""

    kind: LeakKind
    query_id: str
    held_out_id: str
    text: str


@dataclass(frozen=True, slots=True)
class LeakageReport:
    """Leaks between a training set and a held-out one.

    Attributes:
        held_out: name and split of the held-out set.
        queries: training queries that were compared.
        counts: kind to number of leaking training queries; each query counts once.
        examples: the first few.
        query_ids: all leaking training queries.
    """

    held_out: str
    queries: int
    counts: Mapping[LeakKind, int]
    examples: tuple[Leak, ...]
    query_ids: frozenset[str]

    @property
    def total(self) -> int:
        """Training queries that leak."""
        return len(self.query_ids)


def check_leakage(data: TrainingSet, held_out: JudgedSet) -> LeakageReport:
    """Compare every training query with every held-out one; linear in both."""
    leaks = tuple(_leaks(data, held_out))
    return LeakageReport(
        held_out=f"{held_out.name} {held_out.split}",
        queries=len(data.queries),
        counts=Counter(leak.kind for leak in leaks),
        examples=leaks[:_EXAMPLES],
        query_ids=frozenset(leak.query_id for leak in leaks),
    )


def without_leaks(data: TrainingSet, held_out: JudgedSet) -> tuple[TrainingSet, LeakageReport]:
    """The training set without the leaking queries, their pairs and their grades; and what leaked.

    Raises:
        InputError: nothing is left.
    """
    report = check_leakage(data, held_out)
    pairs = tuple(pair for pair in data.pairs if pair.query_id not in report.query_ids)
    lost = len(data.pairs) - len(pairs)
    if not lost:
        return data, report
    grades = {query: known for query, known in data.grades.items() if query not in report.query_ids}
    dropped = {**data.dropped, LEAKED: data.dropped.get(LEAKED, 0) + lost}
    return replace(data, pairs=pairs, grades=grades, dropped=dropped), report


def _leaks(data: TrainingSet, held_out: JudgedSet) -> Iterator[Leak]:
    ids = {query.id: query.id for query in held_out.queries}
    texts = {normalised(query.text): query.id for query in held_out.queries}
    bought = {key: query for query, known in held_out.qrels.items() for key in _user_items(query, known)}
    for pair in {pair.query_id: pair for pair in data.pairs}.values():
        user_item = _user_item(pair.query_id, pair.item_id) if pair.source is PairSource.REVIEWS else ""
        for kind, found in (
            (LeakKind.QUERY_ID, ids.get(pair.query_id)),
            (LeakKind.QUERY_TEXT, texts.get(normalised(pair.query) or "\0")),
            (LeakKind.USER_ITEM, bought.get(user_item)),
        ):
            if found is not None:
                yield Leak(kind, pair.query_id, found, pair.query)
                break


def _user_items(query: str, known: Mapping[str, float]) -> Iterator[str]:
    return filter(None, (_user_item(query, item) for item in known))


def _user_item(query: str, item: str) -> str:
    """``user:item`` of a review's id ``user:item:timestamp``, else empty."""
    start = query.rpartition(":")[0]
    return start if start.endswith(f":{item}") else ""
