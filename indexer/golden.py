"""A sample of the items that are being loaded, to ask the finished release for."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from records import Item

# 95 % of 200 is found or not within a margin of 3 percent points (two standard deviations).
USUAL_SIZE: Final = 200


class Sampler:
    """Each item offered has the same chance to be in the sample, however many come (Vitter 1985, R).

    Args:
        size: how many items to keep, whole.
        seed: the same items in the same order give the same sample.
    """

    def __init__(self, size: int = USUAL_SIZE, seed: int = 0) -> None:
        self._size = size
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._offered = 0
        self._kept: list[Item] = []

    def offer(self, item: Item) -> None:
        """Perhaps keep it; from any thread."""
        with self._lock:
            place = self._offered if self._offered < self._size else self._random.randrange(self._offered + 1)
            self._offered += 1
            if place == len(self._kept) < self._size:
                self._kept.append(item)
            elif place < self._size:
                self._kept[place] = item

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, each offered as it passes."""
        for item in items:
            self.offer(item)
            yield item

    @property
    def samples(self) -> tuple[Item, ...]:
        """The sample so far."""
        with self._lock:
            return tuple(self._kept)
