"""What all topics of this benchmark are measured with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOME: Final = "homedepot"
AWAY: Final = "icecat"
QUERIES: Final = 3000


@dataclass(frozen=True, slots=True)
class Setup:
    """How a run goes.

    Attributes:
        kept: folder of what indexes were asked.
        queries: of train that are learned from, the first of the file.
        limit: a trial with so many products; None: all.
        away: measure icecat too.
    """

    kept: Path
    queries: int = QUERIES
    limit: int | None = None
    away: bool = True

    @property
    def trial(self) -> bool:
        """Whether the figures mean nothing."""
        return self.limit is not None or self.queries < QUERIES
