"""The ways to keep and to load vectors that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aisle.mappings import IndexSettings
from aisle.mappings.vector_types import LAYOUTS, VectorType


@dataclass(frozen=True, slots=True)
class Way:
    """One way to keep vectors and to load them.

    Attributes:
        name: for tables.
        kept_as, dims: of the vectors; 0: there are none.
        m, ef_construction: of the graph.
        loading: settings of the index until all is loaded, which are then taken back.
        writers: requests at once.
        body_docs: documents of one request.
        merged: into one segment at the end.
        only: the engine that it is for; None: every one that keeps such vectors.
    """

    name: str
    kept_as: VectorType = VectorType.FP32
    dims: int = 64
    m: int = IndexSettings().m
    ef_construction: int = IndexSettings().ef_construction
    loading: Mapping[str, Any] = field(default_factory=dict)
    writers: int = 4
    body_docs: int = 500
    merged: bool = False
    only: str | None = None

    @property
    def engines(self) -> tuple[str, ...]:
        """Those that it is measured on, where a node has them."""
        return (self.only,) if self.only else tuple(LAYOUTS[self.kept_as])


WIDTHS: Final = (64, 384)
USUAL: Final = Way("as Aisle loads")
KEPT_WAYS: Final = tuple(
    replace(USUAL, kept_as=kept_as, dims=dims) for dims in WIDTHS for kept_as in VectorType
)
"""Every type at every width, each loaded as usual."""

LOADING_WAYS: Final = (
    Way("without vectors", dims=0),
    Way("ef_construction 64", ef_construction=64),
    Way("m 12, ef_construction 64", m=12, ef_construction=64),
    Way("bytes, ef_construction 64", VectorType.BYTE, ef_construction=64),
    Way("merged at the end", merged=True),
    # lucene builds its graph while it is written to; faiss when a segment is written or merged, and may wait.
    Way(
        "graphs in the last merge alone",
        loading={"knn.advanced.approximate_threshold": -1},
        merged=True,
        only="faiss",
    ),
)
"""Other ways to load what the first of `KEPT_WAYS` loads."""
