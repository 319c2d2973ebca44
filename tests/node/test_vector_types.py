"""Vectors kept as bytes, and on disk, on a real node: searches and updates mean what those of floats mean."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.cluster import Cluster
from aisle.errors import CapabilityMissing
from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue
from aisle.indexer.releases.smoke_queries import check_release
from aisle.indexer.vectors import stored_as
from aisle.mappings import L2, MIN_MAX, FusionSpec, VectorSpace, fields
from aisle.mappings.vector_types import Quantisation, VectorStorage, VectorType, knn_score
from aisle.search import SearchClient, read_live
from aisle.search.legs import Vector
from aisle.search.preflight import install_pipeline
from aisle.types import Item
from tests.support.command import Done, failure, here
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, HashEncoder, direction, shelf_items
from tests.support.stored import STORED
from tests.support.update_stream import update, write_lines

NAME = "test-vector-types"
ITEMS = {item.id: item for item in shelf_items(120)}
QUERIES = ("red oak chair", "drill", "blue lamp kit")
QUANTISATION = Quantisation.fitted(np.stack([direction(item.title) for item in ITEMS.values()]))
BYTES = VectorStorage(VectorType.BYTE, QUANTISATION)


def _by_title(items: Sequence[Item]) -> dict[str, Vector]:
    return {fields.DENSE: np.stack([direction(item.title) for item in items])}


ENCODER = ItemEncoder({fields.DENSE: VectorSpace(FINGERPRINT, "hash", DIMS)}, _by_title)
VECTORS = {id_: direction(item.title) for id_, item in ITEMS.items()}


def _codes(*items: Item, kept: VectorStorage = BYTES) -> NDArray[np.int_]:
    return np.asarray(stored_as(ENCODER, kept).encode(items)[fields.DENSE]).astype(int)


CODES = dict(zip(ITEMS, _codes(*ITEMS.values()), strict=True))


def _made(client: Cluster, kept: VectorStorage) -> str:
    name = f"{NAME}-{kept.kept_as.value}"
    index_catalogue(client, ITEMS.values(), ENCODER, IndexOptions(name, vectors=kept))
    return name


@pytest.fixture(scope="module")
def shops(client: Cluster) -> Iterator[dict[VectorType, SearchClient]]:
    """The same items, kept in each way that the engine has."""
    client.indices.delete(index=f"{NAME}-*", ignore_unavailable=True)
    kept = (VectorStorage(), BYTES, VectorStorage(VectorType.DISK))
    yield {each.kept_as: SearchClient(client, _made(client, each), HashEncoder()) for each in kept}
    client.indices.delete(index=f"{NAME}-*")


@pytest.mark.parametrize("query", QUERIES)
def test_bytes_score_as_the_reference_says_on_the_scale_of_floats(
    shops: dict[VectorType, SearchClient], query: str
) -> None:
    asked = QUANTISATION.codes(direction(query)).astype(int)
    expected = {id_: knn_score(QUANTISATION.product(int(codes @ asked))) for id_, codes in CODES.items()}
    found = shops[VectorType.BYTE].rank(query, legs=("dense",)).results["dense"]
    # A window of 100 of 120: those beyond it, and a few that a graph misses, are not found.
    assert len(found.ids) == 100
    for id_, score in zip(found.ids, found.scores, strict=True):
        assert score == pytest.approx(expected[id_], rel=1e-5)
    whole = shops[VectorType.FP32].rank(query, legs=("dense",)).results["dense"]
    of_floats = dict(zip(whole.ids, whole.scores, strict=True))
    assert all(
        of_floats.get(id_, score) == pytest.approx(score, abs=0.02)
        for id_, score in zip(found.ids, found.scores, strict=True)
    )
    assert found.ids[0] == whole.ids[0]


@pytest.mark.parametrize("query", QUERIES)
def test_on_disk_the_scores_are_those_of_full_vectors(
    shops: dict[VectorType, SearchClient], query: str
) -> None:
    found = shops[VectorType.DISK].rank(query, legs=("dense",)).results["dense"]
    exact = sorted(VECTORS, key=lambda id_: -float(VECTORS[id_] @ direction(query)))
    assert found.ids[:50] == exact[:50]
    for id_, score in zip(found.ids, found.scores, strict=True):
        assert score == pytest.approx(knn_score(float(VECTORS[id_] @ direction(query))), abs=1e-5)


@pytest.mark.parametrize("kept_as", [VectorType.BYTE, VectorType.DISK])
@pytest.mark.parametrize("normalisation", [MIN_MAX, L2])
def test_a_hybrid_search_adds_up_to_near_that_of_floats(
    client: Cluster, shops: dict[VectorType, SearchClient], normalisation: str, kept_as: VectorType
) -> None:
    fusion = FusionSpec.equal("bm25", "dense", normalisation=normalisation)
    install_pipeline(client, fusion)
    small, full = (
        shops[kept].rank("red oak chair", fusion=fusion).fused for kept in (kept_as, VectorType.FP32)
    )
    assert [each.id for each in small[:5]] == [each.id for each in full[:5]]
    for one, other in zip(small[:5], full[:5], strict=True):
        assert sum(one.contributions) == pytest.approx(one.score)
        assert one.contributions == pytest.approx(other.contributions, abs=0.02)


def test_diversity_reads_vectors_of_bytes(shops: dict[VectorType, SearchClient]) -> None:
    hits = shops[VectorType.BYTE].search("red oak chair", diversity=0.3).hits
    rows = np.stack([CODES[hit.item.id] for hit in hits])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    # An item is as like those above it as the likest of them.
    above = np.tril(unit @ unit.T, -1).max(axis=1)
    assert above.max() > 0.1
    for hit, expected in zip(hits, above, strict=True):
        assert hit.diversity is not None
        assert hit.diversity.likeness == pytest.approx(expected, abs=1e-4)


def test_a_least_similarity_and_the_signals_of_hits_mean_the_cosine(
    shops: dict[VectorType, SearchClient],
) -> None:
    least = 0.3
    for kept in (VectorType.BYTE, VectorType.DISK):
        page = shops[kept].search("zebra", least_similarity=least, size=50)
        similar = {id_ for id_, vector in VECTORS.items() if vector @ direction("zebra") >= least}
        assert {hit.item.id for hit in page.hits} == similar != set()
        signals = page.hits[0].signals
        dense = next(signal for signal in signals if signal.leg == "dense")
        assert dense.raw_score == pytest.approx(
            1 + float(VECTORS[page.hits[0].item.id] @ direction("zebra")), abs=0.02
        )


def test_an_update_is_quantised_as_the_release_was(
    client: Cluster, shops: dict[VectorType, SearchClient], tmp_path: Path
) -> None:
    name = f"{NAME}-byte"
    assert read_live(client, name).meta.vectors == BYTES
    lines = [
        {"op": "upsert", "id": "new", "title": "a new boot"},
        {"op": "update", "id": "item-0001", "price": 5},
    ]
    report = update(client, name, write_lines(tmp_path / "c.jsonl", lines), folder=tmp_path, encoder=ENCODER)
    assert report.dead == 0
    stored = client.mget(
        index=name, body={"ids": ["new", "item-0001"]}, params={"_source_includes": fields.DENSE}
    )
    new, old = (np.array(found["_source"][fields.DENSE]) for found in stored["docs"])
    assert (new == _codes(Item("new", "a new boot"))).all()
    assert (old == CODES["item-0001"]).all()
    client.indices.refresh(index=name)
    hit = shops[VectorType.BYTE].search("a new boot", legs=("dense",), size=1).hits[0]
    assert hit.item.id == "new"
    client.delete(index=name, id="new", refresh=True)


def test_the_check_before_a_release_goes_live_asks_in_its_own_numbers(
    client: Cluster, shops: dict[VectorType, SearchClient]
) -> None:
    for kept in shops:
        meta = read_live(client, f"{NAME}-{kept.value}").meta
        encoder = stored_as(ENCODER, meta.vectors)
        checked = check_release(client, meta.release, list(ITEMS.values())[:20], encoder=encoder)
        assert checked.by_vector == 20


def test_what_the_engine_does_not_keep_is_refused_before_anything_is_made(
    client: Cluster, name: str, engine: str
) -> None:
    if engine != "lucene":
        pytest.skip("faiss keeps every type")
    options = IndexOptions(name, vectors=VectorStorage(VectorType.FP16))
    with pytest.raises(CapabilityMissing, match="lucene keeps no vectors as fp16") as caught:
        index_catalogue(client, ITEMS.values(), ENCODER, options)
    assert "byte" in caught.value.fix
    assert not client.indices.exists(index=f"{name}-v0001")


def test_values_beyond_the_sample_are_counted(client: Cluster, name: str) -> None:
    narrow = VectorStorage(VectorType.BYTE, Quantisation(QUANTISATION.scale * 2))
    report = index_catalogue(client, ITEMS.values(), ENCODER, IndexOptions(name, vectors=narrow))
    expected = int((np.abs(_codes(*ITEMS.values(), kept=narrow)) == 127).sum())
    assert report.vectors is not None and report.vectors.clipped == expected > 0


def test_the_command_chooses_within_a_budget_and_updates_what_it_made(
    node_url: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    engine: str,
) -> None:
    if engine != "lucene":
        pytest.skip("faiss keeps fp16 too, which may be chosen")
    shutil.copytree(STORED / "home" / "artifacts", tmp_path / "home" / "artifacts")
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "shop.jsonl", [{"id": id_, "title": item.title} for id_, item in ITEMS.items()])
    write_lines(tmp_path / "changes.jsonl", [{"id": "new", "title": "red oak chair"}])

    def run(*arguments: str) -> Done:
        home = str(tmp_path / "home")
        return here(monkeypatch, capfd, *arguments, "--name", name, AISLE_HOME=home, AISLE_URL=node_url)

    data = ("shop.jsonl", "--encoder", "tiny-dense", "--no-suggest")
    shown = run("index", *data, "--bytes", "32", "--dry-run")
    assert "vectors: 16 dimensions, kept as byte" in shown.out, shown
    assert "byte, 16 dimensions: 16 bytes, recall@10" in shown.out
    assert "fp32, 8 dimensions: 32 bytes, recall@10" in shown.out
    refused = failure(run("index", *data, "--bytes", "7"))
    assert "no vector fits into 7 bytes" in refused
    made = json.loads(run("index", *data, "--bytes", "32", "--json").out)
    kept = made["vectors"]
    assert (kept["kept_as"], kept["dims"], kept["clipped"]) == ("byte", 16, 0) and kept["scale"] > 126
    again = json.loads(run("index", *data, "--dims", "16", "--vectors", "byte", "--dry-run", "--json").out)
    assert again["vectors"]["scale"] == kept["scale"] and again["vectors"]["choices"] == []
    changed = here(
        monkeypatch, capfd, "update", name, "changes.jsonl", "--refresh",
        AISLE_HOME=str(tmp_path / "home"), AISLE_URL=node_url,
    )  # fmt: skip
    assert changed.code == 0, changed
    found = json.loads(run("search", "red oak chair", "--legs", "dense", "--json").out)
    assert "new" in {hit["item"]["id"] if "item" in hit else hit["id"] for hit in found["hits"][:3]}
