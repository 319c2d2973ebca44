"""What a run reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from indexer.tally import Progress


@dataclass(frozen=True, slots=True)
class IndexReport:
    """Attributes:
    name, release: the alias and the index that it points to now.
    replaced: the release that was live before, empty for the first.
    deleted: older releases that were removed.
    documents: in the release, counted there.
    refused: documents that OpenSearch or JSON refused; each went to ``refuse``.
    seconds, docs_per_s: from the first check to the swapped alias, without the resumed documents.
    load_s: of these, until the last document was acknowledged.
    stage_s: seconds each stage was busy, summed over its threads (see `tally.Progress.busy_s`).
    retries: bulk requests that were repeated.
    resumed: of the documents, how many an earlier, interrupted run has written.
    """

    name: str
    release: str
    replaced: str
    deleted: tuple[str, ...]
    documents: int
    refused: int
    seconds: float
    docs_per_s: float
    load_s: float
    stage_s: dict[str, float]
    retries: int
    resumed: int = 0

    @classmethod
    def of(
        cls,
        name: str,
        release: str,
        loaded: Progress,
        *,
        replaced: tuple[str, ...],
        deleted: tuple[str, ...],
        seconds: float,
    ) -> Self:
        """A run that loaded this much and took so long."""
        return cls(
            name=name,
            release=release,
            replaced=", ".join(replaced),
            deleted=deleted,
            documents=loaded.accepted,
            refused=loaded.refused,
            resumed=loaded.resumed,
            seconds=seconds,
            docs_per_s=(loaded.accepted - loaded.resumed) / seconds,
            load_s=loaded.seconds,
            stage_s=loaded.busy_s,
            retries=loaded.retries,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json`` and result files."""
        return asdict(self)
