"""A catalogue of any size, all of it distinct: real titles first, then variants of them. Streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from aisle.catalogue.reader import SeenIds
from aisle.encoder.text import clean
from aisle.errors import InputError
from benchmarks.catalogue_variants import variants


class Products:
    """An endless stream of encoder texts, no two of them equal but for case.

    Case does not count because most tokenizers fold it. Only the real titles are kept in memory, and 11 to 22
    bytes for each product.

    Attributes:
        real: how many of the products so far are real titles.
    """

    def __init__(self, titles: Iterable[str], seed: int = 0) -> None:
        self.real = 0
        self._stream = self._texts(titles, Random(seed))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next product. Raises InputError if there are no real titles."""
        return next(self._stream)

    def _texts(self, titles: Iterable[str], chance: Random) -> Iterator[str]:
        seen = SeenIds()
        kept: list[str] = []
        for title in titles:
            if title and seen.add(title.casefold()):
                kept.append(title)
                self.real += 1
                yield title
        if not kept:
            raise InputError("there are no real titles to vary", fix="check the folder of real data")
        for made in map(clean, variants(kept, chance)):
            if seen.add(made.casefold()):
                yield made
