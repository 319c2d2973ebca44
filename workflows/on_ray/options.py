"""How much of which Ray cluster a run takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from records import InputError

LOCAL: Final = "local"


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Attributes:
    address: of a Ray cluster that this machine belongs to (``host:port`` or ``auto``). ``local``: Ray is
        started on this machine, on loopback alone, and stopped at the end.
    workers: processes that encode and write; each loads the model once.
    cpus: cores per worker, for Ray's books and for ONNX Runtime's threads.
    batch_items: items that travel, are written and are settled together.
    store_bytes: object store of a Ray that is started here.

    Raises:
        InputError: a number that means nothing.
    """

    address: str = LOCAL
    workers: int = 2
    cpus: int = 1
    batch_items: int = 2048
    store_bytes: int = 512 * 2**20

    def __post_init__(self) -> None:
        if min(self.workers, self.cpus, self.batch_items) < 1:
            raise InputError(
                f"{self.workers} workers of {self.cpus} cores and batches of {self.batch_items} cannot be",
                fix="give at least 1 of each",
            )

    @property
    def cores(self) -> int:
        """Of all workers together."""
        return self.workers * self.cpus

    @property
    def window(self) -> int:
        """Batches under way at once: one at work and two waiting per worker. Bounds the memory of a run."""
        return 3 * self.workers
