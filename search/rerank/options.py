"""How one search is reranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from records import InvalidQuery

USUAL_WEIGHT: Final = 0.4
"""A small model knows other things than the fusion does, not more: see docs/search-quality.md."""


@dataclass(frozen=True, slots=True)
class RerankOptions:
    """How far, how long, and how much the model counts.

    Attributes:
        top: most candidates that are reranked; None: as many as the reranker's stages take.
        budget_ms: most milliseconds that it may take, reading the texts included; None: no limit. Candidates
            are scored best first; those that there was no time for keep their order, below.
        weight: of the model in the final order, 0 to 1; the rest is the fused score's. 1: the model alone.
        chunk: pairs that are scored between two looks at the clock.

    Raises:
        InvalidQuery: a value that cannot be used.
    """

    top: int | None = None
    budget_ms: float | None = None
    weight: float = USUAL_WEIGHT
    chunk: int = 16

    def __post_init__(self) -> None:
        for name, holds, fix in (
            ("top", self.top is None or self.top >= 1, "1 or more"),
            ("budget_ms", self.budget_ms is None or self.budget_ms > 0, "more than 0 milliseconds"),
            ("weight", 0 <= self.weight <= 1, "0 (the fused order) to 1 (the model alone)"),
            ("chunk", self.chunk >= 1, "1 or more"),
        ):
            if not holds:
                raise InvalidQuery(
                    f"a search cannot be reranked with {name} {getattr(self, name)}", fix=f"give {fix}"
                )
