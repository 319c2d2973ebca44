"""The copies of a loaded release: made from files alone, waited for, and missed by name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import opensearchpy

_log = logging.getLogger(__name__)
# A copy of a large shard takes minutes; one that has no node to go to is not waited for.
_LONG_S: Final = 600
# OpenSearch's own default of index.allocation.max_retries.
_ATTEMPTS: Final = 5

Ask = Callable[[Callable[[], Any]], Any]


def flush(client: opensearchpy.OpenSearch, ask: Ask, release: str) -> None:
    """Before the copies are asked for: they are then made of the primary's files, without its history.

    A node that died while it was loaded closes the gaps in its history with operations that do nothing.
    k-NN's derived source loses the reason that these carry, and a copy that replays them fails again and
    again (https://github.com/opensearch-project/k-NN/issues/3401).
    """
    params = {"force": "true", "wait_if_ongoing": "true", "request_timeout": _LONG_S}
    ask(partial(client.indices.flush, index=release, params=params))


def await_copies(client: opensearchpy.OpenSearch, ask: Ask, release: str) -> int:
    """Wait for the copies that are being made, and have those that failed tried again.

    Returns:
        How many copies, over all shards, are not there; a warning says so. OpenSearch goes on making those
        for which there is a node.
    """
    health = _settled(client, ask, release)
    if health["unassigned_shards"]:
        _try_again(client, ask, release)
        health = _settled(client, ask, release)
    missing = int(health["unassigned_shards"]) + int(health["initializing_shards"])
    if missing:
        wanted = missing + int(health["active_shards"])
        _log.warning(
            "%s has %d of %d shards: %d copies are missing, as there is no data node for them, or too little"
            " time or disk; OpenSearch makes them when it can (GET _cluster/allocation/explain tells why)",
            release,
            wanted - missing,
            wanted,
            missing,
        )
    return missing


def _settled(client: opensearchpy.OpenSearch, ask: Ask, release: str) -> dict[str, Any]:
    """The index's health once no copy is being made, or the time is over."""
    params = {
        "wait_for_events": "languid",
        "wait_for_no_initializing_shards": "true",
        "timeout": f"{_LONG_S}s",
        # With a margin, so that it is the server that says what is missing when the time is over.
        "request_timeout": _LONG_S + 30,
        "ignore": 408,
    }
    health: dict[str, Any] = ask(partial(client.cluster.health, index=release, params=params))
    return health


def _try_again(client: opensearchpy.OpenSearch, ask: Ask, release: str) -> None:
    """A copy is given up after so many attempts, all of them within seconds: allow as many again.

    ``_cluster/reroute?retry_failed`` does the same for all indexes and needs a right over the whole cluster.
    """
    body = {"index": {"allocation.max_retries": 2 * _ATTEMPTS}}
    ask(partial(client.indices.put_settings, index=release, body=body))
