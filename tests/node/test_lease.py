"""One process at a time changes a catalogue: on a real node, with real processes that are really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import pytest

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.cluster.failures import RetryPolicy
from aisle.errors import ClusterUnavailable, IndexingFailed, InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.lease.state import FIRST_SEQUENCE, STATE_INDEX, LeaseDocument
from tests.support.proxies.faulty import Down, FaultyProxy, LoseAnswer, first

SHORT_S = 1.2
STATE = f"/{STATE_INDEX}/"


@contextmanager
def other_process(url: str, name: str, lease_s: float = SHORT_S) -> Iterator[subprocess.Popen[str]]:
    """A real process that holds the lease."""
    command = [sys.executable, "-m", "tests.support.lease_holder", url, name, str(lease_s)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert line(process) == "held"
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], what: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()


def document(client: Cluster, name: str) -> LeaseDocument:
    return LeaseDocument.from_json(client.get(index=STATE_INDEX, id=name)["_source"])


def change_owner(client: Cluster, name: str, **changes: object) -> None:
    """Write another owner into the document, as a holder of another kind would have."""
    source = client.get(index=STATE_INDEX, id=name)["_source"]
    source["owner"] |= changes
    client.index(index=STATE_INDEX, id=name, body=source)


def test_a_second_holder_in_this_process_is_refused_with_the_first_ones_name(
    client: Cluster, name: str
) -> None:
    with hold(client, name, "aisle index", lease_s=SHORT_S) as lease:
        started = time.monotonic()
        who = f"aisle index .process {os.getpid()} on "
        with (
            pytest.raises(InputError, match=who) as refused,
            hold(client, name, "aisle update", lease_s=SHORT_S),
        ):
            pytest.fail("two holders at once")
        assert time.monotonic() - started < 20
        assert name in refused.value.message
        lease.check()
    with hold(client, name, "next", lease_s=SHORT_S) as lease:
        lease.check()


def test_a_second_process_is_refused_and_may_wait(client: Cluster, node_url: str, name: str) -> None:
    with other_process(node_url, name) as process:
        with pytest.raises(InputError, match="the other"), hold(client, name, "mine", lease_s=SHORT_S):
            pytest.fail("two holders at once")
        let_go = threading.Event()

        def end_the_other() -> None:
            assert process.stdin is not None
            let_go.set()
            process.stdin.close()

        # It outlives several leases, as it renews its own.
        threading.Timer(2 * SHORT_S, end_the_other).start()
        with hold(client, name, "mine", wait_s=20, lease_s=SHORT_S) as lease:
            assert let_go.is_set(), "nobody took the lease of one that lives"
            lease.check()


def test_leases_of_two_catalogues_do_not_meet(client: Cluster, name: str) -> None:
    with hold(client, name, "one"), hold(client, f"{name}-de", "two") as second:
        second.check()


def test_a_killed_process_of_this_machine_is_taken_over_at_once(
    client: Cluster, node_url: str, name: str
) -> None:
    with other_process(node_url, name, lease_s=60) as process:
        process.kill()
        # Not waited for yet: a zombie is as dead.
        started = time.monotonic()
        with hold(client, name, "mine") as lease:
            assert time.monotonic() - started < 30
            lease.check()


@pytest.mark.parametrize("realm", ["another kernel/another namespace", ""])
def test_a_killed_process_of_another_machine_is_taken_over_after_its_silence(
    client: Cluster, node_url: str, name: str, realm: str
) -> None:
    with other_process(node_url, name) as process:
        process.kill()
        process.wait()
        change_owner(client, name, realm=realm)
        started = time.monotonic()
        # Its own lease counts when it is the longer one.
        with hold(client, name, "mine", lease_s=SHORT_S / 4) as lease:
            assert SHORT_S <= time.monotonic() - started < 20
            lease.check()


def test_a_stopped_holder_notices_when_it_wakes(client: Cluster, node_url: str, name: str) -> None:
    with other_process(node_url, name) as process:
        process.send_signal(signal.SIGSTOP)
        with hold(client, name, "mine", lease_s=SHORT_S) as lease:
            process.send_signal(signal.SIGCONT)
            tell(process, "check")
            assert line(process).startswith(f"IndexingFailed: {name} was taken over by mine")
            assert process.wait(20) == 0
            # Its end must not free what is another's now.
            lease.check()
            assert document(client, name).owner is not None


def test_a_lost_lease_gives_no_numbers(client: Cluster, name: str) -> None:
    with hold(client, name, "first", lease_s=60) as lease:
        state = document(client, name)
        client.index(index=STATE_INDEX, id=name, body=state.freed().to_json())
        with pytest.raises(IndexingFailed, match="taken over by another process"):
            lease.reserve(5)
    with hold(client, name, "second", lease_s=SHORT_S) as lease:
        assert lease.reserve(1) == FIRST_SEQUENCE


def test_no_release_number_is_given_twice(client: Cluster, name: str) -> None:
    numbers: list[int] = []
    for least in (1, 1, 7, 3):
        with hold(client, name, "me", lease_s=SHORT_S) as lease:
            numbers += [lease.next_release(least), lease.next_release(1)]
            assert lease.reserve(1) == FIRST_SEQUENCE + len(numbers) // 2 - 1
    assert numbers == [1, 2, 3, 4, 7, 8, 9, 10]


def test_of_many_at_the_same_moment_one_is_inside(client: Cluster, name: str) -> None:
    together = threading.Barrier(6)
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> bool:
        together.wait()
        try:
            with hold(client, name, f"number {number}", lease_s=30):
                inside.append(number)
                most.append(len(inside))
                # Longer than anybody else looks: a second winner would meet this one.
                time.sleep(1)
                inside.remove(number)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(take, range(6)))
    # Who still looks when the first has ended may follow it; never are two inside.
    assert most == [1] * sum(won) and won.count(True) >= 1


def test_all_who_wait_get_it_one_after_the_other(client: Cluster, name: str) -> None:
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> int:
        with hold(client, name, f"number {number}", wait_s=30, lease_s=SHORT_S) as lease:
            inside.append(number)
            most.append(len(inside))
            first_number = lease.reserve(10)
            inside.remove(number)
            return first_number

    with ThreadPoolExecutor(5) as pool:
        numbers = list(pool.map(take, range(5)))
    assert most == [1] * 5
    assert sorted(numbers) == [FIRST_SEQUENCE + 10 * n for n in range(5)]


def test_no_number_is_given_twice(client: Cluster, node_url: str, name: str) -> None:
    with hold(client, name, "mine", lease_s=SHORT_S) as lease, ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lease.reserve, [3] * 40))
    with other_process(node_url, name) as process:
        tell(process, "reserve")
        after = int(line(process))
        process.kill()
        process.wait()
    with hold(client, name, "mine again", lease_s=SHORT_S) as lease:
        last = lease.reserve(1)
        assert lease.reserve(2, above=90_000) == 90_001
        assert lease.reserve(1, above=5) == 90_003
        with pytest.raises(InputError):
            lease.reserve(0)
    given = [number + n for number in firsts for n in range(3)]
    assert sorted(given) == list(range(FIRST_SEQUENCE, FIRST_SEQUENCE + 120))
    assert (after, last) == (FIRST_SEQUENCE + 120, FIRST_SEQUENCE + 121)


def test_lost_answers_neither_lose_the_lease_nor_double_a_number(node_url: str, name: str) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as shaky:
        # Two in a row are more than the client library repeats by itself.
        proxy.plan = first(4, STATE, LoseAnswer())
        with hold(shaky, name, "mine", lease_s=30, policy=RetryPolicy(20, 0.02, 0.1, 5)) as lease:
            numbers = []
            for _ in range(5):
                proxy.plan = first(4, STATE, LoseAnswer())
                numbers.append(lease.reserve(2))
                proxy.plan = first(2, STATE, Down())
                lease.check()
    assert len(set(numbers)) == 5
    assert all(later - earlier >= 2 for earlier, later in pairwise(numbers))


def test_a_cluster_that_is_away_hides_no_error_and_keeps_nobody_waiting(
    client: Cluster, node_url: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as shaky:
        started = 0.0
        with pytest.raises(ZeroDivisionError), hold(shaky, name, "mine", lease_s=SHORT_S):
            proxy.plan = lambda _: Down()
            started = time.monotonic()
            raise ZeroDivisionError
        assert time.monotonic() - started < 10
        assert "stays reserved for up to" in caplog.text
        impatient = RetryPolicy(0.3, 0.02, 0.1, 1)
        with pytest.raises(ClusterUnavailable), hold(shaky, name, "mine", policy=impatient):
            pytest.fail("nobody knows who holds it")
    started = time.monotonic()
    # This very process is alive, so its silence has to tell.
    with hold(client, name, "mine", lease_s=SHORT_S):
        assert time.monotonic() - started >= SHORT_S


def test_a_node_that_was_away_for_longer_than_the_lease_costs_nobody_the_lease(
    client: Cluster, node_url: str, name: str
) -> None:
    with (
        FaultyProxy(node_url) as proxy,
        connect(ClusterSettings(url=proxy.url)) as shaky,
        hold(shaky, name, "mine", lease_s=SHORT_S) as lease,
    ):
        proxy.plan = lambda _: Down()
        time.sleep(1.5 * SHORT_S)
        proxy.plan = lambda _: None
        lease.check()
        before = document(client, name).beat
        time.sleep(SHORT_S)
        assert document(client, name).beat > before


def test_ctrl_c_lets_go(client: Cluster, node_url: str, name: str) -> None:
    with other_process(node_url, name, lease_s=60) as process:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert document(client, name).owner is None


def test_a_document_that_somebody_wrote_is_one_clear_error(client: Cluster, name: str) -> None:
    with hold(client, name, "mine", lease_s=SHORT_S):
        pass
    client.index(index=STATE_INDEX, id=name, body={"sequence": "many"})
    with pytest.raises(IndexingFailed, match=f"{name} of the index {STATE_INDEX}"), hold(client, name, "me"):
        pytest.fail("whose is it?")


def test_no_wildcard_finds_the_state(client: Cluster, name: str) -> None:
    with hold(client, name, "mine", lease_s=SHORT_S):
        assert STATE_INDEX not in client.indices.get(index="*")
