"""kill -9 of `aisle index`: what was acknowledged stays, what is live stays, and --resume ends the run."""

from __future__ import annotations

from pathlib import Path

import pytest

import aisle
from aisle.cluster import Cluster
from aisle.indexer import index_catalogue
from tests.support.indexing import ENCODER, items, options
from tests.support.killed_runs import (
    BODY,
    BULK,
    REFRESH,
    SUGGESTIONS,
    SWAP,
    KillPoint,
    check,
    crash_and_resume,
    write_rows,
)

BODIES = 6
LIVE = 20


@pytest.mark.parametrize(
    "point",
    [
        KillPoint(BULK, 1, done=False),
        KillPoint(BULK, 4, done=True),
        KillPoint(REFRESH, 1, done=False),
        KillPoint(SUGGESTIONS, 1, done=True),
        KillPoint(SWAP, 1, done=True),
    ],
    ids=str,
)
def test_a_killed_run_loses_and_doubles_nothing(
    client: Cluster, node_url: str, name: str, tmp_path: Path, point: KillPoint
) -> None:
    index_catalogue(client, items(LIVE), ENCODER, options(name))
    rows = BODIES * BODY
    bad = write_rows(tmp_path / "rows.jsonl", rows)
    crash = crash_and_resume(client, node_url, tmp_path, name, tmp_path / "rows.jsonl", point)
    check(crash, point, before=LIVE, rows=rows, bad=bad)
    found = aisle.suggest("ne", name, cluster=client)
    assert [query.text for query in found.queries] == ["new shoe"] and found.queries[0].count == rows
    if point.path == BULK:
        # With a few requests at a time, those before the fatal one are settled or under way.
        assert crash.settled <= (point.nth - 1) * BODY
    else:
        assert crash.settled == rows
