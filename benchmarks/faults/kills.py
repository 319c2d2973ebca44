"""SIGKILL to the indexer at random points, and ``--resume``."""

from __future__ import annotations

import random
import subprocess
import time
from dataclasses import dataclass, replace

from opensearchpy import OpenSearch

from aisle.errors import IndexingFailed
from benchmarks.faults.trial import TIMEOUT_S, Course, Shop, Trial, account, ended, finish, live_release
from tests.support.proxies.recording import Witness
from tests.support.query_load import QueryLoad
from tests.support.three_nodes import SpareNode, ThreeNodes

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


PATIENT = ("--patience", "300")
IMPATIENT = ("--patience", "1")
BODY_ROWS = 500


def outlived_node(
    spare: SpareNode, shop: Shop, name: str, usual: Undisturbed, chance: random.Random
) -> Trial:
    """The node dies and comes back while the run waits for it."""
    before = live_release(spare.client, name)
    with Witness(spare.url) as witness:
        started = time.monotonic()
        process = shop.begin(witness.url, name, *PATIENT)
        point = _kill_at(spare, witness, process, usual, chance)
        spare.start()
        finish(process)
        seconds = time.monotonic() - started
    disturbed = int(live_release(spare.client, name) == before)
    return account(
        spare.client, shop, name, witness, Course("kill -9 of the node", point, disturbed, 1, seconds)
    )


def resumed_after_node(
    spare: SpareNode, shop: Shop, name: str, usual: Undisturbed, chance: random.Random
) -> Trial:
    """The node stays away for longer than the run waits, and the run is resumed."""
    before = live_release(spare.client, name)
    with Witness(spare.url) as witness:
        started = time.monotonic()
        process = shop.begin(witness.url, name, *IMPATIENT)
        point = _kill_at(spare, witness, process, usual, chance)
        code, said = ended(process)
        if code != 1 or "--resume" not in said:
            raise IndexingFailed(f"the run ended with {code}: {said[-300:]}", fix="it should name --resume")
        spare.start()
        disturbed = int(live_release(spare.client, name) != before)
        finish(shop.begin(witness.url, name, *PATIENT, "--resume"))
        seconds = time.monotonic() - started
    disturbed += live_release(spare.client, name) == before
    course = Course("kill -9 of the node, run given up and resumed", point, disturbed, 2, seconds)
    return account(spare.client, shop, name, witness, course)


@dataclass(frozen=True, slots=True)
class Searched:
    """A live release of three nodes that is searched meanwhile, see `QueryLoad`."""

    name: str
    documents: int


def one_of_three(
    three: ThreeNodes, shop: Shop, name: str, searched: Searched, victim: int, chance: random.Random
) -> Trial:
    """The node ``victim`` dies while a release is loaded, through the first node, and another is searched."""
    before = live_release(three.client, name)
    with (
        Witness(three.urls[0]) as witness,
        QueryLoad(three.client, searched.name, searched.documents) as load,
    ):
        started = time.monotonic()
        process = shop.begin(witness.url, name, *PATIENT, "--replicas", "1")
        await_bodies(witness, chance.randrange(1, max(2, shop.good // BODY_ROWS // 2)), process)
        point = f"{witness.bodies} bodies, node {victim + 1}"
        three.kill(victim)
        three.start(victim)
        finish(process)
        seconds = time.monotonic() - started
        three.await_green()
    disturbed = int(live_release(three.client, name) == before)
    course = Course("kill -9 of one of three nodes", point, disturbed, 1, seconds)
    trial = account(three.client, shop, name, witness, course)
    lost = len(load.lost) + len(load.wrong)
    return replace(trial, searches=load.answered, repeated=load.repeated, failed=lost)


def _kill_at(
    spare: SpareNode,
    witness: Witness,
    process: subprocess.Popen[str],
    usual: Undisturbed,
    chance: random.Random,
) -> str:
    await_bodies(witness, chance.randrange(1, max(2, usual.bodies * 3 // 4)), process)
    time.sleep(chance.uniform(0, usual.seconds_per_body))
    point = f"{witness.bodies} bodies"
    spare.kill()
    return point
