"""Storms: a large part of all bulk requests meets a fault, on their way or on the way back."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Final

from opensearchpy import OpenSearch

from benchmarks.faults.trial import Course, Shop, Trial, account, finish, live_release
from tests.support.proxies.faults import (
    Answer,
    CutAnswer,
    Delay,
    Down,
    Drip,
    Fault,
    HalfAnswer,
    LoseAnswer,
    Plan,
    Request,
    ResetInBody,
)
from tests.support.proxies.faulty import FaultyProxy
from tests.support.proxies.recording import Witness

SHARE: Final = 0.4
"""Of the bulk requests that a storm meets."""

STORMS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "429": (Answer(429),),
    "502, 503, 504": (Answer(502, b"<html>"), Answer(503), Answer(504)),
    "connections closed or reset": (Down(), ResetInBody()),
    "half answers": (HalfAnswer(), CutAnswer()),
    "written, but not acknowledged": (LoseAnswer(),),
    "slow requests and answers": (Delay(1.0), Drip(1.0)),
}
EVERYTHING: Final = "all of these at once"


def storm(name: str) -> tuple[Fault, ...]:
    """The faults of a storm."""
    return STORMS[name] if name in STORMS else tuple(fault for faults in STORMS.values() for fault in faults)


def stormy(
    client: OpenSearch, node_url: str, shop: Shop, name: str, kind: str, chance: random.Random
) -> Trial:
    """One run through a storm, with the command's own patience."""
    before = live_release(client, name)
    plan, before_body = plans(storm(kind), chance)
    with (
        FaultyProxy(node_url, plan=plan, before_body=before_body) as proxy,
        Witness(proxy.url) as witness,
    ):
        started = time.monotonic()
        finish(shop.begin(witness.url, name))
        seconds = time.monotonic() - started
    disturbed = int(live_release(client, name) == before)
    return account(
        client, shop, name, witness, Course(f"storm: {kind}", f"{SHARE:.0%}", disturbed, 1, seconds)
    )


def plans(faults: tuple[Fault, ...], chance: random.Random) -> tuple[Plan, Plan]:
    """The two plans of a `FaultyProxy`: one fault is drawn for each bulk request that is met."""
    early = tuple(fault for fault in faults if isinstance(fault, ResetInBody))
    late = tuple(fault for fault in faults if not isinstance(fault, ResetInBody))
    part = SHARE * len(early) / len(faults)
    return _draw(late, (SHARE - part) / (1 - part), chance), _draw(early, part, chance)


def _draw(faults: tuple[Fault, ...], share: float, chance: random.Random) -> Plan:
    def plan(request: Request) -> Fault | None:
        met = "/_bulk" in request.path and chance.random() < share
        return chance.choice(faults) if met and faults else None

    return plan
