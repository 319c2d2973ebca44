"""What a bulk response says about each document."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.cluster.failures import describe
from aisle.errors import DiskFull, IndexingFailed
from aisle.indexer.bulk import Body, Line, Refusal, settle

BODY = Body(tuple(Line(name, b"") for name in "abcde"))
FINE = {"index": {"status": 201}}


def failed(status: int, kind: str, reason: str = "no") -> dict[str, Any]:
    return {"index": {"status": status, "error": {"type": kind, "reason": reason}}}


def test_without_errors_all_are_accepted() -> None:
    outcome = settle(BODY, {"took": 3, "errors": False})
    assert (outcome.accepted, outcome.retry, outcome.refused) == (5, (), ())


def test_each_document_gets_its_own_verdict() -> None:
    items = [
        FINE,
        failed(429, "rejected_execution_exception"),
        failed(400, "mapper_parsing_exception", "bad price"),
        failed(500, "circuit_breaking_exception", "too much"),
        failed(503, "unavailable_shards_exception"),
    ]
    outcome = settle(BODY, {"errors": True, "items": items})
    assert outcome.accepted == 1
    assert outcome.retry == (1, 3, 4)
    assert outcome.refused == (Refusal("c", "mapper_parsing_exception: bad price"),)
    assert BODY.at(outcome.retry).lines == (BODY.lines[1], BODY.lines[3], BODY.lines[4])


def test_a_document_that_the_index_has_in_a_newer_version_is_settled() -> None:
    conflict = failed(409, "version_conflict_engine_exception", "current version [1007] is higher")
    items = [FINE, conflict, failed(429, "rejected_execution_exception"), conflict, failed(400, "x")]
    outcome = settle(BODY, {"errors": True, "items": items})
    assert (outcome.accepted, outcome.superseded) == (3, 2)
    assert outcome.retry == (2,)
    assert [refusal.id for refusal in outcome.refused] == ["e"]


def test_a_full_disk_is_not_a_busy_node_although_its_status_is_429() -> None:
    reason = (
        "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has"
    )
    items = [failed(429, "cluster_block_exception", reason + " read-only-allow-delete block];")] * 5
    with pytest.raises(DiskFull, match="flood-stage"):
        settle(BODY, {"errors": True, "items": items})


def test_a_deleted_release_ends_the_run() -> None:
    with pytest.raises(IndexingFailed, match="deleted"):
        settle(BODY, {"errors": True, "items": [failed(404, "index_not_found_exception")] * 5})


def test_an_answer_to_another_request_is_noticed() -> None:
    with pytest.raises(IndexingFailed, match="answered for 1"):
        settle(BODY, {"errors": True, "items": [failed(400, "x")]})


def test_a_reason_is_one_line_with_its_causes() -> None:
    error = {"type": "a", "reason": "x\n y", "caused_by": {"type": "b", "reason": "z" * 900}}
    described = describe(error)
    assert described.startswith("a: x y / b: zzz")
    assert "\n" not in described and len(described) <= 300
