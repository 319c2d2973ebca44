"""The pure fusion reference against the server's own pipelines, on a real node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster
from aisle.mappings import BM25, DENSE, FusionSpec, pipeline_name, standard_fusions
from aisle.mappings.fusion import MIN_MAX, RRF
from aisle.search import Bm25Leg, DenseLeg, Question, fuse
from aisle.search.preflight import install_pipeline
from aisle.search.ranking import candidates_body, leg_results
from aisle.search.stored import with_ids
from tests.support.hash_vector_catalogue import DIMS, HashEncoder, direction, put_shelf, shelf_items

INDEX = "test-congruence"
LEGS = (Bm25Leg(), DenseLeg())
QUERIES = ("red oak chair", "blue", "drill kit pro", "nothing-that-matches lamp", "zzz")
SPECS = (
    *standard_fusions(),
    FusionSpec((BM25, DENSE), (0.8, 0.2), RRF, rank_constant=20),
    FusionSpec((BM25, DENSE), (0.3, 0.7), MIN_MAX),
    FusionSpec((BM25, DENSE), (1.0, 0.0), MIN_MAX),
)


@pytest.fixture(scope="module")
def index(client: Cluster) -> Iterator[str]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, shelf_items())
    for spec in SPECS:
        install_pipeline(client, spec)
    yield INDEX
    client.indices.delete(index=INDEX)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("spec", SPECS, ids=pipeline_name)
def test_the_server_gives_every_candidate_the_references_score(
    client: Cluster, index: str, spec: FusionSpec, query: str
) -> None:
    window = 40
    question = Question(query, {"dense": HashEncoder().encode_queries([query])[0]}, (), window)
    answer = client.search(
        index=index,
        body=candidates_body(LEGS, question),
        params={"search_pipeline": pipeline_name(spec), "include_named_queries_score": "true"},
    )
    hits = with_ids(answer["hits"]["hits"])
    server = {hit["_id"]: hit["_score"] for hit in hits}
    results = leg_results(hits, spec.legs, window)
    reference = {fused.id: fused.score for fused in fuse(spec, results)}
    tied = _tied_ranks(results, spec)
    assert len(results[DENSE].ids) == window
    assert reference.keys() <= server.keys()
    for id_, score in reference.items():
        if id_ not in tied:
            assert server[id_] == pytest.approx(score, rel=1e-4, abs=1e-6), id_


def _tied_ranks(results: dict, spec: FusionSpec) -> set[str]:  # type: ignore[type-arg]
    """Items whose rank or place within the window a tie decides: the server breaks ties its own way."""
    tied = set()
    for result in results.values():
        scores = list(result.scores)
        last = scores[-1] if scores else None
        tied |= {
            id_
            for id_, score in zip(result.ids, scores, strict=True)
            if score == last or (spec.normalisation == RRF and scores.count(score) > 1)
        }
    return tied


def test_a_leg_without_results_changes_nothing(client: Cluster, index: str) -> None:
    vector = direction("zzz")
    assert vector.shape == (DIMS,)
    question = Question("zzz", {"dense": vector}, (), 10)
    answer = client.search(
        index=index,
        body=candidates_body(LEGS, question),
        params={"search_pipeline": pipeline_name(SPECS[0]), "include_named_queries_score": "true"},
    )
    results = leg_results(with_ids(answer["hits"]["hits"]), (BM25, DENSE), 10)
    assert results[BM25].ids == []
    assert len(results[DENSE].ids) == 10
