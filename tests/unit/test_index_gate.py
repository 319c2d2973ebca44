"""The gate lets in as many writers as the controller says, measures them, and can be stopped."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aisle.cluster.failures import Stopped
from aisle.indexer.bulk import Body, BulkResult, Line
from aisle.indexer.concurrency import ConcurrencyLimiter, HillClimbSettings, LimitedWriter

BODY = Body((Line("a", b""),) * 10)


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Works on ``capacity`` requests at a time, a hundredth of a second for each."""

    def __init__(self, capacity: int) -> None:
        self.most = self._inside = 0
        self._room = threading.Semaphore(capacity)
        self._lock = threading.Lock()

    def write(self, body: Body, stop: threading.Event) -> BulkResult:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        with self._room:
            time.sleep(0.01)
        with self._lock:
            self._inside -= 1
        return BulkResult(accepted=len(body))


def through(gate: ConcurrencyLimiter, server: Server, bodies: int) -> list[BulkResult]:
    writer = LimitedWriter(server, gate)
    stop = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: writer.write(BODY, stop), range(bodies)))


def window(gate: ConcurrencyLimiter, clock: Clock, documents: int, busy: int = 0) -> None:
    """Fill one window with as many writers as may be inside; all settle ``documents`` together."""
    stop = threading.Event()
    inside = [gate.place(stop) for _ in range(gate.limit)]
    came_in = [place.__enter__() for place in inside]
    clock.now += 1.0
    for place in inside:
        place.__exit__(None, None, None)
    for number in range(3 * len(inside) - 1):
        gate.count(0, 0, came_in[number % len(inside)])
    gate.count(documents, busy, came_in[-1])


def test_every_body_is_written_and_never_more_than_the_most_at_a_time() -> None:
    server = Server(capacity=8)
    gate = ConcurrencyLimiter(HillClimbSettings(most=3, start=3), interval_s=0.02)
    written = through(gate, server, 60)
    assert sum(part.accepted for part in written) == 600
    assert server.most == 3


def test_the_limit_grows_on_a_server_that_takes_more() -> None:
    server = Server(capacity=8)
    gate = ConcurrencyLimiter(HillClimbSettings(most=8, start=1), interval_s=0.03)
    through(gate, server, 150)
    assert server.most >= 3


def test_the_limit_follows_the_windows() -> None:
    clock = Clock()
    gate = ConcurrencyLimiter(HillClimbSettings(most=8, start=2), interval_s=0.5, clock=clock)
    window(gate, clock, 2000)
    assert gate.limit == 3
    window(gate, clock, 3000)
    assert gate.limit == 4
    window(gate, clock, 3000)
    assert gate.limit == 3


def test_a_busy_node_halves_the_limit_once_for_requests_that_met_it_together() -> None:
    clock = Clock()
    gate = ConcurrencyLimiter(HillClimbSettings(most=8, start=8), clock=clock)
    stop = threading.Event()
    inside = [gate.place(stop) for _ in range(8)]
    came_in = [place.__enter__() for place in inside]
    clock.now += 0.1
    for place in inside:
        place.__exit__(None, None, None)
    for number in came_in:
        gate.count(10, 2, number)
    assert gate.limit == 4
    with gate.place(stop) as later:
        pass
    gate.count(10, 1, later)
    assert gate.limit == 2


def test_time_in_which_nobody_writes_is_not_the_servers() -> None:
    clock = Clock()
    gate = ConcurrencyLimiter(HillClimbSettings(most=8, start=2), interval_s=0.5, clock=clock)
    window(gate, clock, 2000)
    clock.now += 1000.0
    window(gate, clock, 3000)
    assert gate.limit == 4


def test_who_waits_at_the_gate_is_stopped() -> None:
    gate = ConcurrencyLimiter(HillClimbSettings(most=1))
    stop = threading.Event()
    with gate.place(stop), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(LimitedWriter(Server(1), gate).write, BODY, stop)
        assert not waiting.done()
        stop.set()
        with pytest.raises(Stopped):
            waiting.result(timeout=5)


def test_a_writer_that_fails_gives_its_place_back() -> None:
    class Failing:
        def write(self, _: Body, __: threading.Event) -> BulkResult:
            raise ZeroDivisionError

    gate = ConcurrencyLimiter(HillClimbSettings(most=1))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            LimitedWriter(Failing(), gate).write(BODY, threading.Event())
