"""A cluster of three nodes with one copy of each shard: any one may die or be restarted at any moment."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator

import pytest

from aisle.indexer.run import index_catalogue
from tests.support.indexing import ENCODER, count, items, options, releases
from tests.support.node_loss import PATIENT, Outage, present
from tests.support.query_load import QueryLoad
from tests.support.three_nodes import ThreeNodes

DOCUMENTS = 1_000
SEARCHED = 200
# Answers between two events: enough for each host of the client to have given some.
SOME = 10
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def names(three_nodes: ThreeNodes) -> Iterator[tuple[str, str]]:
    """A live catalogue with a copy of each shard, and a name for another; both go when all nodes are back."""
    unique = f"test-{uuid.uuid4().hex[:12]}"
    live, other = f"{unique}-live", f"{unique}-other"
    index_catalogue(three_nodes.client, items(SEARCHED), ENCODER, options(live, replicas=1, retry=PATIENT))
    three_nodes.await_green()
    yield live, other
    three_nodes.await_green()
    for index in three_nodes.client.indices.get(index=f"{unique}-*"):
        three_nodes.client.indices.delete(index=index)


def test_a_node_dies_while_it_is_loaded_and_searched(three_nodes: ThreeNodes, names: tuple[str, str]) -> None:
    live, loaded = names
    down_until: list[float] = []

    def power_cut() -> None:
        # While a release is loaded there is one copy of it.
        victim = three_nodes.primary(f"{loaded}-v0001")
        three_nodes.kill(victim)
        load.await_answers(SOME)
        down_until.append(time.monotonic())
        three_nodes.start(victim)

    outage = Outage(DOCUMENTS // 2, power_cut)
    wanted = options(loaded, replicas=1, retry=PATIENT)
    with QueryLoad(three_nodes.client, live, SEARCHED) as load:
        load.await_answers(SOME)
        report = index_catalogue(three_nodes.client, items(DOCUMENTS), outage.encoder, wanted)
        loaded_at = time.monotonic()
        outage.finish()
        load.await_answers(SOME)
    assert (load.lost, load.wrong) == ([], [])
    assert (report.documents, report.refused) == (DOCUMENTS, 0)
    # The load met the outage. A node may hold a request until the shard is back: a retry is not certain.
    assert loaded_at > down_until[0]
    three_nodes.await_green()
    assert count(three_nodes.client, loaded) == DOCUMENTS
    assert len(present(three_nodes.client, loaded, DOCUMENTS)) == DOCUMENTS
    copies = three_nodes.shards(report.release)
    assert len({copy["node"] for copy in copies}) == 2
    assert {(copy["state"], copy["docs"]) for copy in copies} == {("STARTED", str(DOCUMENTS))}


def test_without_the_manager_searches_go_on_and_a_release_goes_live(
    three_nodes: ThreeNodes, names: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    live, made = names
    victim = three_nodes.manager()
    with QueryLoad(three_nodes.client, live, SEARCHED) as load:
        load.await_answers(SOME)
        three_nodes.kill(victim)
        try:
            with caplog.at_level(logging.WARNING):
                report = index_catalogue(
                    three_nodes.client, items(100), ENCODER, options(made, replicas=2, retry=PATIENT)
                )
            assert releases(three_nodes.client, made) == {report.release: {made}}
            assert "2 of 3 shards" in caplog.text
            load.await_answers(SOME)
        finally:
            three_nodes.start(victim)
        three_nodes.await_green()
        load.await_answers(SOME)
    assert (load.lost, load.wrong) == ([], [])
    assert len({copy["node"] for copy in three_nodes.shards(report.release)}) == 3


def test_a_rolling_restart_under_searches(three_nodes: ThreeNodes, names: tuple[str, str]) -> None:
    live, _ = names
    with QueryLoad(three_nodes.client, live, SEARCHED) as load:
        for number in range(3):
            load.await_answers(SOME)
            three_nodes.stop(number)
            load.await_answers(SOME)
            three_nodes.start(number)
            three_nodes.await_green()
    assert (load.lost, load.wrong) == ([], [])
    assert count(three_nodes.client, live) == SEARCHED
