"""The one seam: what requests raise, which are repeated, what twins share. A real proxy that fails."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opensearchpy import NotFoundError, OpenSearch, TransportError

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.cluster.failures import RetryPolicy, Stopped
from aisle.errors import (
    AisleError,
    AuthenticationFailed,
    ClusterError,
    ClusterUnavailable,
    DiskFull,
    IndexNotFound,
    InputError,
)
from tests.support.proxies.faulty import Answer, Down, Fault, FaultyProxy, Request

QUICK = RetryPolicy(deadline_s=20, first_wait_s=0.001, longest_wait_s=0.002)
DONE = Answer(200, b'{"done": true}')
NOBODY = "http://127.0.0.1:9"


def refusal(status: int, kind: str, reason: str = "no") -> Answer:
    cause = {"type": kind, "reason": reason}
    return Answer(status, json.dumps({"error": {**cause, "root_cause": [cause]}}).encode())


class Script:
    """The faults of a proxy, one after another, then an answer."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)

    def __call__(self, _: Request) -> Fault:
        return self.faults.pop(0) if self.faults else DONE


@pytest.fixture
def proxy() -> Iterator[FaultyProxy]:
    with FaultyProxy(NOBODY, plan=Script()) as one:
        yield one


@pytest.fixture
def cluster(proxy: FaultyProxy) -> Iterator[Cluster]:
    # Without attempts of the client's own, so that each request of the proxy is one of ours.
    with Cluster(proxy.url, max_retries=0) as one:
        yield one


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        (refusal(400, "parsing_exception"), ClusterError, 400),
        (refusal(401, "security_exception"), AuthenticationFailed, 401),
        (refusal(403, "security_exception"), AuthenticationFailed, 403),
        (refusal(404, "index_not_found_exception", "no such index [x]"), IndexNotFound, 404),
        (refusal(404, "aliases_not_found_exception"), ClusterError, 404),
        (refusal(409, "version_conflict_engine_exception"), ClusterError, 409),
        (refusal(429, "rejected_execution_exception"), ClusterUnavailable, 429),
        (refusal(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"), DiskFull, 429),
        (refusal(500, "null_pointer_exception"), ClusterUnavailable, 500),
        (refusal(503, "unavailable"), ClusterUnavailable, 503),
        (Answer(200, b'{"cut'), ClusterUnavailable, None),
        (Down(), ClusterUnavailable, None),
    ],
    ids=str,
)
def test_every_failure_is_one_of_ours_with_its_status(
    proxy: FaultyProxy, cluster: Cluster, fault: Fault, kind: type[AisleError], status: int | None
) -> None:
    # Through a namespace of the client: its requests leave by the same seam.
    proxy.plan = Script(fault)
    with pytest.raises(AisleError) as caught:
        cluster.indices.get(index="x")
    assert (type(caught.value), caught.value.status) == (kind, status)
    assert caught.value.__cause__ is not None
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [*(refusal(status, "busy") for status in (429, 502, 503, 504)), Answer(200, b'{"cut'), Down()],
    ids=str,
)
def test_what_passes_is_repeated_by_a_retrying_twin(
    proxy: FaultyProxy, cluster: Cluster, fault: Fault
) -> None:
    proxy.plan = Script(fault, fault)
    assert cluster.retrying(QUICK).indices.get(index="x") == {"done": True}
    assert len(proxy.requests) == 3


