"""Roots of categories that bear the name of a deeper level: "Kitchen" beside "Home > Kitchen". Pure.

A filter by such a name finds both, so the count beside it is of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aisle.mappings import fields

# Of each kind; OpenSearch allows 65,535 buckets in all. The most frequent ones come first.
_MOST: Final = 10_000
_PATHS, _NAMES = "paths", "names"


def levels_body() -> dict[str, Any]:
    """Body of the request for the categories of a release, once for all its searches."""
    return {
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            _PATHS: {"terms": {"field": fields.CATEGORY, "size": _MOST}},
            _NAMES: {"terms": {"field": fields.CATEGORY_NAME, "size": _MOST}},
        },
    }


def shared_roots(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The roots that more items have as any level than as their first, from the answer to `levels_body`."""
    paths, names = (
        {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"][kind]["buckets"]}
        for kind in (_PATHS, _NAMES)
    )
    return tuple(sorted(name for name, count in names.items() if 0 < paths.get(name, 0) < count))
