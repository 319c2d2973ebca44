"""Least-privilege roles for OpenSearch's security plugin, one JSON document each."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

import orjson

from aisle.errors import InputError

_NAME: Final = "{name}"
# In an index pattern these widen it, or stand for something of the user's.
_PATTERN_SIGNS: Final = frozenset("*?/\\${}")


class Role(StrEnum):
    """Who needs what; see docs/how-to/security.md."""

    INDEXER = "indexer"
    UPDATER = "updater"
    RELEASES = "releases"
    SEARCHER = "searcher"
    MERCHANDISER = "merchandiser"
    RECORDER = "recorder"
    WATCHER = "watcher"


def role_document(role: Role, name: str) -> dict[str, Any]:
    """The body for ``PUT _plugins/_security/api/roles/<role>``.

    Args:
        role: whose.
        name: of the catalogue; the role reaches its alias and its releases alone, and Aisle's own state.

    Raises:
        InputError: a name that would open other indexes too.
    """
    if not name or _PATTERN_SIGNS & set(name):
        raise InputError(
            f"a role cannot be made for {name[:64]!r}", fix="give the name of one catalogue, such as shop"
        )
    document: dict[str, Any] = orjson.loads((files(__name__) / f"{role}.json").read_bytes())
    for permission in document["index_permissions"]:
        permission["index_patterns"] = [
            pattern.replace(_NAME, name) for pattern in permission["index_patterns"]
        ]
    return document
