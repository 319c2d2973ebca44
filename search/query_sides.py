"""The encoders of a search client: which of them fills a vector field's part of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mappings import IndexMeta, fields
from search.legs import Leg, Vector


class QueryEncoder(Protocol):
    """Turns queries into vectors of one space (``encoder.DenseEncoder``)."""

    @property
    def fingerprint(self) -> str:
        """sha256 of the artifact, 64 hex digits."""

    def encode_queries(self, texts: list[str], dims: int | None = None) -> NDArray[np.float32]:
        """float32 [len(texts), dims], rows of unit length."""


class SparseQueryEncoder(Protocol):
    """Turns a query into weights of vocabulary tokens (``encoder.SparseEncoder``)."""

    @property
    def fingerprint(self) -> str:
        """sha256 of the artifact, 64 hex digits."""

    def encode_query(self, text: str) -> Mapping[str, float]:
        """Token to weight, above 0; empty if no token of the query is known."""


@dataclass(frozen=True, slots=True)
class QuerySides:
    """Attributes:
    dense: fills every vector field but the sparse one.
    sparse: fills that one.
    """

    dense: QueryEncoder | None = None
    sparse: SparseQueryEncoder | None = None

    def fingerprint(self, field: str) -> str | None:
        """Of the encoder that fills a field, None without one."""
        encoder = self.sparse if field == fields.SPARSE else self.dense
        return encoder.fingerprint if encoder else None

    def vectors(self, text: str, legs: Sequence[Leg], meta: IndexMeta) -> dict[str, Vector]:
        """Vector field to the question's vector, as wide as the index has them."""
        if self.dense is None:
            return {}
        widths = {field: meta.spaces[field].dims for field in _fields(legs) if field != fields.SPARSE}
        return {field: self.dense.encode_queries([text], dims)[0] for field, dims in widths.items()}

    def tokens(self, text: str, legs: Sequence[Leg]) -> dict[str, Mapping[str, float]]:
        """Sparse field to the question's weights."""
        if self.sparse is None or fields.SPARSE not in _fields(legs):
            return {}
        return {fields.SPARSE: self.sparse.encode_query(text)}


def _fields(legs: Sequence[Leg]) -> list[str]:
    return [leg.vector_field for leg in legs if leg.vector_field]
