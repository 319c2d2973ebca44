"""Hundreds of items of one text hide no other item, score alike, and are told by `aisle check vectors`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

import aisle
from aisle.cluster import Cluster
from aisle.encoder import item_text
from aisle.errors import InputError
from aisle.indexer import IndexOptions, dense_item_encoder, index_catalogue, without_vectors
from aisle.mappings import fields
from aisle.mappings.vector_types import VectorStorage, VectorType
from aisle.search import DenseLeg, SearchClient
from aisle.types import Item
from tests.support.command import here
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, direction

NAME = "test-copies"
Floats = NDArray[np.float32]
OTHERS = [Item(f"other-{n:04d}", f"thing {n}") for n in range(2_000)]
COPIES = [Item(f"part-{n:04d}", "Replacement part") for n in range(300)]


class Directions:
    """An encoder of texts by their hashes: the same text, the same vector."""

    fingerprint = FINGERPRINT

    def encode_items(self, texts: Sequence[str], dims: int | None = None) -> Floats:
        return np.stack([direction(text)[:dims] for text in texts])

    encode_queries = encode_items


ENCODER = dense_item_encoder(Directions(), item_text, name="directions", dims=DIMS)


@pytest.fixture(scope="module", params=[VectorType.FP32, VectorType.BYTE], ids=str)
def name(client: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A catalogue of which an eighth is copies, in one segment."""
    kept = f"{NAME}-{request.param}"
    client.indices.delete(index=f"{kept}-*", ignore_unavailable=True)
    sample = np.asarray(ENCODER.encode(OTHERS[:500])[fields.DENSE])
    options = IndexOptions(kept, vectors=VectorStorage.fitted(request.param, sample))
    index_catalogue(client, [*COPIES, *OTHERS], ENCODER, options)
    client.indices.forcemerge(index=kept, params={"max_num_segments": 1})
    yield kept
    client.indices.delete(index=f"{kept}-*")


def test_every_other_item_is_found_by_its_own_vector(client: Cluster, name: str) -> None:
    found = aisle.check_vectors(name, sample=60, most_lost=0.0, cluster=client)
    assert (found.vectors, found.sample, found.same_text) == (2_300, 60, 299)
    assert (found.lost, found.failures) == (0, ()), found


def test_copies_score_alike_and_are_in_order_of_id(client: Cluster, name: str) -> None:
    shop = SearchClient(client, name, Directions(), (DenseLeg(),), window=400)
    for query in ("Replacement part", "thing 7"):
        found = shop.rank(query).results["dense"]
        scores = {id_: score for id_, score in zip(found.ids, found.scores, strict=True) if "part" in id_}
        if query == "Replacement part":
            assert list(found.ids[:300]) == [item.id for item in COPIES]
        assert len(set(scores.values())) <= 1


def test_the_command_measures_and_holds_limits(
    client: Cluster,
    name: str,
    node_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    done = here(monkeypatch, capfd, "check", "vectors", name, "--sample", "20", "--json", AISLE_URL=node_url)
    assert done.code == 0, done
    told = json.loads(done.out)
    assert (told["items"], told["sample"], told["lost"], told["failures"]) == (2_300, 20, 0, [])
    assert told["recall_10"] > 0.99
    shown = here(monkeypatch, capfd, "check", "vectors", name, "--sample", "5", AISLE_URL=node_url)
    assert f"{name}-v0001: 2,300 of 2,300 items have a vector" in shown.out
    assert "items whose text another has already: 299" in shown.out


def test_what_has_no_vectors_or_cannot_be_drawn_is_said(client: Cluster) -> None:
    kept = f"{NAME}-words"
    index_catalogue(client, OTHERS[:3], without_vectors(), IndexOptions(kept))
    try:
        with pytest.raises(InputError, match="has no dense vectors"):
            aisle.check_vectors(kept, cluster=client)
    finally:
        client.indices.delete(index=f"{kept}-v0001")
    for wrong in ({"sample": 0}, {"least_recall": 2.0}, {"most_lost": -1.0}):
        with pytest.raises(InputError):
            aisle.check_vectors(kept, cluster=client, **wrong)
