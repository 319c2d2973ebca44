"""Why one item is where it is among the candidates of a search, or why it is not among them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from aisle.errors import InvalidQuery
from aisle.search.client import SearchClient
from aisle.search.filters import Filters
from aisle.search.page import SignalBook
from aisle.search.request import SearchRequest
from aisle.types import Addition, LegSignal


class Absence(Enum):
    """Why an item is not among the candidates."""

    UNKNOWN = "unknown"
    """The release has no such item."""
    FILTERED = "filtered"
    """It does not pass the filters."""
    NOT_FOUND = "not found"
    """No leg has it among its best: it lacks the words, others are nearer in meaning, or a rule or an
    excluded word takes it out."""


@dataclass(frozen=True, slots=True)
class ExplainedHit:
    """Where an item stands among all candidates of a search.

    Attributes:
        id: of the item.
        text: the query as it was searched.
        rank: 1-based among the candidates, in the fused order, before a ranker or a reranker; None if it
            is not among them.
        candidates: how many there are.
        score: fused, with the additions; None likewise.
        signals: what each leg said of it; its contributions and the additions sum to the score.
        additions: what business signals and rules added.
        absent: why it is not among them; None if it is.
        release: index that answered.
    """

    id: str
    text: str
    rank: int | None
    candidates: int
    score: float | None
    signals: tuple[LegSignal, ...]
    additions: tuple[Addition, ...]
    absent: Absence | None
    release: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "id": self.id,
            "text": self.text,
            "rank": self.rank,
            "candidates": self.candidates,
            "score": self.score,
            "signals": {signal.leg: signal.to_json() for signal in self.signals},
            "additions": {addition.name: addition.value for addition in self.additions},
            "absent": self.absent.value if self.absent else None,
            "release": self.release,
        }


def explain_hit(
    client: SearchClient, request: SearchRequest, id: str, within: Filters | None = None
) -> ExplainedHit:
    """Explain one item of a search.

    Args:
        client: of the catalogue.
        request: the search; its page does not matter.
        id: of the item.
        within: what the caller may see: whatever does not pass is not there.

    Raises:
        InvalidQuery: nothing is searched for.
        InputError, IndexNotFound, SearchError, ClusterError: as ``SearchClient.search``.
    """
    if request.browse:
        raise InvalidQuery("without a query there is nothing to explain", fix="say what is searched for")
    ranking = client.candidates(request)
    place = next((rank for rank, fused in enumerate(ranking.fused, 1) if fused.id == id), None)
    if place is not None:
        fused = ranking.fused[place - 1]
        return ExplainedHit(
            id=id,
            text=ranking.text,
            rank=place,
            candidates=len(ranking.fused),
            score=fused.score,
            signals=SignalBook(ranking.spec, ranking.results).of(fused),
            additions=fused.additions,
            absent=None,
            release=ranking.release,
        )
    absent = Absence.NOT_FOUND
    if not client.items((id,), request.filters):
        absent = Absence.FILTERED if client.items((id,), within) else Absence.UNKNOWN
    return ExplainedHit(id, ranking.text, None, len(ranking.fused), None, (), (), absent, ranking.release)
