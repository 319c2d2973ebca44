"""The legs of a search: each turns a question into one OpenSearch query. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mappings import BM25, DENSE, fields
from search.question import first_words

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """What every leg is asked.

    Attributes:
        text: cleaned query text, never empty.
        vectors: vector field to the query's vector, float32 [dims].
        filters: clauses that every result must match.
        window: how many candidates each leg finds.
    """

    text: str
    vectors: Mapping[str, Vector]
    filters: tuple[dict[str, Any], ...]
    window: int


class Leg(Protocol):
    """One way to find candidates."""

    @property
    def name(self) -> str:
        """Name in signals, weights and ``legs=``."""

    @property
    def vector_field(self) -> str | None:
        """Vector field that must hold the client's vector space, None for a lexical leg."""

    def query(self, question: Question) -> dict[str, Any]:
        """OpenSearch query clause, without the name."""


@dataclass(frozen=True, slots=True)
class Bm25Leg:
    """Words: BM25F over the text fields (Robertson, Zaragoza and Taylor, CIKM 2004).

    BM25F scores an item as if its fields were one, so a word that is rare in titles but common in
    descriptions does not outweigh the rest, as it does where each field is scored alone.

    Attributes:
        boosts: field to how often a word there counts, 1 or more.
        max_words: words that are looked at; OpenSearch refuses over 1,024 clauses, one per word and field.
    """

    boosts: tuple[tuple[str, float], ...] = (
        (fields.TITLE, 2.0),
        (fields.TEXT, 1.0),
        (f"{fields.BRAND}.{fields.SEARCH}", 1.0),
        (f"{fields.CATEGORY}.{fields.SEARCH}", 1.0),
    )
    max_words: int = 250
    name: str = BM25
    vector_field: str | None = None

    def query(self, question: Question) -> dict[str, Any]:
        """``combined_fields``, which has no query syntax: operators and wildcards are plain words to it."""
        match = {
            "combined_fields": {
                "query": first_words(question.text, self.max_words),
                "fields": [f"{name}^{boost:g}" for name, boost in self.boosts],
            }
        }
        return {"bool": {"must": [match], "filter": list(question.filters)}}


@dataclass(frozen=True, slots=True)
class DenseLeg:
    """Meaning: nearest neighbours of the query's vector in the HNSW graph (filtered while searching)."""

    name: str = DENSE
    vector_field: str | None = fields.DENSE

    def query(self, question: Question) -> dict[str, Any]:
        """``knn`` with k = window."""
        field = str(self.vector_field)
        knn: dict[str, Any] = {"vector": question.vectors[field].tolist(), "k": question.window}
        if question.filters:
            knn["filter"] = {"bool": {"filter": list(question.filters)}}
        return {"knn": {field: knn}}
