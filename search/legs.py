"""The legs of a search: each turns a question into one OpenSearch query. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mappings import BM25, DENSE, fields
from search.question import first_words

Vector = NDArray[np.float32]
Boosts = tuple[tuple[str, float], ...]

_NOTHING: Mapping[str, Mapping[str, float]] = MappingProxyType({})

# The lucene engine takes the beam for k, which OpenSearch limits.
MAX_BEAM = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """What every leg is asked.

    Attributes:
        text: cleaned query text, never empty.
        vectors: vector field to the query's vector, float32 [dims].
        filters: clauses that every result must match.
        window: how many candidates each leg finds.
        tokens: sparse field to the query's tokens and their weights, above 0.
    """

    text: str
    vectors: Mapping[str, Vector]
    filters: tuple[dict[str, Any], ...]
    window: int
    tokens: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _NOTHING)


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

    The score is the sum over the words and over their parts (part numbers, sizes with units).

    Attributes:
        words, parts: field to how often a word there counts, 1 or more.
        max_words: words that are looked at; OpenSearch refuses over 1,024 clauses, one per word and field.
    """

    words: Boosts = (
        (fields.TITLE, 2.0),
        (fields.TEXT, 1.0),
        (f"{fields.BRAND}.{fields.SEARCH}", 1.0),
        (f"{fields.CATEGORY}.{fields.SEARCH}", 1.0),
    )
    parts: Boosts = (
        (f"{fields.TITLE}.{fields.PARTS}", 2.0),
        (f"{fields.TEXT}.{fields.PARTS}", 1.0),
    )
    max_words: int = 250
    name: str = BM25
    vector_field: str | None = None

    def query(self, question: Question) -> dict[str, Any]:
        """``combined_fields``, which has no query syntax: operators and wildcards are plain words to it."""
        text = first_words(question.text, self.max_words)
        return {
            "bool": {
                "should": [_combined(text, self.words), _combined(text, self.parts)],
                "minimum_should_match": 1,
                "filter": list(question.filters),
            }
        }


def _combined(text: str, boosts: Boosts) -> dict[str, Any]:
    return {"combined_fields": {"query": text, "fields": [f"{name}^{boost:g}" for name, boost in boosts]}}


@dataclass(frozen=True, slots=True)
class DenseLeg:
    """Meaning: nearest neighbours of the query's vector in the HNSW graph (filtered while searching).

    Attributes:
        beam: width of the search in the graph, as a multiple of the window. With 1 the last of the window's
            neighbours are missed: a beam finds its own tail badly.
    """

    beam: int = 2
    name: str = DENSE
    vector_field: str | None = fields.DENSE

    def query(self, question: Question) -> dict[str, Any]:
        """``knn`` with k = window."""
        field = str(self.vector_field)
        knn: dict[str, Any] = {
            "vector": question.vectors[field].tolist(),
            "k": question.window,
            "method_parameters": {"ef_search": min(self.beam * question.window, MAX_BEAM)},
        }
        if question.filters:
            knn["filter"] = {"bool": {"filter": list(question.filters)}}
        return {"knn": {field: knn}}
