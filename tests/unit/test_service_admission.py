"""How many may wait, and how near those that come now are to being refused."""

from __future__ import annotations

import asyncio
import time

import pytest

from aisle.errors import Overloaded
from aisle.service.admission import Admission

INSIDE_S = 0.1


async def visit(admission: Admission, seconds: float, ends: float | None = None) -> None:
    async with admission.enter(ends):
        await asyncio.sleep(seconds)


async def pressure_with(admission: Admission, waiting: int) -> float:
    """While all places are taken and so many wait."""
    visits = [asyncio.create_task(visit(admission, INSIDE_S)) for _ in range(2 + waiting)]
    await asyncio.sleep(INSIDE_S / 10)
    assert (admission.inside, admission.waiting) == (2, waiting)
    found = admission.pressure
    await asyncio.gather(*visits)
    assert admission.pressure == 0
    return found


def test_few_that_wait_are_many_where_requests_are_slow() -> None:
    async def ask(patience_s: float) -> float:
        admission = Admission(threads=2, queue=100, patience_s=patience_s)
        # Nothing is known of how long requests take: the queue's share is all that there is.
        assert await pressure_with(admission, waiting=4) == 0.04
        for _ in range(20):
            await asyncio.gather(*(visit(admission, INSIDE_S / 2) for _ in range(2)))
        return await pressure_with(admission, waiting=4)

    # Four that wait for two places take about as long as two inside: 0.1 of a second.
    assert asyncio.run(ask(patience_s=0.2)) > 0.4
    assert asyncio.run(ask(patience_s=100)) == 0.04


def test_what_no_place_is_left_for_is_refused_at_once_or_when_its_time_is_over() -> None:
    async def ask() -> None:
        admission = Admission(threads=1, queue=1)
        first = asyncio.create_task(visit(admission, INSIDE_S))
        await asyncio.sleep(0)
        second = asyncio.create_task(visit(admission, 0, time.monotonic() + INSIDE_S / 4))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="1 requests wait already"):
            await visit(admission, 0)
        with pytest.raises(Overloaded, match="was over before its turn"):
            await second
        await first
        await visit(admission, 0)
        assert (admission.inside, admission.waiting, admission.pressure) == (0, 0, 0.0)

    asyncio.run(ask())


def test_without_a_queue_a_taken_place_is_all_pressure() -> None:
    async def ask() -> float:
        admission = Admission(threads=1, queue=0)
        async with admission.enter(None):
            return admission.pressure

    assert asyncio.run(ask()) == 1.0
