"""The channels of a recommendation: each asks the index for candidates, under the same filters. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.mappings.vector_types import Numbers, VectorLayout, inner_product
from aisle.search.fusion import LegResult
from aisle.search.stored import columns_body

Clause = dict[str, Any]
Products = Mapping[str, float]
"""Item to the inner product of its vector with the user's; 0 where either is missing."""

ANN: Final = "ann"
PREFIX: Final = "prefix"
COUNTS: Final = "counts"
POPULARITY: Final = "popularity"

MOST_COUNTED: Final = 10_000
"""Items of the counts channel that one request looks at: OpenSearch's index.max_result_window."""


@dataclass(frozen=True, slots=True, eq=False)
class ChannelQuestion:
    """What every channel is asked.

    Attributes:
        vector: float32 [dims], that items' are multiplied with: the user's or another item's; None where it
            says nothing, or items have no vectors.
        clauses: that every candidate matches: of filters, of rules, of what is excluded.
        size: candidates of each channel, 1 or more.
        layout: how the release keeps vectors.
        stored: fields whose values come back with each candidate.
        marks: clauses that add nothing and tell by their names which candidates match, see ``rules.asking``.
        field: of the items' vectors.
    """

    vector: NDArray[np.float32] | None
    clauses: tuple[Clause, ...]
    size: int
    layout: VectorLayout
    stored: tuple[str, ...] = ()
    marks: tuple[Clause, ...] = ()
    field: str = fields.ITEM_VECTOR

    def body(self, query: Clause, size: int) -> dict[str, Any]:
        """A request for the best ``size`` of a query, ids and stored fields alone."""
        return {**columns_body(self.stored), "track_total_hits": False, "size": size, "query": query}

    def matching(self, *clauses: Clause) -> Clause:
        """A query for all that match these clauses and those of the question."""
        return {"bool": {"filter": [*clauses, *self.clauses], "should": list(self.marks)}}

    def among(self, *clauses: Clause) -> Clause:
        """The same, scored by inner products."""
        if self.vector is None:
            return self.matching(*clauses)
        return scored_by_product(self.matching(*clauses), self.field, self.vector)


class CandidateChannel(Protocol):
    """A way to find candidates."""

    @property
    def name(self) -> str:
        """In the signals of a recommendation."""

    def body(self, question: ChannelQuestion) -> dict[str, Any]:
        """The request."""

    def found(self, question: ChannelQuestion, hits: Products) -> LegResult:
        """The candidates with the channel's own scores, best first, ties by id, at most ``question.size``.

        Args:
            question: as `body` was given it.
            hits: what came back.
        """


@dataclass(frozen=True, slots=True)
class AnnChannel:
    """Items whose vectors have the largest inner products with the question's, by the graph of vectors."""

    name: str = ANN

    def body(self, question: ChannelQuestion) -> dict[str, Any]:
        """See `CandidateChannel`; there must be a vector."""
        vector: Numbers | list[float] = [] if question.vector is None else question.vector
        nearest = question.layout.nearest(question.field, vector, question.size, question.clauses)
        query = {"bool": {"must": [nearest], "should": list(question.marks)}} if question.marks else nearest
        return question.body(query, question.size)

    def found(self, question: ChannelQuestion, hits: Products) -> LegResult:
        """See `CandidateChannel`."""
        return best_first(hits, question.size)


@dataclass(frozen=True, slots=True)
class PrefixChannel:
    """Items under prefixes of semantic IDs, in order of their inner products with the user's vector.

    Attributes:
        level: codes in each prefix.
        prefixes: where the user is likely to go next, as the index has them, see ``fields.sid_prefix``.
    """

    level: int
    prefixes: tuple[str, ...]
    name: str = PREFIX

    def body(self, question: ChannelQuestion) -> dict[str, Any]:
        """See `CandidateChannel`."""
        under = {"terms": {fields.sid(self.level): list(self.prefixes)}}
        return question.body(question.among(under), question.size)

    def found(self, question: ChannelQuestion, hits: Products) -> LegResult:
        """See `CandidateChannel`."""
        return best_first(hits, question.size)


@dataclass(frozen=True, slots=True, eq=False)
class CountsChannel:
    """Items that were taken after or with those of the history.

    Attributes:
        scores: item to its score of counts, above 0; those that are excluded are absent.
        narrowed: whether filters may leave some out: then all of them are asked for, up to `MOST_COUNTED`, so
            that filters act before the best are taken.
    """

    scores: Mapping[str, float]
    narrowed: bool
    name: str = COUNTS

    def body(self, question: ChannelQuestion) -> dict[str, Any]:
        """See `CandidateChannel`."""
        most = MOST_COUNTED if self.narrowed else question.size
        ids = best_first(self.scores, most).ids
        return question.body(question.among({"ids": {"values": list(ids)}}), len(ids))

    def found(self, question: ChannelQuestion, hits: Products) -> LegResult:
        """See `CandidateChannel`."""
        return best_first({id_: self.scores[id_] for id_ in hits}, question.size)


@dataclass(frozen=True, slots=True, eq=False)
class PopularityChannel:
    """What many users took; all else that passes the filters follows, in order of id.

    Beside a vector it is asked for items that have none, since `AnnChannel` finds the others: so that not all
    that pass are scored by their vectors only to take the popular ones.

    Attributes:
        popularity: float32, 0 to 1; places: item to its position there. An item that is absent has 0.
    """

    popularity: NDArray[np.float32]
    places: Mapping[str, int]
    name: str = POPULARITY

    def body(self, question: ChannelQuestion) -> dict[str, Any]:
        """See `CandidateChannel`."""
        order = [
            {fields.TAKEN: {"order": "desc", "missing": "_last", "unmapped_type": "double"}},
            {fields.ID: "asc"},
        ]
        unseen = {"bool": {"must_not": [{"exists": {"field": question.field}}]}}
        query = question.matching(*(() if question.vector is None else (unseen,)))
        return {**question.body(query, question.size), "sort": order}

    def found(self, question: ChannelQuestion, hits: Products) -> LegResult:
        """See `CandidateChannel`."""
        places = self.places
        scores = {id_: float(self.popularity[places[id_]]) if id_ in places else 0.0 for id_ in hits}
        return best_first(scores, question.size)


def scored_by_product(query: Clause, field: str, vector: NDArray[np.float32]) -> Clause:
    """A query whose matches are scored by the inner products of their vectors with one, all of them exactly.

    Args:
        query: what matches.
        field: of the items' vectors.
        vector: float32 [dims].
    """
    # As it is: the serializer writes a float32 in half the digits of the float64 that `tolist` makes of it.
    params = {"field": field, "query_value": vector, "space_type": "innerproduct"}
    script = {"lang": "knn", "source": "knn_score", "params": params}
    return {"script_score": {"query": query, "script": script}}


def best_first(scores: Mapping[str, float], size: int) -> LegResult:
    """The best so many, ties in order of id."""
    # Two stable sorts by what is there already, instead of one by pairs that are made first.
    ids = sorted(sorted(scores), key=scores.__getitem__, reverse=True)[:size]
    return LegResult(ids, [scores[id_] for id_ in ids])


def products_of(hits: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The inner products of hits that were scored by them.

    The server's score of an item without a vector is 0, which is that of no inner product.
    """
    return {hit["_id"]: inner_product(float(hit["_score"])) if hit["_score"] else 0.0 for hit in hits}


def excluding(ids: Collection[str]) -> tuple[Clause, ...]:
    """Clauses that leave items out."""
    return ({"bool": {"must_not": [{"ids": {"values": sorted(ids)}}]}},) if ids else ()
