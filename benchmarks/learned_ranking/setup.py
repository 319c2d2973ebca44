"""What all topics of this benchmark are measured with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOME: Final = "homedepot"
AWAY: Final = "icecat"
QUERIES: Final = 3000


@dataclass(frozen=True, slots=True)
class TrainedLegs:
    """Encoders that judgments trained.

    Attributes:
        encoder: dense artifact; sparse: sparse artifact, None: no such leg.
        learned: BEIR folder whose split ``train`` they learned from; the other queries of train are for the
            ranker, so that it sees the legs as they are for queries that they do not know.
        reranker: cross-encoder artifact that learned from them too; None: there is none.
    """

    encoder: str
    sparse: str | None
    learned: Path
    reranker: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """How a run goes.

    Attributes:
        kept: folder of what indexes were asked.
        queries: of train that are learned from, the first of the file.
        limit: a trial with so many products; None: all.
        away: measure icecat too.
        trained: legs that judgments trained; None: there are none.
    """

    kept: Path
    queries: int = QUERIES
    limit: int | None = None
    away: bool = True
    trained: TrainedLegs | None = None

    @property
    def trial(self) -> bool:
        """Whether the figures mean nothing."""
        return self.limit is not None or self.queries < QUERIES
