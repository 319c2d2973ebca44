"""Groups: one hit per product, the variant of it that fits best. Pure.

OpenSearch's own ``collapse`` loses groups in a ``hybrid`` query (neural-search issue 1947), so candidates are
collapsed here, after fusion and reranking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from aisle._arguments import check_whole
from aisle.errors import InvalidQuery
from aisle.mappings import IndexMeta, fields
from aisle.search.fusion import Fused
from aisle.search.stored import StoredValues
from aisle.types import Item

# OpenSearch's index.max_inner_result_window, less the variant that is shown.
MAX_VARIANTS: Final = 99
# Up to which OpenSearch counts different values all but exactly: the most that it takes.
EXACT_UP_TO: Final = 40_000


_NONE_PINNED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """How variants of one product become one hit.

    Attributes:
        size: other variants that come back beside each hit, 0 to 99; only those that pass the filters.
        window: how many times as many candidates each leg finds in a second request, 1 to 10, where variants
            take the places of other products: those of the first are fewer products than half the window.

    Raises:
        InvalidQuery: a number that is out of range.
    """

    size: int = 0
    window: int = 3

    def __post_init__(self) -> None:
        check_whole(size=self.size, window=self.window)
        if not 0 <= self.size <= MAX_VARIANTS:
            raise InvalidQuery(
                f"{self.size} variants per hit cannot be shown", fix=f"use 0 (none) to {MAX_VARIANTS}"
            )
        if not 1 <= self.window <= 10:
            raise InvalidQuery(f"{self.window} times the candidates cannot be asked", fix="use 1 to 10")


def group_of(id_: str, values: StoredValues) -> str:
    """The group of a candidate: its own id where it has none that the index could keep.

    Args:
        id_: of the candidate.
        values: its group among them.
    """
    found = values.get(id_, {}).get(fields.GROUP)
    return str(found[0]) if found else id_


def collapsed(
    order: Sequence[Fused], values: StoredValues, pinned: Mapping[str, str] = _NONE_PINNED
) -> list[Fused]:
    """One of each group, in their order: the reference for every grouped search.

    Args:
        order: best first.
        values: the groups among them.
        pinned: group to the item that is to stand for it; of other groups it is the first.
    """
    chosen = dict(pinned)
    return [fused for fused in order if chosen.setdefault(group_of(fused.id, values), fused.id) == fused.id]


def pinned_variants(
    pins: Iterable[str], missing: Mapping[str, str], values: StoredValues
) -> tuple[dict[str, str], dict[str, str]]:
    """Group to the item that rules pin for it; and the pinned items that cannot be shown, with the reason.

    Args:
        pins: ids of items, the first of a group stands for it.
        missing: those that cannot be shown anyway.
        values: the groups among them.
    """
    pinned: dict[str, str] = {}
    missing = dict(missing)
    for id_ in pins:
        if id_ not in missing:
            first = pinned.setdefault(group_of(id_, values), id_)
            if first != id_:
                missing[id_] = f"{first}, another variant of its product, is pinned"
    return pinned, missing


def variants_of(shown: Item, items: Sequence[Item], size: int) -> tuple[Item, ...]:
    """The other variants of an item's product, in order of id: the reference that the node is held to.

    Args:
        shown: the hit.
        items: all that pass the filters.
        size: how many at most.
    """
    group = shown.group or shown.id
    others = [item for item in items if (item.group or item.id) == group and item.id != shown.id]
    return tuple(sorted(others, key=lambda item: item.id)[:size])


_COUNT = "groups"


def counting(meta: IndexMeta, exact: int = EXACT_UP_TO) -> dict[str, Any]:
    """Aggregation that counts groups.

    Args:
        meta: of the release.
        exact: up to so many groups it is a count and no estimate, but for collisions of hashes; the server
            clears 8 bytes for each.
    """
    field = fields.GROUP_HASH if meta.features.hashes_groups else fields.GROUP
    return {"cardinality": {"field": field, "precision_threshold": exact}}


def count_body(meta: IndexMeta, words: Mapping[str, Any] | None) -> dict[str, Any]:
    """Aggregation that counts the groups of what the words match.

    Args:
        meta: of the release.
        words: see ``legs.words_query``; None counts those of every candidate.
    """
    counted = counting(meta)
    return {_COUNT: {"filter": words or {"match_all": {}}, "aggs": {_COUNT: counted}}}


def read_count(aggregations: Mapping[str, Any]) -> tuple[int, bool]:
    """How many groups, and whether that is a count and no estimate, from the answer to `count_body`."""
    count = int(aggregations[_COUNT][_COUNT]["value"])
    return count, count < EXACT_UP_TO
