"""A catalogue becomes a live release, and only a whole one does."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from aisle.cluster import Cluster
from aisle.errors import DiskFull, IndexingFailed, InputError
from aisle.indexer.ledger.resume import ResumeContext
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.releases.create import declaring_numbers
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import ItemEncoder, without_vectors
from aisle.mappings import IndexMeta, fields
from aisle.mappings.document import item_of
from aisle.mappings.index_body import declared_numbers
from aisle.types import BusinessSignals, Item
from tests.support.indexing import DIMS, ENCODER, SPACE, count, items, options, releases, vectors


def test_end_to_end(client: Cluster, name: str) -> None:
    seen: list[int] = []
    report = index_catalogue(
        client, items(300), ENCODER, options(name), progress=lambda now: seen.append(now.accepted)
    )
    assert (report.documents, report.refused, report.release) == (300, 0, f"{name}-v0001")
    assert report.replaced == "" and report.deleted == ()
    assert report.docs_per_s > 0 and seen[-1] == 300
    assert releases(client, name) == {f"{name}-v0001": {name}}
    assert count(client, name) == 300

    source = client.get(index=name, id="id-7")["_source"]
    assert source[fields.TITLE] == "shoe 7" and source[fields.FACET] == ["Colour=blue"]
    item = next(item for item in items(8) if item.id == "id-7")
    vector = vectors([item])[fields.DENSE][0]
    query = {"query": {"knn": {fields.DENSE: {"vector": vector.tolist(), "k": 3}}}}
    assert client.search(index=name, body=query)["hits"]["hits"][0]["_id"] == "id-7"


def test_meta_and_settings_of_a_live_release(client: Cluster, name: str) -> None:
    index_catalogue(client, items(3), ENCODER, options(name))
    (index, body), *_ = client.indices.get_mapping(index=name).items()
    meta = IndexMeta.from_mapping(index, body["mappings"])
    assert meta.release == index and meta.spaces == {fields.DENSE: SPACE}
    for pipeline in meta.pipelines:
        assert client.transport.perform_request("GET", f"/_search/pipeline/{pipeline}")
    settings = client.indices.get_settings(index=name, params={"flat_settings": "true"})[index]["settings"]
    assert settings["index.refresh_interval"] == "1s"
    assert settings["index.number_of_replicas"] == "0"


def test_replicas_come_after_loading(client: Cluster, name: str) -> None:
    index_catalogue(client, items(3), ENCODER, options(name, replicas=1, shards=2))
    ((_, body),) = client.indices.get_settings(index=name, params={"flat_settings": "true"}).items()
    assert body["settings"]["index.number_of_replicas"] == "1"
    assert body["settings"]["index.number_of_shards"] == "2"


def test_the_next_release_replaces_the_last_and_keeps_one(client: Cluster, name: str) -> None:
    for run in range(4):
        report = index_catalogue(client, items(10 + run), ENCODER, options(name))
        assert count(client, name) == 10 + run
    assert releases(client, name) == {f"{name}-v0003": set(), f"{name}-v0004": {name}}
    assert report.replaced == f"{name}-v0003" and report.deleted == (f"{name}-v0002",)


def test_force_merge_leaves_one_segment(client: Cluster, name: str) -> None:
    index_catalogue(client, items(200), ENCODER, options(name, force_merge=True))
    segments = client.cat.segments(index=name, params={"format": "json"})
    assert len(segments) == 1 and segments[0]["docs.count"] == "200"


def test_an_index_without_vectors(client: Cluster, name: str) -> None:
    assert index_catalogue(client, items(5), without_vectors(), options(name)).documents == 5


def test_alias_moves_in_one_step_under_searches(client: Cluster, name: str) -> None:
    index_catalogue(client, items(50), ENCODER, options(name))
    stop = threading.Event()
    totals: list[int] = []
    errors: list[BaseException] = []

    def search() -> None:
        while not stop.is_set():
            try:
                totals.append(client.count(index=name)["count"])
            except BaseException as error:  # noqa: BLE001 - any failed search fails the test
                errors.append(error)

    searchers = [threading.Thread(target=search) for _ in range(2)]
    for searcher in searchers:
        searcher.start()
    for number in (60, 70, 80):
        index_catalogue(client, items(number), ENCODER, options(name))
    stop.set()
    for searcher in searchers:
        searcher.join()
    assert errors == []
    # Only whole releases: never none, never two at once, never one that is still loading.
    assert set(totals) <= {50, 60, 70, 80} and len(totals) > 20


def test_refused_documents_are_named_and_the_rest_goes_live(client: Cluster, name: str) -> None:
    ledger = Ledger()

    def some_are_broken(batch: list[Item]) -> dict[str, np.ndarray]:
        matrix = np.array(vectors(batch)[fields.DENSE])
        matrix[[item.id in ("id-3", "id-40") for item in batch]] = np.nan
        return {fields.DENSE: matrix}

    encoder = ItemEncoder(ENCODER.spaces, some_are_broken)  # type: ignore[arg-type]
    long = Item(id="x" * 513, title="too long an id")
    source = [*items(300), long]
    asked = options(name, max_refused_share=0.02)
    report = index_catalogue(client, source, encoder, asked, context=ResumeContext(ledger))
    refused = list(ledger.refused())
    assert (report.documents, report.refused) == (298, 3)
    assert {refusal.id for refusal in refused} == {"id-3", "id-40", "x" * 513}
    assert all("dense" in refusal.reason for refusal in refused if refusal.id.startswith("id-"))
    assert count(client, name) == 298


def test_too_many_refusals_leave_the_live_release(client: Cluster, name: str) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))
    wrong_width = ItemEncoder(
        ENCODER.spaces, lambda batch: {fields.DENSE: vectors(batch)[fields.DENSE][:, : DIMS - 1]}
    )
    with pytest.raises(IndexingFailed, match="30 of 30 documents were refused") as failure:
        index_catalogue(client, items(30), wrong_width, options(name))
    assert "dimension" in str(failure.value).lower()
    assert releases(client, name) == {f"{name}-v0001": {name}}
    assert count(client, name) == 10


def test_an_empty_catalogue_never_goes_live(client: Cluster, name: str) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))
    with pytest.raises(IndexingFailed, match="no items"):
        index_catalogue(client, items(0), ENCODER, options(name))
    assert releases(client, name) == {f"{name}-v0001": {name}}


def test_ids_that_occur_twice_are_a_count_that_differs(client: Cluster, name: str) -> None:
    # Readers set duplicates aside; whoever passes items directly is told.
    with pytest.raises(IndexingFailed, match="holds 20 documents, 30 were acknowledged"):
        index_catalogue(client, [*items(20), *items(10)], ENCODER, options(name))
    assert releases(client, name) == {}


def test_a_document_that_disappears_is_noticed(client: Cluster, name: str) -> None:
    def steal(_: object) -> None:
        client.transport.perform_request("DELETE", f"/{name}-v0001/_doc/id-0")

    def encode(batch: list[Item]) -> dict[str, np.ndarray]:
        if batch[-1].id == "id-299":
            steal(batch)
        return dict(vectors(batch))

    narrow = replace(options(name), pipeline=PipelineOptions(batch_items=20, max_body_docs=5))
    with pytest.raises(IndexingFailed, match="holds 299 documents, 300 were acknowledged"):
        index_catalogue(client, items(300), ItemEncoder(ENCODER.spaces, encode), narrow)  # type: ignore[arg-type]


def test_a_name_that_an_index_has(client: Cluster, name: str) -> None:
    client.indices.create(index=name)
    with pytest.raises(InputError, match="is an index"):
        index_catalogue(client, items(3), ENCODER, options(name))
    assert releases(client, name) == {}


def test_an_alias_of_somebody_else(client: Cluster, name: str) -> None:
    client.indices.create(index=f"{name}-theirs", body={"aliases": {name: {}}})
    with pytest.raises(InputError, match="theirs"):
        index_catalogue(client, items(3), ENCODER, options(name))
    assert releases(client, name) == {}


def test_a_name_that_cannot_be_one_is_refused_before_anything(client: Cluster) -> None:
    with pytest.raises(InputError, match="lower case"):
        index_catalogue(client, items(3), ENCODER, options("Shop"))


def test_a_disk_that_fills_up_while_loading(client: Cluster, name: str) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))

    def encode(batch: list[Item]) -> dict[str, np.ndarray]:
        if batch[0].id != "id-0":
            # What OpenSearch itself does to every index of a node over the flood stage.
            block = {"index.blocks.read_only_allow_delete": True}
            client.indices.put_settings(index=f"{name}-v0002", body=block)
        return dict(vectors(batch))

    with pytest.raises(DiskFull, match="disk"):
        index_catalogue(client, items(300), ItemEncoder(ENCODER.spaces, encode), options(name))  # type: ignore[arg-type]
    assert releases(client, name) == {f"{name}-v0001": {name}}
    assert count(client, name) == 10


def test_the_first_fifty_numbers_can_be_filtered_by_and_no_document_fails_for_others(
    client: Cluster, name: str
) -> None:
    numbered = [
        Item(f"n{at}", "shoe", numbers={f"Number {at}": at, f"Number {(at + 1) % 60}": 0.5})
        for at in range(60)
    ]
    report = index_catalogue(client, numbered, without_vectors(), options(name))
    assert (report.documents, report.refused) == (60, 0)
    mapping = client.indices.get_mapping(index=name)[report.release]["mappings"]
    assert declared_numbers(mapping) == {f"number_{at}" for at in range(50)}
    query = {"query": {"range": {fields.number_field("Number 7"): {"gte": 7}}}}
    assert [hit["_id"] for hit in client.search(index=name, body=query)["hits"]["hits"]] == ["n7"]
    # What is not declared is kept, and comes back with the item.
    source = client.get(index=name, id="n55")["_source"]
    assert item_of("n55", source) == numbered[55]


def test_a_resumed_run_declares_on_from_what_is_there(client: Cluster, name: str) -> None:
    report = index_catalogue(client, [Item("1", "x", numbers={"a": 1})], without_vectors(), options(name))
    more = [Item(str(at), "x", numbers={f"more {at}": 1}) for at in range(99)]
    assert list(declaring_numbers(client, report.release, more)) == more
    mapping = client.indices.get_mapping(index=name)[report.release]["mappings"]
    assert declared_numbers(mapping) == {"a", *(f"more_{at}" for at in range(49))}


@pytest.mark.parametrize("odd", ["\u0000", "\U0001f6d2", "a" * 40_000, "=", " > ", "."], ids=ascii)
def test_odd_texts_in_any_field_fail_no_document(client: Cluster, name: str, odd: str) -> None:
    item = Item(
        id="1",
        title="x",
        group=odd,
        brand=odd,
        categories=((odd, odd), (odd,)),
        currency=odd,
        images=(odd,),
        url=odd,
        identifiers=(odd,),
        attributes={odd: (odd, "b")},
        numbers={odd: -1e308},
        signals=BusinessSignals(popularity=1e308, rating=1e-320, stock=0.0, added=odd),
        language=odd,
    )
    report = index_catalogue(client, [item], without_vectors(), options(name))
    assert (report.documents, report.refused) == (1, 0)
    assert item_of("1", client.get(index=name, id="1")["_source"]) == item
