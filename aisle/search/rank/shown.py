"""What the documents of candidates say, remembered from one search to the next.

A ranker reads two hundred documents a query, and a shop's searches meet the same ones again and again. Each
is known by its index and by the number of its last change there, both of which every answer names: so what
was changed, deleted and written again, or indexed anew is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aisle.mappings import fields
from aisle.search.rank.stage import Recent

MAX_SHOWN: Final = 50_000
"""Documents that are remembered at a time: some 50 MB."""

Version: TypeAlias = tuple[int, int]
"""The number of the last change of a document, and the term of the primary that made it."""

_FIELDS: Final = (fields.TITLE, fields.BRAND, fields.CATEGORIES, fields.MEASURES, fields.PRICE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a ranker reads of a document.

    Attributes:
        title, brand: as the item has them; category: the first path.
        measures: terms of its numbers and units, see ``aisle.mappings.measures``.
        price: None where the item has none.
    """

    title: str
    brand: str = ""
    category: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    price: float | None = None

    @classmethod
    def of(cls, source: Mapping[str, Any]) -> Shown:
        """Of a document with the fields that `shown_body` asks for."""
        paths = source.get(fields.CATEGORIES) or [()]
        return cls(
            source[fields.TITLE],
            source.get(fields.BRAND, ""),
            tuple(paths[0]),
            tuple(source.get(fields.MEASURES, ())),
            source.get(fields.PRICE),
        )


def shown_body(ids: Sequence[str]) -> dict[str, Any]:
    """Body of the request for these documents."""
    return {
        "size": len(ids),
        "_source": list(_FIELDS),
        "query": {"ids": {"values": list(ids)}},
        "seq_no_primary_term": True,
        # Nothing is scored, and nothing sorted.
        "sort": ["_doc"],
        "track_total_hits": False,
    }


def version_of(hit: Mapping[str, Any]) -> Version:
    """Of a hit that was asked with ``seq_no_primary_term``."""
    return hit["_seq_no"], hit["_primary_term"]


class ShownDocuments:
    """Remembers documents, those that were not met for the longest time no more. For several threads."""

    def __init__(self, most: int = MAX_SHOWN) -> None:
        self._held: Recent[tuple[str, str], tuple[Version, Shown]] = Recent(most)

    def find(self, index: str, versions: Mapping[str, Version]) -> dict[str, Shown]:
        """Those that are remembered as they are now.

        Args:
            index: its UUID, which no other index ever has.
            versions: item to the version that it has there.
        """
        found = self._held.find([(index, id_) for id_ in versions])
        return {
            id_: held[1]
            for (id_, version), held in zip(versions.items(), found, strict=True)
            if held is not None and held[0] == version
        }

    def read(self, index: str, hits: Sequence[Mapping[str, Any]]) -> dict[str, Shown]:
        """Item to what it says, of the hits of a request with `shown_body`; they are remembered."""
        read = {hit["_id"]: (version_of(hit), Shown.of(hit["_source"])) for hit in hits}
        self._held.keep(((index, id_), entry) for id_, entry in read.items())
        return {id_: shown for id_, (_, shown) in read.items()}
