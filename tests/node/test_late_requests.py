"""A bulk request that is delayed until its release was given up finds no other release in its place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.errors import IndexingFailed
from aisle.indexer.lease.state import STATE_INDEX
from aisle.indexer.releases.rollback import rollback
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import ItemEncoder, Vectors
from aisle.mappings import fields
from aisle.types import Item
from tests.support.indexing import DIMS, ENCODER, QUICK, count, items, options, releases
from tests.support.proxies.faulty import Fault, FaultyProxy, Request


def too_wide(batch: Sequence[Item]) -> Vectors:
    """Vectors that OpenSearch refuses, so that the release is given up."""
    return {fields.DENSE: np.ones((len(batch), DIMS + 1), dtype=np.float32)}


def titles(client: Cluster, name: str) -> set[str]:
    client.indices.refresh(index=name)
    hits = client.search(index=name, body={"size": 1000, "query": {"match_all": {}}})["hits"]["hits"]
    return {hit["_source"]["title"].split()[0] for hit in hits}


def test_a_late_request_lands_in_no_later_release(client: Cluster, node_url: str, name: str) -> None:
    late: list[Request] = []

    def keep(request: Request) -> Fault | None:
        if "/_bulk" in request.path:
            late.append(request)
        return None

    def send_late() -> list[int]:
        """The statuses of all its documents."""
        (request, *_) = late
        answer = client.transport.perform_request("POST", request.path, body=request.body)
        return [item["index"]["status"] for item in answer["items"]]

    with FaultyProxy(node_url, plan=keep) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        # As it would have been written: this request is sound, and its release is given up for another.
        with pytest.raises(IndexingFailed):
            index_catalogue(
                through,
                [*items(25, "old"), *items(25, "twice")],
                ENCODER,
                options(name),
            )
        assert releases(client, name) == {}
        statuses = [send_late()]

        def send_late_while_loading(request: Request) -> Fault | None:
            if "/_bulk" in request.path and len(statuses) == 1:
                statuses.append(send_late())
            return None

        proxy.plan = send_late_while_loading
        report = index_catalogue(through, items(40, "new"), ENCODER, options(name))
    statuses.append(send_late())
    # Writers write side by side, so that more than one may have met the moment in between.
    assert len(statuses) >= 3
    assert all(status == [404] * 25 for status in statuses)
    assert report.release == f"{name}-v0002" and set(releases(client, name)) == {report.release}
    assert count(client, name) == 40 and titles(client, name) == {"new"}


def test_the_number_of_a_withdrawn_release_that_was_deleted_is_not_given_again(
    client: Cluster, name: str
) -> None:
    for number in (1, 2):
        index_catalogue(client, items(10 * number), ENCODER, options(name))
    rollback(client, name, policy=QUICK)
    client.indices.delete(index=f"{name}-v0002")
    with pytest.raises(IndexingFailed):
        index_catalogue(client, items(30), ItemEncoder(ENCODER.spaces, too_wide), options(name))
    assert index_catalogue(client, items(30), ENCODER, options(name)).release == f"{name}-v0004"
    # Whoever deletes the memory is back to what can be seen.
    client.delete(index=STATE_INDEX, id=name)
    assert index_catalogue(client, items(30), ENCODER, options(name)).release == f"{name}-v0005"
