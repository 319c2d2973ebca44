"""SIGKILL to the indexer at random points, and ``--resume``."""

from __future__ import annotations

import random
import subprocess
import time
from dataclasses import dataclass

from opensearchpy import OpenSearch

from benchmarks.faults_shop import TIMEOUT_S, Shop, finish
from benchmarks.faults_trial import Course, Trial, account, live_release
from tests.support.proxies.recording import Witness

KILLED = "kill -9 of the indexer"
_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run without faults: what kill points are drawn from.

    Attributes:
        bodies: bulk requests that it took.
        seconds_per_body: of the whole run, the start of the process included.
    """

    bodies: int
    seconds_per_body: float


def undisturbed(node_url: str, shop: Shop, name: str) -> Undisturbed:
    """The first release of ``name``."""
    with Witness(node_url) as witness:
        started = time.monotonic()
        finish(shop.begin(witness.url, name))
        return Undisturbed(witness.bodies, (time.monotonic() - started) / witness.bodies)


def killed_indexer(
    client: OpenSearch, node_url: str, shop: Shop, name: str, usual: Undisturbed, chance: random.Random
) -> Trial:
    """Kill it once or twice, then let it go on to its end.

    A kill comes a random while after a random number of acknowledged bulk requests, so it can meet every part
    of a run: before the first request, between two, in the middle of one, at the count and at the swap.
    """
    before, disturbed, points = live_release(client, name), 0, []
    kills = chance.choice((1, 1, 2))
    started = time.monotonic()
    with Witness(node_url) as witness:
        for number in range(kills):
            process = shop.begin(witness.url, name, *(["--resume"] if number else []))
            after = witness.bodies + chance.randrange(usual.bodies // kills + 1)
            later = chance.uniform(0, 2 * usual.seconds_per_body)
            await_bodies(witness, after, process)
            time.sleep(later)
            process.kill()
            process.communicate()
            points.append(f"{witness.bodies} bodies")
            disturbed += not _whole(client, name, before, shop)
        finish(shop.begin(witness.url, name, "--resume"))
        seconds = time.monotonic() - started
        disturbed += live_release(client, name) == before
        course = Course(KILLED, " and ".join(points), disturbed, kills + 1, seconds)
        return account(client, shop, name, witness, course)


def _whole(client: OpenSearch, name: str, before: str, shop: Shop) -> bool:
    """Is the old release live; or the new one, all of it, for a kill that came after the swap?"""
    return live_release(client, name) == before or int(client.count(index=name)["count"]) == shop.good


def await_bodies(witness: Witness, number: int, process: subprocess.Popen[str]) -> None:
    """Until so many bulk requests were acknowledged, or the command has ended."""
    deadline = time.monotonic() + TIMEOUT_S
    while witness.bodies < number and process.poll() is None and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
