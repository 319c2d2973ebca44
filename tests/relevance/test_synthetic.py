"""Does the whole chain find things? The synthetic catalogue, a real encoder, the real node."""

from __future__ import annotations

from pathlib import Path

from opensearchpy import OpenSearch

from aisle._demo import demo_queries
from aisle._evaluate import DEPTH, evaluate_index
from aisle._search import open_search
from aisle._vectors import item_encoder
from aisle.catalogue import read_catalogue
from aisle.encoder import ArtifactStore
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.mappings import BM25, DENSE
from aisle.search.systems import HYBRID, parse_systems
from aisle.testing.synthetic import SyntheticOptions, write_synthetic
from tests.support.encoder_artifact import minilm


def test_two_legs_find_more_than_either_and_chance_finds_little(
    client: OpenSearch, name: str, tmp_path: Path
) -> None:
    write_synthetic(tmp_path / "shop", SyntheticOptions(products=1500, seed=3))
    store = ArtifactStore(minilm().parent.parent)
    encoder = item_encoder(store, minilm())
    report = index_catalogue(client, read_catalogue(tmp_path / "shop"), encoder, IndexOptions(name=name))
    assert report.documents == 1500

    shop = open_search(name, window=DEPTH, cluster=client, store=store)
    judged = read_judged_set(tmp_path / "shop")
    found = evaluate_index(shop, judged, parse_systems("bm25,dense,hybrid"))
    scores = found.report.systems
    assert scores[HYBRID]["R@200"] > max(scores[BM25]["R@200"], scores[DENSE]["R@200"])
    assert scores[HYBRID]["nDCG@10"] > max(scores[BM25]["nDCG@10"], scores[DENSE]["nDCG@10"]) - 0.02
    # Random order of 1,500 products would score below .02.
    assert min(scores[BM25]["nDCG@10"], scores[DENSE]["nDCG@10"]) > 0.35

    words, meaning = demo_queries(judged.queries, found.scores)
    per_query = {system: found.scores[system].per_query["nDCG@10"] for system in (BM25, DENSE)}
    assert per_query[BM25][words.id] > per_query[DENSE][words.id]
    assert per_query[DENSE][meaning.id] > per_query[BM25][meaning.id]
    for query in (words, meaning):
        expected = found.runs[HYBRID].rankings[query.id][:10]
        assert [hit.item.id for hit in shop.search(query.text).hits] == expected
