"""What a run of updates has done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """Attributes:
    name, release: the catalogue, and the release that was written last.
    skipped: lines at the start of the input that an earlier run had applied.
    line: number of the last line that was applied or set aside.
    lines: how many this run has settled, empty ones among them.
    indexed, deleted: documents written and deleted; several changes of an item in one batch are one write.
    encoded: of these documents, how many needed new vectors.
    superseded: writes of which the index has a newer version.
    dead: lines that could not be applied, each in the dead letters file.
    retries: requests that were repeated.
    batches: acknowledged.
    unfinished: number of the last line of a file if it breaks off; it was left for the next run. Else 0.
    seconds: since the start.
    """

    name: str
    release: str = ""
    skipped: int = 0
    line: int = 0
    lines: int = 0
    indexed: int = 0
    deleted: int = 0
    encoded: int = 0
    superseded: int = 0
    dead: int = 0
    retries: int = 0
    batches: int = 0
    unfinished: int = 0
    seconds: float = 0.0

    def plus(self, **more: int) -> UpdateReport:
        """With counters added."""
        return replace(self, **{name: getattr(self, name) + number for name, number in more.items()})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``."""
        return asdict(self)
