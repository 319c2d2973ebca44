"""One body on its way through a bad network to a real node: nothing lost, nothing doubled, counted."""

from __future__ import annotations

import threading
from functools import partial

import orjson
import pytest

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.cluster.failures import RetryPolicy
from aisle.indexer.bulk import Body, BulkResult, BulkWriter, Line, pack, serialise
from tests.support.proxies.faulty import (
    Answer,
    CutAnswer,
    Down,
    Drip,
    Fault,
    FaultyProxy,
    HalfAnswer,
    LoseAnswer,
    Request,
    ResetInBody,
    first,
)

BULK = "/_bulk"
POLICY = RetryPolicy(deadline_s=240, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=120)
NEWER = 1000


def body(documents: int, title: str = "loaded", version: int = 1, filler: int = 0) -> Body:
    """Documents id-0 and on; ``filler`` more bytes in each."""
    sources = ({"title": title, "n": n, "filler": "x" * filler} for n in range(documents))
    lines = [serialise(f"id-{n}", source, version) for n, source in enumerate(sources)]
    whole = [line for line in lines if isinstance(line, Line)]
    return next(pack(whole, max_bytes=10**9, max_docs=10**9))


@pytest.fixture
def target(client: Cluster, name: str) -> str:
    """An alias, as a release under way has one."""
    stored_only = {"type": "keyword", "index": False, "doc_values": False}
    fields = {"title": {"type": "keyword"}, "n": {"type": "integer"}, "filler": stored_only}
    settings = {"number_of_replicas": 0, "refresh_interval": "-1"}
    mapped = {"settings": settings, "mappings": {"dynamic": "strict", "properties": fields}}
    client.indices.create(index=f"{name}-v0001", body={**mapped, "aliases": {name: {}}})
    return name


def write(client: Cluster, target: str, some: Body) -> BulkResult:
    return BulkWriter(client, target, POLICY).write(some, threading.Event())


def stored(client: Cluster, target: str) -> dict[str, tuple[str, int]]:
    """Id to title and version, of all that a search finds."""
    client.indices.refresh(index=target)
    found = client.search(index=target, body={"size": 10_000, "version": True})["hits"]["hits"]
    assert len({hit["_id"] for hit in found}) == len(found)
    return {hit["_id"]: (hit["_source"]["title"], hit["_version"]) for hit in found}


@pytest.mark.parametrize("fault", [HalfAnswer(), CutAnswer(), LoseAnswer(), Down()], ids=str)
def test_an_answer_that_does_not_come_whole_is_asked_for_again(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str, fault: Fault
) -> None:
    # The client library repeats a broken connection twice by itself, which the writer does not see.
    proxy.plan = first(4, BULK, fault)
    written = write(shaky, target, body(40))
    assert (written.accepted, written.superseded, written.refused) == (40, 0, ())
    assert written.retries >= 1 and proxy.count(BULK) == 5
    assert stored(client, target) == {f"id-{n}": ("loaded", 1) for n in range(40)}


def test_a_reset_in_mid_body(proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str) -> None:
    proxy.before_body = first(4, BULK, ResetInBody(0.3))
    written = write(shaky, target, body(400, filler=20_000))
    assert (written.accepted, written.refused) == (400, ())
    sent = [len(request.body) for request in proxy.requests if BULK in request.path]
    assert len(sent) == 5 and max(sent[:4]) < 0.31 * sent[4]
    assert written.retries >= 1
    assert len(stored(client, target)) == 400


def test_an_answer_in_drops_is_waited_for(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str
) -> None:
    proxy.plan = first(1, BULK, Drip(1.0))
    written = write(shaky, target, body(40))
    assert (written.accepted, written.retries) == (40, 0)
    assert proxy.count(BULK) == 1
    assert len(stored(client, target)) == 40


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_is_weathered_and_counted(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str, status: int
) -> None:
    proxy.plan = first(9, BULK, Answer(status, b"{}", {"retry-after": "1"}))
    written = write(shaky, target, body(40))
    # 503 is also repeated by the client library, twice each time.
    expected = {429: 9, 503: 3}[status]
    assert (written.accepted, written.retries, written.busy) == (40, expected, expected)
    assert proxy.count(BULK) == 10
    assert len(stored(client, target)) == 40


