"""What was used of late: a bounded, thread-safe memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps the ``most`` entries that were read or written last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def find(self, keys: Sequence[K]) -> list[V | None]:
        """The value of each key, None where there is none."""
        with self._lock:
            for key in keys:
                if key in self._held:
                    self._held.move_to_end(key)
            return [self._held.get(key) for key in keys]

    def keep(self, entries: Iterable[tuple[K, V]]) -> None:
        """Write; the entries that were not used for the longest time go."""
        with self._lock:
            for key, value in entries:
                self._held[key] = value
                self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
