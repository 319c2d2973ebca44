"""What the network and the node can do to a run: repeated where that helps, else the live release stays."""

from __future__ import annotations

import re
import threading

import orjson
import pytest

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.cluster.failures import RetryPolicy
from aisle.errors import AuthenticationFailed, ClusterError, ClusterUnavailable, DiskFull, IndexingFailed
from aisle.indexer.lease.state import STATE_INDEX
from aisle.indexer.ledger.resume import ResumeContext
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.run import index_catalogue
from tests.support.indexing import ENCODER, count, items, options, releases
from tests.support.proxies.faulty import Answer, Delay, Down, Fault, FaultyProxy, LoseAnswer, Request, first

BULK = "/_bulk"
# Where requests are counted, none may be repeated only because this machine is busy.
PATIENT = RetryPolicy(deadline_s=120, first_wait_s=0.02, longest_wait_s=0.2, request_timeout_s=60)


@pytest.mark.parametrize(
    "fault",
    [Answer(429), Answer(502, b"<html>"), Answer(503), Answer(504), Down(), LoseAnswer()],
    ids=str,
)
def test_passing_faults_of_bulk_requests_lose_and_double_nothing(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, fault: Fault
) -> None:
    proxy.plan = first(4, BULK, fault)
    report = index_catalogue(shaky, items(300), ENCODER, options(name, retry=PATIENT))
    assert (report.documents, report.refused) == (300, 0)
    assert proxy.count(BULK) == 12 + 4
    assert count(client, name) == 300


