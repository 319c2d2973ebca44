"""The index that boards are drawn from: searches, measured quality, releases; no texts of queries."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from aisle.mappings.ubi import SETTINGS

OBSERVATIONS: Final = "aisle-observations"


class Kind(StrEnum):
    """What an observation is of."""

    SEARCH = "search"
    EVALUATION = "evaluation"
    RELEASE = "release"
    WATCH = "watch"
    """How far a trigger's figure is from the baseline, as a multiple of its limit."""


_KEYWORD: Final = {"type": "keyword", "ignore_above": 256}
_COMMON: Final = {
    "timestamp": {"type": "date", "format": "strict_date_optional_time||epoch_millis"},
    "kind": _KEYWORD,
    "catalogue": _KEYWORD,
    "release": _KEYWORD,
}
_OF_A_SEARCH: Final = {
    "query_id": _KEYWORD,
    "took_ms": {"type": "double"},
    # See ``search.page``: words, meaning, all, nothing.
    "matched": _KEYWORD,
    "path": _KEYWORD,
    "total": {"type": "long"},
    "page": {"type": "integer"},
    "rules": _KEYWORD,
    "degraded": _KEYWORD,
    "application": _KEYWORD,
    "search_config": _KEYWORD,
}
_OF_AN_EVALUATION: Final = {
    "dataset": _KEYWORD,
    "split": _KEYWORD,
    "system": _KEYWORD,
    "metric": _KEYWORD,
    "value": {"type": "double"},
    "queries": {"type": "integer"},
}
_OF_A_RELEASE: Final = {
    "documents": {"type": "long"},
    "rejected": {"type": "long"},
    "seconds": {"type": "double"},
}


def observations_body() -> dict[str, Any]:
    """The body that makes the index."""
    properties = {**_COMMON, **_OF_A_SEARCH, **_OF_AN_EVALUATION, **_OF_A_RELEASE}
    return {"settings": SETTINGS, "mappings": {"dynamic": "strict", "properties": properties}}
