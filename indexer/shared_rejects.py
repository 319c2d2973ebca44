"""One rejects file for rows that no reader could use and documents that OpenSearch refused."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from catalogue.rejects import Rejects
from indexer.bulk_bodies import Refusal

REFUSED: Final = "refused by OpenSearch"


class SharedRejects(Rejects):
    """`Rejects` for a pipeline, whose reader and writers reject from different threads."""

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__(path)
        self._lock = threading.Lock()

    def add(self, line: int, reason: str, row: bytes | Mapping[str, Any]) -> None:
        """See `Rejects.add`."""
        with self._lock:
            super().add(line, reason, row)

    def refuse(self, refusal: Refusal) -> None:
        """For ``index_catalogue(refuse=...)``: line 0, as its line is no longer known, and what was said."""
        self.add(0, REFUSED, {"id": refusal.id, "error": refusal.reason})
