"""The only node loses its power in mid-bulk: what it acknowledged is on its disk."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest

from aisle.cluster import ClusterSettings, connect
from aisle.cluster.failures import RetryPolicy
from aisle.errors import ClusterUnavailable
from aisle.indexer.releases.names import loading_alias
from aisle.indexer.run import index_catalogue
from tests.support.indexing import ENCODER, count, items, options, releases
from tests.support.node_loss import PATIENT, Outage, present
from tests.support.proxies.recording import Witness
from tests.support.three_nodes import SpareNode

DOCUMENTS = 2_000
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def shop(spare_node: SpareNode) -> Iterator[str]:
    """A name on the spare node."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    for index in spare_node.client.indices.get(index=f"{name}-v*"):
        spare_node.client.indices.delete(index=index)


def test_a_run_outlives_its_node(spare_node: SpareNode, shop: str) -> None:
    index_catalogue(spare_node.client, items(20), ENCODER, options(shop, retry=PATIENT))

    def power_cut() -> None:
        spare_node.kill()
        spare_node.start()

    outage = Outage(DOCUMENTS // 2, power_cut)
    started = time.monotonic()
    report = index_catalogue(
        spare_node.client, items(DOCUMENTS), outage.encoder, options(shop, retry=PATIENT)
    )
    outage.finish()
    assert time.monotonic() - started < PATIENT.deadline_s
    assert (report.documents, report.refused) == (DOCUMENTS, 0) and report.retries > 0
    assert count(spare_node.client, shop) == DOCUMENTS
    assert len(present(spare_node.client, shop, DOCUMENTS)) == DOCUMENTS


def test_what_was_acknowledged_when_the_node_died_can_be_read(spare_node: SpareNode, shop: str) -> None:
    index_catalogue(spare_node.client, items(20), ENCODER, options(shop, retry=PATIENT))
    impatient = RetryPolicy(deadline_s=1, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=5)
    with Witness(spare_node.url) as witness, connect(ClusterSettings(url=witness.url)) as through:
        outage = Outage(DOCUMENTS // 2, spare_node.kill)
        with pytest.raises(ClusterUnavailable, match="took no more requests for 1 s"):
            index_catalogue(through, items(DOCUMENTS), outage.encoder, options(shop, retry=impatient))
        outage.finish()
    spare_node.start()
    assert 0 < len(witness.acknowledged) < DOCUMENTS
    # The run could not even say goodbye: its release is there, unfinished, and what was live is live.
    unfinished = f"{shop}-v0002"
    assert releases(spare_node.client, shop)[unfinished] == {loading_alias(unfinished)}
    assert witness.acknowledged <= present(spare_node.client, unfinished, DOCUMENTS)
    assert count(spare_node.client, shop) == 20
    report = index_catalogue(spare_node.client, items(DOCUMENTS), ENCODER, options(shop, retry=PATIENT))
    assert count(spare_node.client, shop) == report.documents == DOCUMENTS