def test_an_answer_that_is_none_to_a_bulk_request_settles_nothing(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str
) -> None:
    # A gateway's page with status 200.
    proxy.plan = first(2, BULK, Answer(200, b'{"welcome": true}'))
    written = write(shaky, target, body(40))
    assert (written.accepted, written.retries, written.busy) == (40, 2, 0)
    assert len(stored(client, target)) == 40


def test_a_load_request_that_arrives_late_changes_nothing(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str
) -> None:
    write(shaky, target, body(40))
    late = next(request for request in proxy.requests if BULK in request.path)
    write(client, target, body(10, "updated", NEWER))
    # The network delivers the very bytes of the load once more.
    answer = client.transport.perform_request("POST", late.path, body=late.body)
    assert answer["errors"] is True
    expected = {f"id-{n}": ("updated", NEWER) if n < 10 else ("loaded", 1) for n in range(40)}
    assert stored(client, target) == expected


def test_documents_with_a_newer_version_are_settled_as_superseded(client: Cluster, target: str) -> None:
    write(client, target, body(10, "updated", NEWER))
    written = write(client, target, body(40))
    assert (written.accepted, written.superseded, written.refused, written.retries) == (40, 10, (), 0)
    assert len(stored(client, target)) == written.accepted


def test_a_repeat_of_the_same_version_is_no_conflict(client: Cluster, target: str) -> None:
    for _ in range(2):
        written = write(client, target, body(40))
        assert (written.accepted, written.superseded) == (40, 0)
    assert len(stored(client, target)) == 40


def test_a_superseded_document_beside_a_busy_and_a_malformed_one(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str
) -> None:
    write(client, target, body(1, "updated", NEWER))
    some = body(5)
    odd = Line("odd", orjson.dumps({"index": {"_id": "odd"}}) + b'\n{"n": "no number"}\n')
    written = write(shaky, target, Body((*some.lines, odd)))
    assert (written.accepted, written.superseded) == (5, 1)
    assert [refusal.id for refusal in written.refused] == ["odd"]
    assert len(stored(client, target)) == 5


@pytest.mark.parametrize(("gzip", "encoding"), [(None, None), (False, None), (True, "gzip")])
def test_bodies_are_compressed_only_for_another_machine(
    proxy: FaultyProxy, client: Cluster, target: str, gzip: bool | None, encoding: str | None
) -> None:
    with connect(ClusterSettings(url=proxy.url, gzip=gzip)) as through:
        assert write(through, target, body(40)).accepted == 40
    (sent,) = [request for request in proxy.requests if BULK in request.path]
    assert sent.headers.get("content-encoding") == encoding
    plain = len(body(40).payload)
    assert (len(sent.body) == plain) if encoding is None else (len(sent.body) < plain / 3)
    assert len(stored(client, target)) == 40


def test_every_other_request_failing_loses_and_doubles_nothing(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, target: str
) -> None:
    kinds: list[Fault] = [Answer(429), HalfAnswer(), Down(), CutAnswer(), LoseAnswer(), Answer(503)]

    def plan(request: Request) -> Fault | None:
        number = proxy.count(BULK)
        return kinds[number // 2 % len(kinds)] if BULK in request.path and number % 2 else None

    proxy.plan = plan
    whole = body(300)
    bodies = pack(whole.lines, max_bytes=10**6, max_docs=25)
    written = list(map(partial(write, shaky, target), bodies))
    assert sum(part.accepted for part in written) == 300
    assert sum(part.retries for part in written) >= 4
    assert len(stored(client, target)) == 300
