"""Waiting for copies that do not come: a server on loopback says so. Real ones: test_three_nodes."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from aisle.cluster import ClusterSettings, connect
from aisle.cluster.failures import RetryPolicy
from aisle.indexer.releases.publish import await_copies
from tests.support.proxies.base import QuietHandler, QuietServer

RELEASE = "shop-v0001"
TOO_LATE, IN_TIME = 408, 200


def health(active: int, initializing: int, unassigned: int) -> dict[str, int]:
    return {
        "active_shards": active,
        "initializing_shards": initializing,
        "unassigned_shards": unassigned,
    }


@contextmanager
def answering(states: Sequence[tuple[int, dict[str, int]]]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """A cluster with these healths, one after another; yields its URL and what it was asked."""
    asked: list[tuple[str, Any]] = []
    left = iter(states)

    class Handler(QuietHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path.partition("?")[0]
            asked.append((f"{self.command} {path}", json.loads(body) if body else None))
            status, said = next(left) if "_cluster/health" in path else (200, {"acknowledged": True})
            self.answer(status, json.dumps(said).encode(), "application/json")

        do_GET = do_PUT = handle_one  # noqa: N815

    server = QuietServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


# As the publisher asks, with little patience.
IMPATIENT = RetryPolicy(deadline_s=1, first_wait_s=0.01)
HEALTH, SETTINGS = f"GET /_cluster/health/{RELEASE}", f"PUT /{RELEASE}/_settings"


@pytest.mark.parametrize(
    ("states", "missing", "requests", "warned"),
    [
        ([(IN_TIME, health(2, 0, 0))], 0, [HEALTH], ""),
        # Given up after five attempts, and made when it is tried again.
        ([(IN_TIME, health(1, 0, 1)), (IN_TIME, health(2, 0, 0))], 0, [HEALTH, SETTINGS, HEALTH], ""),
        # No node for it.
        ([(IN_TIME, health(2, 0, 1))] * 2, 1, [HEALTH, SETTINGS, HEALTH], "2 of 3 shards: 1 copies"),
        # The time is over while copies are being made: no reason to give up a release that is loaded.
        ([(TOO_LATE, health(3, 1, 0))], 1, [HEALTH], "3 of 4 shards: 1 copies"),
        ([(TOO_LATE, health(3, 2, 1))] * 2, 3, [HEALTH, SETTINGS, HEALTH], "3 of 6 shards: 3 copies"),
    ],
)
def test_copies_are_waited_for_tried_again_and_missed_by_name(
    states: list[tuple[int, dict[str, int]]],
    missing: int,
    requests: list[str],
    warned: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        answering(states) as (url, asked),
        connect(ClusterSettings(url=url)) as client,
        caplog.at_level(logging.WARNING, logger="aisle.indexer.releases.publish"),
    ):
        assert await_copies(client.retrying(IMPATIENT), RELEASE) == missing
    assert [request for request, _ in asked] == requests
    assert [body for request, body in asked if request == SETTINGS] == [
        {"index": {"allocation.max_retries": 10}} for request in requests if request == SETTINGS
    ]
    said = [
        record.getMessage() for record in caplog.records if record.name == "aisle.indexer.releases.publish"
    ]
    assert (warned in said[0]) if warned else said == []