def test_answers_that_come_too_late_lose_and_double_nothing(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    proxy.plan = first(4, BULK, Delay(3))
    hasty = RetryPolicy(deadline_s=120, first_wait_s=0.02, longest_wait_s=0.2, request_timeout_s=2)
    report = index_catalogue(shaky, items(300), ENCODER, options(name, retry=hasty))
    assert (report.documents, report.refused) == (300, 0) and report.retries >= 4
    assert count(client, name) == 300


def test_only_documents_that_met_a_busy_node_are_sent_again(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    bodies: list[int] = []
    error = {"type": "rejected_execution_exception", "reason": "queue is full"}

    def plan(request: Request) -> Fault | None:
        if BULK not in request.path:
            return None
        ids = [orjson.loads(line)["index"]["_id"] for line in request.body.splitlines()[::2]]
        bodies.append(len(ids))
        if len(bodies) > 1:
            return None
        # The first request: every second document is taken, the others are turned away.
        keep = b"".join(line + b"\n" for n, line in enumerate(request.body.splitlines()) if n // 2 % 2 == 0)
        client.bulk(index=f"{name}-v0001", body=keep)
        busy = [
            {"index": {"status": 429, "error": error}} if n % 2 else {"index": {"status": 201}}
            for n in range(len(ids))
        ]
        return Answer(200, orjson.dumps({"took": 1, "errors": True, "items": busy}))

    proxy.plan = plan
    one_writer = PipelineOptions(batch_items=50, max_body_docs=50, writers=1)
    report = index_catalogue(shaky, items(100), ENCODER, options(name, pipeline=one_writer, retry=PATIENT))
    assert bodies == [50, 25, 50]
    assert (report.documents, report.retries) == (100, 1)
    assert count(client, name) == 100


def test_faults_of_every_other_request_are_survived_too(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    index_catalogue(client, items(20), ENCODER, options(name))
    lost: set[str] = set()

    def lose_each_kind_of_request_once(request: Request) -> Fault | None:
        kind = f"{request.method} {re.sub('v[0-9]+|:[0-9]+', '', request.path.partition('?')[0])}"
        if kind in lost or BULK in kind:
            return None
        lost.add(kind)
        return LoseAnswer()

    proxy.plan = lose_each_kind_of_request_once
    report = index_catalogue(shaky, items(40), ENCODER, options(name, force_merge=True, retry=PATIENT))
    assert len(lost) > 10 and report.documents == 40
    assert count(client, name) == 40
    live = [index for index, aliases in releases(client, name).items() if name in aliases]
    assert live == [report.release]


def test_a_node_that_stays_down_leaves_the_live_release(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    index_catalogue(client, items(20), ENCODER, options(name))

    def down_after_three_bodies(request: Request) -> Fault | None:
        # But for its lease, which the next run would wait for.
        return Down() if proxy.count(BULK) > 3 and STATE_INDEX not in request.path else None

    proxy.plan = down_after_three_bodies
    impatient = RetryPolicy(deadline_s=1, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=1)
    with pytest.raises(ClusterUnavailable, match="took no more requests for 1 s"):
        index_catalogue(shaky, items(300, "new"), ENCODER, options(name, retry=impatient))
    assert count(client, name) == 20
    assert client.get(index=name, id="id-3")["_source"]["title"] == "shoe 3"
    # It could not be deleted, says that nobody finished it, and goes with the next run.
    assert releases(client, name)[f"{name}-v0002"] == {f"{name}-v0002-loading"}

    report = index_catalogue(client, items(30), ENCODER, options(name))
    assert report.release == f"{name}-v0003" and report.deleted == (f"{name}-v0002",)
    assert set(releases(client, name)) == {f"{name}-v0001", f"{name}-v0003"}


def test_no_node_at_all(name: str) -> None:
    with connect(ClusterSettings(url="http://127.0.0.1:1")) as nobody, pytest.raises(ClusterUnavailable):
        index_catalogue(nobody, items(3), ENCODER, options(name))


def test_a_refused_password_is_not_repeated(proxy: FaultyProxy, shaky: Cluster, name: str) -> None:
    proxy.plan = first(99, BULK, Answer(401))
    with pytest.raises(AuthenticationFailed):
        index_catalogue(shaky, items(10), ENCODER, options(name))
    assert proxy.count(BULK) == 1


def test_a_request_too_large_is_split_down_to_the_document_that_is(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    def limit(request: Request) -> Fault | None:
        return Answer(413, b"<html>") if BULK in request.path and b'"id-60"' in request.body else None

    proxy.plan = limit
    ledger = Ledger()
    report = index_catalogue(
        shaky,
        items(100),
        ENCODER,
        options(name, max_refused_share=0.1, retry=PATIENT),
        context=ResumeContext(ledger),
    )
    refused = list(ledger.refused())
    assert [refusal.id for refusal in refused] == ["id-60"] and "413" in refused[0].reason
    assert report.documents == count(client, name) == 99


def test_a_release_that_is_deleted_while_loading_does_not_come_back(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    def delete_it(request: Request) -> Fault | None:
        if BULK in request.path and proxy.count(BULK) == 4:
            client.indices.delete(index=f"{name}-v0001")
        return None

    proxy.plan = delete_it
    with pytest.raises(IndexingFailed, match="deleted while it was being loaded"):
        index_catalogue(shaky, items(300), ENCODER, options(name, retry=PATIENT))
    assert releases(client, name) == {}
    assert not client.indices.exists(index=f"{name}-v0001")


def test_a_newer_release_that_went_live_meanwhile_stays(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    def overtake(request: Request) -> Fault | None:
        if BULK in request.path and proxy.count(BULK) == 1:
            # As somebody would who holds no lease: by hand.
            client.indices.create(index=f"{name}-v0002", body={"aliases": {name: {}}})
        return None

    proxy.plan = overtake
    with pytest.raises(IndexingFailed, match="went live while"):
        index_catalogue(shaky, items(20), ENCODER, options(name, retry=PATIENT))
    assert releases(client, name) == {f"{name}-v0002": {name}}


def test_a_full_disk_is_seen_before_the_first_write(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    full = {"total_in_bytes": 10**12, "available_in_bytes": 10**9}
    stats = {"nodes": {"a": {"name": "a", "roles": ["data"], "fs": {"total": full}}}}
    proxy.plan = first(1, "/_nodes/stats/fs", Answer(200, orjson.dumps(stats)))
    with pytest.raises(DiskFull, match=r"node a has 1\.0 GB of disk left"):
        index_catalogue(shaky, items(3), ENCODER, options(name))
    assert releases(client, name) == {} and proxy.count(BULK) == 0


def test_a_cluster_that_makes_no_more_indexes_is_full(proxy: FaultyProxy, shaky: Cluster, name: str) -> None:
    reason = f"index [{name}-v0001] blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];"
    error = {"error": {"type": "cluster_block_exception", "reason": reason}, "status": 403}

    def plan(request: Request) -> Fault | None:
        return Answer(403, orjson.dumps(error)) if request.method == "PUT" and name in request.path else None

    proxy.plan = plan
    with pytest.raises(DiskFull):
        index_catalogue(shaky, items(3), ENCODER, options(name))


def test_stages_stop_when_the_node_hangs(proxy: FaultyProxy, shaky: Cluster, name: str) -> None:
    proxy.plan = first(99, BULK, Delay(20))
    impatient = RetryPolicy(deadline_s=1, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=0.5)
    with pytest.raises(ClusterError):
        index_catalogue(shaky, items(300), ENCODER, options(name, retry=impatient))
    assert not [one for one in threading.enumerate() if one.name == "aisle-index"]


def test_giving_up_and_going_live_exclude_each_other(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str
) -> None:
    index_catalogue(client, items(20), ENCODER, options(name))

    def lose_every_answer_after_the_swap(request: Request) -> Fault | None:
        swapped = proxy.count("/_aliases") > 0
        return LoseAnswer() if swapped else None

    proxy.plan = lose_every_answer_after_the_swap
    impatient = RetryPolicy(deadline_s=1, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=1)
    with pytest.raises(ClusterUnavailable):
        index_catalogue(shaky, items(30), ENCODER, options(name, retry=impatient))
    # The run could not know that its swap was done; what is live must not be deleted for it.
    assert releases(client, name)[f"{name}-v0002"] == {name}
    assert count(client, name) == 30
