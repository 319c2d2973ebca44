"""What each type of vectors asks of OpenSearch, what a release says of them, and how one is chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle._vectors import VectorRequest
from aisle.cluster import Capabilities
from aisle.errors import CapabilityMissing, ForeignIndex, InputError
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.evaluation.encoders.vector_table import KeptSearch, vector_recall, vector_table
from aisle.indexer.options import engine_keeping
from aisle.mappings import IndexMeta, IndexSettings, VectorSpace, fields, index_body
from aisle.mappings.vector_types import LAYOUTS, Quantisation, VectorStorage, VectorType
from aisle.search import Bm25Leg, DenseLeg, Question, SearchRequest
from aisle.search.legs import Leg, QueryEncoders
from aisle.search.plan import SearchSettings, resolve
from aisle.search.preflight import LiveIndex
from aisle.search.ranking import plan_body
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, HashEncoder, direction

SPACES = {fields.DENSE: VectorSpace(FINGERPRINT, "hash", DIMS)}
BYTES = VectorStorage(VectorType.BYTE, Quantisation(150.0))


def meta(storage: VectorStorage, engine: str) -> IndexMeta:
    return IndexMeta("shop-v0001", SPACES, engine, (), vectors=storage)


def field(kept_as: VectorType, engine: str) -> dict[str, Any]:
    storage = VectorStorage.fitted(kept_as, direction("drill")[None])
    settings = IndexSettings(dims=DIMS, engine=engine, vectors=storage)
    body = index_body(settings, meta(settings.vectors, engine))
    found: dict[str, Any] = body["mappings"]["properties"][fields.DENSE]
    return found


@pytest.mark.parametrize(
    ("kept_as", "engine", "added"),
    [
        (VectorType.FP32, "lucene", {}),
        (VectorType.FP32, "faiss", {}),
        (VectorType.FP16, "faiss", {"mode": "on_disk", "compression_level": "2x"}),
        (VectorType.BYTE, "lucene", {"data_type": "byte"}),
        (VectorType.BYTE, "faiss", {"data_type": "byte"}),
        (VectorType.DISK, "lucene", {"mode": "on_disk", "compression_level": "4x"}),
        (VectorType.DISK, "faiss", {"mode": "on_disk", "compression_level": "32x"}),
    ],
)
def test_the_mapping_of_each_type(kept_as: VectorType, engine: str, added: dict[str, Any]) -> None:
    plain = field(VectorType.FP32, engine)
    assert plain["method"]["engine"] == engine
    assert field(kept_as, engine) == {**plain, **added}


def test_vectors_on_disk_need_a_library_more_of_faiss_and_none_of_lucene() -> None:
    plugins = ("opensearch-knn", "opensearch-neural-search")
    faiss = Capabilities("3.6.0", "opensearch", plugins, ("faiss", "lucene"))
    with pytest.raises(CapabilityMissing, match="disk need libopensearchknn_simd") as caught:
        engine_keeping(VectorType.DISK, faiss)
    assert "AISLE_KNN_LIB" in caught.value.fix and "fp16 or byte" in caught.value.fix
    for kept_as in set(VectorType) - {VectorType.DISK}:
        assert engine_keeping(kept_as, faiss) == "faiss"
    assert engine_keeping(VectorType.DISK, replace(faiss, knn_simd=True)) == "faiss"
    lucene = replace(faiss, knn_engines=("lucene",))
    assert engine_keeping(VectorType.DISK, lucene) == "lucene"
    assert not LAYOUTS[VectorType.DISK]["lucene"].simd


def test_what_an_engine_does_not_keep_is_refused_and_the_fix_says_what_it_does() -> None:
    with pytest.raises(CapabilityMissing, match="lucene keeps no vectors as fp16, only faiss does") as caught:
        field(VectorType.FP16, "lucene")
    assert "fp32, byte, disk" in caught.value.fix


@pytest.mark.parametrize("storage", [VectorStorage(), BYTES, VectorStorage(VectorType.DISK)])
def test_a_release_says_how_it_keeps_them(storage: VectorStorage) -> None:
    said = {"_meta": {"aisle": meta(storage, "lucene").to_json()}}
    read = IndexMeta.from_mapping("shop-v0001", said)
    assert read.vectors == storage and read.layout is LAYOUTS[storage.kept_as]["lucene"]
    # A release of before there was a choice does not say.
    del said["_meta"]["aisle"]["vectors"]
    assert IndexMeta.from_mapping("shop-v0001", said).vectors == VectorStorage()


@pytest.mark.parametrize(
    "found",
    [
        {"kept_as": "int4"},
        {"kept_as": "fp16"},
        {"kept_as": "byte", "scale": -1},
        {"kept_as": "byte", "scale": "x"},
        {"kept_as": "byte", "scale": 1e300},
        {"kept_as": "byte", "scale": 1e-300},
        {"kept_as": "byte"},
        {"kept_as": "fp32", "scale": 4},
        {},
        None,
    ],
    ids=str,
)
def test_vectors_that_this_aisle_cannot_read_are_refused(found: object) -> None:
    said = meta(VectorStorage(), "lucene").to_json() | {"vectors": found}
    with pytest.raises(ForeignIndex, match="unreadable") as caught:
        IndexMeta.from_mapping("shop-v0001", {"_meta": {"aisle": said}})
    assert "Fix" not in caught.value.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_becomes_no_code(value: float) -> None:
    vectors = np.stack([direction("drill"), direction("saw")])
    vectors[1, 3] = value
    for making in (Quantisation.fitted, Quantisation(150.0).codes):
        with pytest.raises(InputError, match="not finite numbers") as caught:
            making(vectors)
        assert "aisle encoder show" in caught.value.fix


def asked(storage: VectorStorage, engine: str, window: int) -> dict[str, Any]:
    release = meta(storage, engine)
    vectors = QueryEncoders(HashEncoder()).vectors("drill", [DenseLeg()], release)
    question = Question("drill", vectors, (), window, layouts={fields.DENSE: release.layout})
    found: dict[str, Any] = DenseLeg().query(question)["knn"][fields.DENSE]
    return found


def test_bytes_are_asked_for_with_bytes() -> None:
    vector = asked(BYTES, "lucene", 100)["vector"]
    assert vector == BYTES.numbers(direction("drill")).tolist()
    assert all(isinstance(value, int) for value in vector)
    assert asked(VectorStorage(), "lucene", 100)["vector"] == direction("drill").tolist()


def test_on_disk_candidates_are_rescored_and_a_small_window_is_not_searched_narrowly() -> None:
    on_disk = VectorStorage(VectorType.DISK)
    for engine in ("faiss", "lucene"):
        assert asked(on_disk, engine, 100)["rescore"] == {"oversample_factor": 5.0}
        assert asked(on_disk, engine, 500)["k"] == 500
        assert "rescore" not in asked(VectorStorage(), engine, 100)
    assert asked(on_disk, "faiss", 10)["k"] == 64
    assert asked(on_disk, "lucene", 10)["k"] == asked(VectorStorage(), "faiss", 10)["k"] == 10


@pytest.mark.parametrize(
    ("window", "beam"), [(1, 256), (10, 256), (128, 256), (129, 258), (5_000, 10_000), (10_000, 10_000)]
)
def test_the_beam_is_never_narrow_nor_wider_than_opensearch_takes(window: int, beam: int) -> None:
    for kept in (VectorStorage(), BYTES, VectorStorage(VectorType.DISK)):
        assert asked(kept, "lucene", window)["method_parameters"] == {"ef_search": beam}


@pytest.mark.parametrize(
    ("engine", "window", "counted"), [("faiss", 63, True), ("faiss", 64, False), ("lucene", 10, False)]
)
def test_more_neighbours_than_the_window_are_not_counted_as_results(
    engine: str, window: int, counted: bool
) -> None:
    live = LiveIndex(meta(VectorStorage(VectorType.DISK), engine), 1, "one")
    legs: dict[str, Leg] = {"bm25": Bm25Leg(), "dense": DenseLeg()}
    plan = resolve(SearchRequest("drill"), SearchSettings(legs, window, typos=False, exact=False), live)
    vectors = {fields.DENSE: direction("drill")}
    body = plan_body(plan, Question("drill", vectors, (), window), spelling=False)
    assert ("aggs" in body) is counted


def unit(seed: int, number: int, dims: int) -> NDArray[np.float32]:
    # Falling in importance, as the dimensions of a model that was trained to be cut.
    rows = np.random.default_rng(seed).standard_normal((number, dims)) / (1 + np.arange(dims) / 8)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_the_table_has_the_widest_of_each_type_the_best_first() -> None:
    vectors = unit(1, 800, 64)
    every = list(VectorType)
    found = vector_table(vectors, 64, "faiss", every[:3])
    assert {(way.kept_as, way.dims, way.bytes) for way in found} == {
        (VectorType.FP32, 16, 64),
        (VectorType.FP16, 32, 64),
        (VectorType.BYTE, 64, 64),
    }
    assert [way.kept_as for way in found] == [VectorType.BYTE, VectorType.FP16, VectorType.FP32]
    assert [way.recall for way in found] == sorted((way.recall for way in found), reverse=True)
    # lucene has no fp16; with room for all, floats find everything, and of equals the smaller is taken.
    assert {way.kept_as for way in vector_table(vectors, 64, "lucene", every[:3])} == {
        VectorType.FP32,
        VectorType.BYTE,
    }
    best = vector_table(vectors, 10_000, "faiss", every[:3])[0]
    assert (best.dims, best.recall) == (64, 1.0)
    assert (
        vector_recall(vectors, 64, VectorType.FP32) == 1.0 > vector_recall(vectors, 64, VectorType.BYTE) > 0.9
    )
    with pytest.raises(InputError, match="no vector fits into 3 bytes"):
        vector_table(vectors, 3, "lucene", every)


def test_a_search_of_kept_vectors_is_that_of_their_numbers() -> None:
    items, queries, ids = unit(2, 50, 16), unit(3, 4, 16), [str(place) for place in range(50)]
    codes = VectorStorage.fitted(VectorType.BYTE, items)
    expected = exact_neighbours(
        codes.numbers(queries).astype(np.float32), codes.numbers(items).astype(np.float32), ids, 5
    )
    assert KeptSearch(VectorType.BYTE)(queries, items, ids, 5) == expected
    assert KeptSearch(VectorType.DISK)(queries, items, ids, 5) == exact_neighbours(queries, items, ids, 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"encoder": None, "vectors": "byte"}, "without an encoder"),
        ({"encoder": None, "vector_bytes": 64}, "without an encoder"),
        ({"vectors": "int8"}, "kept as 'int8'"),
        ({"vector_bytes": 0}, "0 bytes"),
        ({"vector_bytes": 64, "dims": 64}, "cannot both be held"),
        ({"vector_bytes": 64, "vectors": "disk"}, "sets no width"),
    ],
)
def test_options_that_mean_nothing_together(options: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "encoder": Path("a"),
        "dims": None,
        "sparse": None,
        "vectors": None,
        "vector_bytes": None,
    }
    with pytest.raises(InputError, match=said):
        VectorRequest.of(**given | options)
