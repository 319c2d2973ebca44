"""Tuned fusions on a real node: the pipeline is the reference, applying changes what it says and no more."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisle._tune import apply_fusion, show_fusion
from aisle.cluster import Cluster
from aisle.errors import ArtifactMismatch, IndexNotFound, InputError
from aisle.evaluation import JudgedSet
from aisle.indexer import index_catalogue
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inherit import Inherited, inherited
from aisle.mappings import (
    BM25,
    DENSE,
    GEOMETRIC,
    HARMONIC,
    L2,
    MIN_MAX,
    Z_SCORE,
    FusionSpec,
    VectorSpace,
    default_fusion,
    fields,
    pipeline_body,
    pipeline_name,
)
from aisle.mappings.fusion import QueryWeights
from aisle.search import Bm25Leg, DenseLeg, Question, SearchClient, fuse, read_live
from aisle.search.fusion import feature_names
from aisle.search.preflight import install_pipeline
from aisle.search.ranking import candidates_body, leg_results
from aisle.search.stored import with_ids
from aisle.search.tuning.fusion_file import FusionFile
from aisle.search.tuning.runs import ask_legs, read_leg_runs, write_leg_runs
from aisle.search.tuning.tune import TuneOptions, tune
from aisle.types import Query
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, HashEncoder, put_shelf, shelf_items, swap
from tests.support.indexing import ENCODER, SPACE, items, options

INDEX = "test-tuned-fusion"
TITLES = Bm25Leg(words=((fields.TITLE, 1.0),), parts=((f"{fields.TITLE}.{fields.PARTS}", 1.0),), name="title")
TWO, THREE = (Bm25Leg(), DenseLeg()), (Bm25Leg(), DenseLeg(), TITLES)
ODD = (
    FusionSpec((BM25, DENSE), (0.8125, 0.1875), rank_constant=1),
    FusionSpec((BM25, DENSE), (0.0375, 0.9625), rank_constant=119),
    FusionSpec((BM25, DENSE), (0.013, 0.987), MIN_MAX, GEOMETRIC),
    FusionSpec((BM25, DENSE), (1 / 3, 2 / 3), L2, HARMONIC),
    FusionSpec((BM25, DENSE), (0.9125, 0.0875), Z_SCORE),
    FusionSpec((BM25, DENSE, "title"), (1 / 7, 2 / 7, 4 / 7), rank_constant=3),
    FusionSpec((BM25, DENSE, "title"), (0.0125, 0.6, 0.3875), MIN_MAX),
    FusionSpec((BM25, DENSE, "title"), (0.55, 0.15, 0.3), L2, GEOMETRIC),
    FusionSpec((BM25, DENSE, "title"), (0.2, 0.7, 0.1), MIN_MAX, HARMONIC),
)
SPACES = {DENSE: VectorSpace(FINGERPRINT, "hash", DIMS)}
TUNED = FusionFile(ODD[0], SPACES, "somewhere-v0001")


@pytest.fixture(scope="module")
def index(client: Cluster) -> Iterator[str]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, shelf_items())
    for spec in ODD:
        install_pipeline(client, spec)
    yield INDEX
    client.indices.delete(index=INDEX)


@pytest.fixture
def live(client: Cluster, name: str) -> str:
    """A catalogue with one release; its name."""
    put_shelf(client, f"{name}-v0001", shelf_items(60))
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    return name


@pytest.mark.parametrize("query", ["red oak chair", "drill kit pro", "nothing-that-matches lamp"])
@pytest.mark.parametrize("spec", ODD, ids=pipeline_name)
def test_the_pipeline_orders_as_the_reference_does(
    client: Cluster, index: str, spec: FusionSpec, query: str
) -> None:
    window = 40
    legs = THREE if len(spec.legs) == 3 else TWO
    question = Question(query, {DENSE: HashEncoder().encode_queries([query])[0]}, (), window)
    answer = client.search(
        index=index,
        body=candidates_body(legs, question),
        params={"search_pipeline": pipeline_name(spec), "include_named_queries_score": "true"},
    )
    hits = with_ids(answer["hits"]["hits"])
    results = leg_results(hits, spec.legs, window)
    # The server breaks ties its own way: by rank in RRF, and at the end of a window.
    unclear = {
        id_
        for found in results.values()
        for id_, score in zip(found.ids, found.scores, strict=True)
        if list(found.scores).count(score) > 1 or score == found.scores[-1]
    }
    server = {hit["_id"]: hit["_score"] for hit in hits}
    clear = [fused for fused in fuse(spec, results) if fused.id not in unclear]
    assert len(clear) > 20
    for fused in clear:
        assert server[fused.id] == pytest.approx(fused.score, rel=1e-4, abs=1e-6)
    order = {hit["_id"]: place for place, hit in enumerate(hits)}
    for better, worse in pairwise(clear):
        # OpenSearch adds in single precision.
        if better.score - worse.score > 1e-5 * better.score:
            assert order[better.id] < order[worse.id]


def meta_of(client: Cluster, release: str) -> dict[str, Any]:
    found: dict[str, Any] = client.indices.get_mapping(index=release)[release]["mappings"]
    return found


def test_an_applied_fusion_is_what_searches_use_and_nothing_else_changes(client: Cluster, live: str) -> None:
    release = f"{live}-v0001"
    before = meta_of(client, release)
    assert not show_fusion(live, cluster=client).tuned
    assert SearchClient(client, live, HashEncoder()).rank("red oak").spec == default_fusion()
    name = pipeline_name(TUNED.spec)
    client.transport.perform_request("DELETE", f"/_search/pipeline/{name}", params={"ignore": 404})

    tried = apply_fusion(live, TUNED, dry_run=True, cluster=client)
    assert (tried.done, tried.before, tried.release) == (False, None, release)
    assert meta_of(client, release) == before
    assert name not in client.transport.perform_request("GET", "/_search/pipeline")

    applied = apply_fusion(live, TUNED, cluster=client)
    assert (applied.done, applied.after, applied.pipeline) == (True, TUNED.spec, name)
    after = meta_of(client, release)
    aisle = after["_meta"]["aisle"]
    assert aisle.pop("fusion") == TUNED.spec.to_json()
    assert aisle.pop("pipelines") == [*before["_meta"]["aisle"].pop("pipelines"), name]
    assert after == before
    assert client.transport.perform_request("GET", f"/_search/pipeline/{name}")[name] == pipeline_body(
        TUNED.spec
    )
    shown = show_fusion(live, cluster=client)
    assert (shown.spec, shown.tuned, shown.release) == (TUNED.spec, True, release)

    shop = SearchClient(client, live, HashEncoder())
    assert shop.rank("red oak").spec == TUNED.spec
    assert shop.rank("red oak", legs=[BM25, DENSE]).spec == default_fusion()
    assert [signal.weight for signal in shop.search("red oak").hits[0].signals] == [0.8125, 0.1875]
    # Twice is as once.
    assert apply_fusion(live, TUNED, cluster=client).before == TUNED.spec
    assert read_live(client, live).meta.pipelines.count(name) == 1


def test_one_leg_alone_is_asked_alone(client: Cluster, live: str) -> None:
    apply_fusion(live, FusionFile(FusionSpec((BM25,), (1.0,)), {}, "x"), cluster=client)
    ranking = SearchClient(client, live, HashEncoder()).rank("red oak")
    assert set(ranking.results) == {BM25}
    # Nor does it take the vectors' encoder.
    assert SearchClient(client, live).rank("red oak").fused == ranking.fused


def test_what_does_not_fit_the_release_is_refused(client: Cluster, live: str) -> None:
    before = meta_of(client, f"{live}-v0001")
    sparse = FusionFile(FusionSpec.equal(BM25, "sparse"), SPACES, "x")
    with pytest.raises(InputError, match=r"has no sparse leg, which the fusion asks \(it has bm25, dense\)"):
        apply_fusion(live, sparse, cluster=client)
    for space in (VectorSpace("cd" * 32, "other", DIMS), VectorSpace(FINGERPRINT, "hash", DIMS // 2)):
        with pytest.raises(ArtifactMismatch, match=f"the fusion was tuned with {space.name}"):
            apply_fusion(live, FusionFile(ODD[0], {DENSE: space}, "x"), cluster=client)
    with pytest.raises(IndexNotFound):
        apply_fusion(f"{live}-none", TUNED, cluster=client)
    with (
        hold(client, live, "aisle index"),
        pytest.raises(InputError, match="is being changed by aisle index"),
    ):
        apply_fusion(live, TUNED, cluster=client)
    assert meta_of(client, f"{live}-v0001") == before


def test_a_client_notices_the_fusion_of_a_new_release(client: Cluster, live: str) -> None:
    shop = SearchClient(client, live, HashEncoder())
    assert shop.rank("red").spec == default_fusion()
    put_shelf(client, f"{live}-v0002", shelf_items(60))
    swap(client, live, f"{live}-v0001", f"{live}-v0002")
    apply_fusion(live, FusionFile(ODD[4], SPACES, "x"), cluster=client)
    assert shop.rank("red").spec == ODD[4]


def test_weights_of_a_query_are_those_of_its_model(client: Cluster, live: str) -> None:
    """Many words: the second choice; few: the first. The signals have the weights that were used."""
    names = feature_names((BM25, DENSE))
    slopes = tuple(1.0 if feature == "words" else 0.0 for feature in names)
    width = len(names)
    model = QueryWeights(
        names,
        ((0.75, 0.25), (0.25, 0.75)),
        (float(np.log1p(3)),) * width,
        (1.0,) * width,
        ((0.0,) * (width + 1), (0.0, *slopes)),
    )
    spec = FusionSpec((BM25, DENSE), (0.75, 0.25), rank_constant=10, query_weights=model)
    apply_fusion(live, FusionFile(spec, SPACES, "x"), cluster=client)
    shop = SearchClient(client, live, HashEncoder())
    for text, weights in (("red", [0.75, 0.25]), ("red oak steel lamp", [0.25, 0.75])):
        page = shop.search(text)
        assert [signal.weight for signal in page.hits[0].signals] == weights
        ranking = shop.rank(text)
        plain = FusionSpec((BM25, DENSE), tuple(weights), rank_constant=10)
        assert ranking.fused == fuse(plain, ranking.results)


def test_legs_are_asked_once_and_tuned_on(client: Cluster, live: str, tmp_path: Path) -> None:
    texts = [f"{colour} {thing}" for colour in ("red", "blue", "oak", "steel") for thing in "abcde"]
    found = SearchClient(client, live, HashEncoder(), window=30)
    tops = {text: found.rank(text, legs=[BM25]).fused[0].id for text in texts}
    judged = JudgedSet(
        "shelf",
        "dev",
        tuple(Query(f"q{number}", text) for number, text in enumerate(texts)),
        {f"q{number}": {tops[text]: 3} for number, text in enumerate(texts)},
    )
    meta = read_live(client, live).meta
    runs = ask_legs(found, meta, judged, window=30)
    assert runs.legs == (BM25, DENSE)
    assert (runs.release, runs.spaces, runs.default) == (f"{live}-v0001", SPACES, default_fusion())
    for leg in runs.legs:
        for number in (0, 13):
            alone = found.rank(texts[number], legs=[leg]).results[leg]
            scores = runs.runs[leg].rankings[f"q{number}"]
            assert list(scores) == list(alone.ids)
            assert list(scores.values()) == pytest.approx(list(alone.scores), rel=1e-5)
    write_leg_runs(runs, tmp_path)
    assert read_leg_runs(tmp_path) == runs
    # What was judged is what words found: the dense leg, whose vectors are random here, is not asked.
    tuned = tune(runs, judged, TuneOptions("RR@10", folds=3))
    assert tuned.spec == FusionSpec((BM25,), (1.0,))
    assert tuned.means["tuned"] == 1.0


def test_a_new_release_takes_the_fusion_over_if_it_fits(client: Cluster, name: str) -> None:
    spaces = {DENSE: SPACE}
    assert inherited(client, name, spaces) == Inherited()
    index_catalogue(client, items(20), ENCODER, options(name))
    assert inherited(client, name, spaces) == Inherited()
    apply_fusion(name, FusionFile(ODD[1], spaces, "x"), cluster=client)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        carried = inherited(client, name, spaces)
    assert carried == Inherited(ODD[1])
    client.transport.perform_request("DELETE", f"/_search/pipeline/{pipeline_name(ODD[1])}")
    report = index_catalogue(client, items(20), ENCODER, options(name))
    meta = read_live(client, name).meta
    assert (meta.release, meta.fusion) == (report.release, ODD[1])
    assert pipeline_name(ODD[1]) in meta.pipelines
    assert pipeline_name(ODD[1]) in client.transport.perform_request("GET", "/_search/pipeline")
    for others in ({}, {DENSE: VectorSpace("cd" * 32, "test", SPACE.dims)}, spaces | {"sparse": SPACE}):
        with pytest.warns(UserWarning, match="was tuned with other legs or encoders"):
            assert inherited(client, name, others) == Inherited()
