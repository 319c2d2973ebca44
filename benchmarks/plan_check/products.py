"""A catalogue of any size with whole products, not titles alone: variants of real ones. Streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from random import Random

import numpy as np

from aisle.encoder import DenseEncoder, item_text
from aisle.encoder.dense import cut
from aisle.encoder.jitter import jittered
from aisle.indexer import ItemEncoder
from aisle.indexer.vectors import Vectors
from aisle.mappings import VectorSpace, fields
from aisle.types import Item
from benchmarks.catalogue.products import Products


def varied_products(real: Sequence[Item], seed: int = 0) -> Iterator[Item]:
    """The real products, then endless variants: another title, text and attributes of the next real one.

    Every title is distinct (``Products``), every id is ``p0``, ``p1``, ... A description that repeats itself
    would compress too well, so each variant's begins with its own title and has its words in another order.
    """
    chance = Random(seed)
    titles = Products((item.title for item in real), seed)
    for number, (title, base) in enumerate(zip(titles, cycle(real), strict=False)):
        if number < len(real):
            yield replace(base, id=f"p{number}", title=title)
        else:
            words = base.text.split()
            chance.shuffle(words)
            yield replace(base, id=f"p{number}", title=title, text=" ".join([title, *words]) if words else "")


class KnownVectors:
    """Vectors of items, made once at full width, for indexes of several widths and types.

    Args:
        model: makes them.
        items: all that will be asked for.
    """

    def __init__(self, model: DenseEncoder, items: Sequence[Item]) -> None:
        self._model = model
        self._places = {item.id: place for place, item in enumerate(items)}
        self._rows = model.encode_items([item_text(item) for item in items])

    def at(self, dims: int) -> ItemEncoder:
        """An encoder that looks them up, cut and `jittered` as those of an index are."""
        rows = cut(self._rows, dims)

        def look_up(items: Sequence[Item]) -> Vectors:
            ids = [item.id for item in items]
            return {fields.DENSE: jittered(rows[[self._places[id_] for id_ in ids]], ids)}

        space = VectorSpace(self._model.fingerprint, self._model.manifest.name, dims)
        return ItemEncoder({fields.DENSE: space}, look_up)


def random_encoder(dims: int, seed: int = 0) -> ItemEncoder:
    """Draws a direction for each item instead of encoding it: on disk, one takes what any other takes."""
    drawn = np.random.default_rng(seed)

    def draw(items: Sequence[Item]) -> Vectors:
        rows = drawn.standard_normal((len(items), dims), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return {fields.DENSE: rows}

    return ItemEncoder({fields.DENSE: VectorSpace("0" * 64, "random", dims)}, draw)