@pytest.mark.parametrize(
    "fault",
    [
        refusal(400, "parsing_exception"),
        refusal(404, "index_not_found_exception"),
        refusal(500, "null_pointer_exception"),
        refusal(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"),
    ],
    ids=str,
)
def test_what_a_repeat_cannot_help_is_raised_at_once(
    proxy: FaultyProxy, cluster: Cluster, fault: Fault
) -> None:
    proxy.plan = Script(fault)
    with pytest.raises(AisleError):
        cluster.retrying(QUICK).info()
    assert len(proxy.requests) == 1


def test_an_attempt_that_takes_too_long_is_repeated(proxy: FaultyProxy, cluster: Cluster) -> None:
    def slow_first(request: Request) -> Fault:
        if request.number == 0:
            time.sleep(1)
        return DONE

    proxy.plan = slow_first
    # The timeout is of each attempt, and not used up by the first.
    assert cluster.retrying(QUICK).info(params={"request_timeout": 0.3}) == {"done": True}
    assert [request.path for request in proxy.requests] == ["/", "/"]
    proxy.plan = lambda _: time.sleep(0.5)
    with pytest.raises(ClusterUnavailable, match="in time"):
        cluster.info(params={"request_timeout": 0.1})


def test_a_status_to_ignore_is_ignored_in_every_attempt(proxy: FaultyProxy, cluster: Cluster) -> None:
    proxy.plan = Script(Down(), refusal(404, "index_not_found_exception"))
    answer: Any = cluster.retrying(QUICK).get(index="x", id="1", params={"ignore": 404})
    assert answer["error"]["type"] == "index_not_found_exception"
    assert "ignore" not in proxy.requests[-1].path


def test_nothing_there_is_false_and_no_error(proxy: FaultyProxy, cluster: Cluster) -> None:
    proxy.plan = Script(Answer(404), Answer(404))
    assert not cluster.exists(index="x", id="1")
    assert not cluster.retrying(QUICK).indices.exists(index="x")
    proxy.plan = Script(Down())
    assert not cluster.ping()
    assert cluster.ping()


def test_a_bulk_body_is_sent_as_it_is_in_every_attempt(proxy: FaultyProxy, cluster: Cluster) -> None:
    body = b'{"index":{"_id":"1"}}\n{"title":"drill"}\n'
    proxy.plan = Script(Down())
    cluster.retrying(QUICK).bulk(index="x", body=body)
    assert [request.body for request in proxy.requests] == [body, body]


def test_the_deadline_ends_the_attempts_with_the_last_status(proxy: FaultyProxy, cluster: Cluster) -> None:
    policy = RetryPolicy(deadline_s=0.1, first_wait_s=0.001, longest_wait_s=0.01)
    proxy.plan = lambda _: refusal(503, "unavailable")
    with pytest.raises(ClusterUnavailable, match=r"took no more requests for 0\.1 s \(HTTP 503\)") as caught:
        cluster.retrying(policy).info()
    assert caught.value.status == 503
    assert len(proxy.requests) > 1


def test_a_stop_ends_the_wait(proxy: FaultyProxy, cluster: Cluster) -> None:
    stop = threading.Event()
    proxy.plan = lambda _: Down()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Stopped):
        cluster.retrying(RetryPolicy(first_wait_s=60, longest_wait_s=120), stop).info()
    assert time.monotonic() - started < 3


def test_twins_share_their_connections_and_only_one_repeats(proxy: FaultyProxy, cluster: Cluster) -> None:
    twin = cluster.retrying(QUICK)
    assert twin.transport.connection_pool is cluster.transport.connection_pool
    # A twin of a twin has its own policy, and not one within the other.
    short = RetryPolicy(deadline_s=0.1, first_wait_s=0.001, longest_wait_s=0.01)
    longer = RetryPolicy(deadline_s=3, first_wait_s=0.001, longest_wait_s=0.01)
    proxy.plan = lambda _: Down()
    with pytest.raises(ClusterUnavailable, match=r"for 0\.1 s"):
        twin.retrying(longer).retrying(short).info()
    proxy.plan = Script(Down())
    with pytest.raises(ClusterUnavailable):
        cluster.info()


def test_the_client_of_a_user_is_wrapped_once_and_left_as_it_was(proxy: FaultyProxy) -> None:
    with OpenSearch(proxy.url, max_retries=0) as own:
        wrapped = Cluster.of(own)
        assert Cluster.of(wrapped) is wrapped
        assert wrapped.transport.connection_pool is own.transport.connection_pool
        proxy.plan = Script(
            refusal(404, "aliases_not_found_exception"), refusal(404, "aliases_not_found_exception")
        )
        with pytest.raises(ClusterError) as caught:
            wrapped.indices.get_alias(name="x")
        assert caught.value.status == 404
        with pytest.raises(NotFoundError):
            own.indices.get_alias(name="x")


@pytest.mark.parametrize("wrong", [NOBODY, 7, {"host": "127.0.0.1"}])
def test_what_is_no_client_is_refused_with_what_to_pass(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"opensearchpy\.OpenSearch.*ClusterSettings\(url"):
        Cluster.of(wrong)
    with pytest.raises(InputError, match=r"no ClusterSettings.*ClusterSettings\(url"):
        connect(wrong)


def test_other_errors_pass_through(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="Empty value"):
        cluster.get(index="", id="1")


def test_connect_gives_a_cluster(proxy: FaultyProxy) -> None:
    with connect(ClusterSettings(url=proxy.url)) as client:
        assert isinstance(client, Cluster)
        proxy.plan = Script(refusal(400, "parsing_exception"))
        with pytest.raises(ClusterError) as caught:
            client.info()
    assert isinstance(caught.value.__cause__, TransportError)
