"""Indexes of User Behavior Insights (UBI 1.3.0): queries, and what shoppers did with their results.

Names and types are those of the specification and of OpenSearch's plugin, which need not be installed.
Unlike the plugin's, no index grows fields that a visitor invents.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

VERSION: Final = "1.3.0"
QUERIES: Final = "ubi_queries"
EVENTS: Final = "ubi_events"

# Longest values, in characters, as the specification has them.
ID_CHARS: Final = 100
OBJECT_ID_CHARS: Final = 256
MESSAGE_CHARS: Final = 1_024
# A keyword over 32,766 bytes refuses the whole document; of UTF-8 that many characters are fewer bytes.
USER_QUERY_CHARS: Final = 2_000


class Action(StrEnum):
    """What the specification names; others may occur."""

    IMPRESSION = "impression"
    CLICK = "click"
    CLICK_THROUGH = "click_through"
    VIEW = "view"
    WATCH = "watch"
    ADD_TO_CART = "add_to_cart"
    PURCHASE = "purchase"


SETTINGS: Final = {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}}
"""Of an index that `aisle serve` makes where none is: a copy as soon as there is a node for it."""

_ID: Final = {"type": "keyword", "ignore_above": ID_CHARS}
_USER_QUERY: Final = {"type": "keyword", "ignore_above": USER_QUERY_CHARS}
_DATE: Final = {"type": "date", "format": "strict_date_optional_time||epoch_millis"}


def queries_body() -> dict[str, Any]:
    """The body that makes ``ubi_queries``."""
    return _body(
        {
            "timestamp": _DATE,
            "query_id": _ID,
            "query": {"type": "text"},
            "query_response_id": _ID,
            "query_response_hit_ids": {"type": "keyword", "ignore_above": OBJECT_ID_CHARS},
            "user_query": _USER_QUERY,
            # Its subfields are searched, and cannot be aggregated: what boards count is an observation.
            "query_attributes": {"type": "flat_object"},
            "client_id": _ID,
            "session_id": _ID,
            "user_id": _ID,
            "application": _ID,
            "object_id_field": _ID,
        }
    )


def events_body() -> dict[str, Any]:
    """The body that makes ``ubi_events``."""
    position = {
        "ordinal": {"type": "integer"},
        "xy": {"properties": {"x": {"type": "double"}, "y": {"type": "double"}}},
        "x": {"type": "integer"},
        "y": {"type": "integer"},
        "page_depth": {"type": "integer"},
        "scroll_depth": {"type": "integer"},
        "trail": {"type": "keyword", "ignore_above": OBJECT_ID_CHARS},
    }
    item = {
        "object_id": {"type": "keyword", "ignore_above": OBJECT_ID_CHARS},
        "internal_id": {"type": "keyword", "ignore_above": OBJECT_ID_CHARS},
        "object_id_field": _ID,
        "object_id_type": _ID,
        "name": {"type": "keyword", "ignore_above": OBJECT_ID_CHARS},
        # Of an experiment; boards of other tools ask for its subfield.
        "search_config": {**_ID, "fields": {"keyword": _ID}},
    }
    return _body(
        {
            "timestamp": _DATE,
            "action_name": _ID,
            "query_id": _ID,
            # Not in the specification: without it Search Relevance Workbench cannot make judgments of clicks.
            "user_query": _USER_QUERY,
            "client_id": _ID,
            "session_id": _ID,
            "user_id": _ID,
            "application": _ID,
            "message": {"type": "keyword", "ignore_above": MESSAGE_CHARS},
            "message_type": _ID,
            "event_attributes": {
                "properties": {"position": {"properties": position}, "object": {"properties": item}}
            },
        }
    )


def _body(properties: dict[str, Any]) -> dict[str, Any]:
    return {"settings": SETTINGS, "mappings": {"dynamic": False, "properties": properties}}
