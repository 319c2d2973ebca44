"""What one asks of a run of updates."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.release_names import check_name
from indexer.retries import RetryPolicy
from indexer.updates.batches import BatchLimits
from records import InputError


@dataclass(frozen=True, slots=True)
class UpdateOptions:
    """Attributes:
    name: of the catalogue; its live release is written to.
    limits: when a batch closes.
    refresh: make each batch visible to searches at once, and not at the index's own interval.
    wait_s: how long to wait for another process that changes the catalogue, in seconds.
    retry: per request.

    Raises:
        InputError: a name that is none, or a negative time.
    """

    name: str
    limits: BatchLimits = field(default_factory=BatchLimits)
    refresh: bool = False
    wait_s: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.wait_s < 0:
            raise InputError(f"nobody waits {self.wait_s:g} seconds", fix="give 0 or more with --wait")
