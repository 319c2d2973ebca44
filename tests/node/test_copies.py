"""Hundreds of items of one text hide no other item, score alike, and are told by `aisle check vectors`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

import aisle
from aisle.cluster import Cluster
from aisle.encoder import item_text
from aisle.errors import IndexingFailed, IndexNotFound, InputError
from aisle.indexer import (
    IndexOptions,
    ItemEncoder,
    PipelineOptions,
    dense_item_encoder,
    index_catalogue,
    without_vectors,
)
from aisle.indexer.releases.smoke_queries import check_release
from aisle.indexer.vectors import Vectors
from aisle.mappings import fields
from aisle.mappings.vector_types import AS_FP32, VectorStorage, VectorType
from aisle.search import DenseLeg, SearchClient, read_live
from aisle.search.neighbours import exactly_nearest, nearest, recall
from aisle.types import Item
from tests.support.command import Done, failure, here
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, direction

Floats = NDArray[np.float32]
Run = Callable[..., Done]
# Lucene walks a graph only where that is less than comparing all: with a beam of 256, from 2,000 vectors on.
OTHERS = [Item(f"other-{n:04d}", f"thing {n}") for n in range(2_000)]
COPIES = [Item(f"part-{n:04d}", "Replacement part") for n in range(300)]
MOVED, BYTES, ALIKE, WORDS = "test-copies", "test-copies-bytes", "test-copies-alike", "test-copies-words"


class Cone:
    """An encoder of texts by their hashes. Its vectors lie about one direction, as those of products do."""

    fingerprint = FINGERPRINT

    def encode_items(self, texts: Sequence[str], dims: int | None = None) -> Floats:
        rows = np.stack([direction(text) for text in texts]) + np.eye(DIMS, dtype=np.float32)[0] / 2
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    encode_queries = encode_items


ENCODER = dense_item_encoder(Cone(), item_text, name="cone", dims=DIMS)


def as_they_are(items: Sequence[Item]) -> Vectors:
    """As Aisle made vectors before it moved them apart."""
    return {**ENCODER.encode(items), fields.DENSE: Cone().encode_items([item.title for item in items])}


def put(client: Cluster, name: str, encoder: ItemEncoder, storage: VectorStorage = AS_FP32) -> None:
    """Everything in one segment, in order: how many copies hide depends on what the graph begins with."""
    options = IndexOptions(name, force_merge=True, vectors=storage, pipeline=PipelineOptions(writers=1))
    index_catalogue(client, [*COPIES, *OTHERS], encoder, options)


@pytest.fixture(scope="module", autouse=True)
def releases(client: Cluster) -> Iterator[None]:
    client.indices.delete(index=f"{MOVED}-*", ignore_unavailable=True)
    put(client, MOVED, ENCODER)
    sample = np.asarray(ENCODER.encode(OTHERS[:500])[fields.DENSE])
    put(client, BYTES, ENCODER, VectorStorage.fitted(VectorType.BYTE, sample))
    put(client, ALIKE, ItemEncoder(ENCODER.spaces, as_they_are))
    index_catalogue(client, OTHERS[:3], without_vectors(), IndexOptions(WORDS))
    yield
    client.indices.delete(index=f"{MOVED}-*")


@pytest.mark.parametrize("name", [MOVED, BYTES])
def test_every_other_item_is_found_by_its_own_vector(client: Cluster, name: str) -> None:
    found = aisle.check_vectors(name, sample=100, most_lost=0.0, cluster=client)
    assert (found.vectors, found.sample, found.same_text) == (2_300, 100, 299)
    assert (found.lost, found.failures) == (0, ()), found


def test_a_release_with_copies_goes_live_and_one_whose_vectors_are_the_same_does_not(client: Cluster) -> None:
    some = OTHERS[::10]
    assert check_release(client, f"{MOVED}-v0001", some, encoder=ENCODER).by_vector == len(some)
    with pytest.raises(IndexingFailed, match="are not found by their own vector"):
        check_release(client, f"{ALIKE}-v0001", some)


@pytest.mark.parametrize("window", [1, 10])
def test_a_small_window_finds_the_true_neighbours(client: Cluster, window: int) -> None:
    meta = read_live(client, MOVED).meta
    asked = Cone().encode_queries([f"query {n}" for n in range(50)])
    shares = [
        recall(nearest(client, meta, row, window), exactly_nearest(client, meta, row, window))
        for row in asked
    ]
    assert np.mean(shares) > 0.97


def test_copies_score_alike_and_are_in_order_of_id(client: Cluster) -> None:
    shop = SearchClient(client, MOVED, Cone(), (DenseLeg(),), window=400)
    for query in ("Replacement part", "thing 7"):
        found = shop.rank(query).results["dense"]
        scores = {id_: score for id_, score in zip(found.ids, found.scores, strict=True) if "part" in id_}
        if query == "Replacement part":
            assert list(found.ids[:300]) == [item.id for item in COPIES]
        assert len(set(scores.values())) <= 1


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], node_url: str) -> Run:
    """`aisle check vectors ...`."""
    return lambda *options: here(monkeypatch, capfd, "check", "vectors", *options, AISLE_URL=node_url)


def test_the_command_tells_what_it_measured(check: Run) -> None:
    done = check(MOVED, "--sample", "20", "--json")
    told = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (told["release"], told["items"], told["sample"]) == (f"{MOVED}-v0001", 2_300, 20)
    assert (told["kept_as"], told["dims"], told["lost"], told["failures"]) == ("fp32", DIMS, 0, [])
    shown = check(BYTES, "--sample", "5").out
    assert f"{BYTES}-v0001: 2,300 of 2,300 items have a vector" in shown
    assert f"kept as byte of {DIMS} dimensions" in shown
    assert "items whose text another has already: 299" in shown


def test_the_command_fails_where_items_are_lost(check: Run) -> None:
    done = check(ALIKE, "--sample", "100", "--json")
    told = json.loads(done.out)
    assert done.code == 1
    assert told["lost"] > 1 and told["recall_10"] < 0.95 and told["examples"], told
    assert f"error: {ALIKE}-v0001: {'; '.join(told['failures'])}\n" in failure(done)
    assert told["failures"][0].startswith("recall@10 is 0.")
    assert f"{told['lost']} of 100 items are not found by their own vector, such as other-" in done.err
    # Limits that it keeps.
    assert check(f"{ALIKE}-v0001", "--sample", "20", "--least-recall", "0", "--most-lost", "1").code == 0


def test_what_cannot_be_measured_is_said(client: Cluster, check: Run) -> None:
    said = failure(check(WORDS))
    assert (
        f"{WORDS}-v0001 has no dense vectors" in said and "fix: index the catalogue with an encoder" in said
    )
    assert "test-copies-nowhere" in failure(check("test-copies-nowhere"))
    with pytest.raises(IndexNotFound):
        aisle.check_vectors("test-copies-nowhere", cluster=client)
    for wrong in ({"sample": 0}, {"seed": 2**63}, {"least_recall": 2.0}, {"most_lost": -1.0}):
        with pytest.raises(InputError):
            aisle.check_vectors(MOVED, cluster=client, **wrong)
