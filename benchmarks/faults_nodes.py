"""SIGKILL to nodes in the middle of a run: the only one, or one of three."""

from __future__ import annotations

import random
import subprocess
import time
from dataclasses import dataclass, replace

from aisle.errors import IndexingFailed
from benchmarks.faults_indexer import Undisturbed, await_bodies
from benchmarks.faults_shop import Shop, ended, finish
from benchmarks.faults_trial import Course, Trial, account, live_release
from tests.support.proxies.recording import Witness
from tests.support.query_load import QueryLoad
from tests.support.three_nodes import SpareNode, ThreeNodes

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
