"""Which names of attributes any item of a release has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.mappings import fields
from aisle.search.facets.kinds import buckets

_NAMES: Final = "names"


def names_body(names: Sequence[str], clauses: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Body of the request that tells which of these names there are.

    Args:
        names: of attributes.
        clauses: that items meet whose names are looked at.
    """
    asked = [fields.facet_name(name) for name in names]
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"filter": [{"terms": {fields.FACET_NAME: asked}}, *clauses]}},
        "aggs": {_NAMES: {"terms": {"field": fields.FACET_NAME, "include": asked, "size": len(asked)}}},
    }


def read_names(names: Sequence[str], answer: Mapping[str, Any]) -> frozenset[str]:
    """Those of the names that some item has, from the answer to `names_body`."""
    there = buckets(answer["aggregations"][_NAMES])
    return frozenset(name for name in names if fields.facet_name(name) in there)
