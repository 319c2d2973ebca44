"""Shops of different kinds, as domains that are learned from and moved to."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle._recommend import find_files, read_data
from aisle.errors import InputError
from aisle.sequences import Sequences, sorted_sequences
from aisle.training.adaptation.domains import Domain
from benchmarks.harness.command_line import say
from benchmarks.harness.item_vectors import kept_vectors
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.item_to_item.data import orders

_CRAWLED: Final = 2016
"""Steam names the year of a review only where it is not the one in which its pages were read."""
_TAGS: Final = 8

Read = tuple[Sequences, tuple[str, ...]]
"""Sequences, and the text of each item."""


def _catalogue(name: str) -> Read:
    known, read = read_data(find_files(dataset(name), None), None, say)
    if known is None:
        raise InputError(f"{name} has no texts", fix="name a data set with a catalogue")
    return read.sequences, known.texts


def _customers() -> Read:
    """Customers of online_retail, whose items of one invoice stand in the order of its lines."""
    _, read = read_data(find_files(dataset("online_retail") / "online_retail.csv.gz", None), None, say)
    held = orders()
    return read.sequences.onto(held.baskets.items), held.titles


def _steam() -> Read:
    """Players and the games that they wrote about, by day."""
    folder = dataset("steam")
    with gzip.open(folder / "games.jsonl.gz") as lines:
        games = {game["item_id"]: game for game in map(orjson.loads, lines)}
    with gzip.open(folder / "user_reviews.csv.gz", "rt", encoding="utf-8") as held:
        rows = [row for row in csv.DictReader(io.StringIO(held.read())) if row["item_id"] in games]
    items = tuple(dict.fromkeys(row["item_id"] for row in rows))
    users = tuple(dict.fromkeys(row["user_id"] for row in rows))
    sequences = sorted_sequences(
        items,
        users,
        _positions(users, [row["user_id"] for row in rows]),
        _positions(items, [row["item_id"] for row in rows]).astype(np.int32),
        np.array([_day(row["posted"]) for row in rows]),
    )
    return sequences, tuple(_words(games[item]) for item in items)


def _positions(names: tuple[str, ...], of: list[str]) -> NDArray[np.int64]:
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[name] for name in of], dtype=np.int64)


def _day(posted: str) -> float:
    words = posted.rstrip(".")
    return datetime.strptime(words if "," in words else f"{words}, {_CRAWLED}", "%B %d, %Y").timestamp()


def _words(game: Mapping[str, Any]) -> str:
    tags = game.get("tags") or game.get("genres") or []
    return f"{game['app_name'] or game.get('title') or ''} {', '.join(tags[:_TAGS])}".strip()


READERS: Final[Mapping[str, Callable[[], Read]]] = MappingProxyType(
    {
        **{name: partial(_catalogue, name) for name in ("beauty", "sports", "scientific")},
        "online_retail": _customers,
        "steam": _steam,
    }
)
"""Domain to what reads it."""


@cache
def read_domain(name: str, most: int | None = None) -> Domain:
    """Read a domain and its items' texts as vectors, once in a run.

    Args:
        name: in ``READERS``.
        most: steps of all users who are kept together, who are drawn with a seed; items that these did not
            take are left out. None: everything is kept.

    Raises:
        InputError: its data is not there.
    """
    sequences, texts = READERS[name]()
    if most is not None:
        several = np.flatnonzero(sequences.lengths > 1)
        drawn = np.random.default_rng(0).permutation(several)
        chosen = np.sort(drawn[np.cumsum(sequences.lengths[drawn]) <= most])
        few = sequences.of_users(chosen)
        taken = np.unique(few.steps)
        sequences = few.onto(tuple(few.items[item] for item in taken))
        texts = tuple(texts[item] for item in taken)
    return Domain(name, sequences, kept_vectors(load_encoder(), texts))
