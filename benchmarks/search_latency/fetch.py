"""Ways to ask for the same page that were tried for a smaller client's part, side by side."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.cluster.client import FastJson
from aisle.encoder import DenseEncoder
from aisle.mappings import default_fusion, fields, pipeline_name
from aisle.mappings.document import item_of
from aisle.search import Bm25Leg, DenseLeg, Question, SearchClient, fuse
from aisle.search.legs import checked_question
from aisle.search.page import SignalBook
from aisle.search.ranking import candidates_body, leg_results

AS_IT_IS: Final = "as it is: candidates, then the page's documents by an ids query"
SEED = 0

Ask = Callable[[str], Any]


def compare_fetching(
    url: str, name: str, model: DenseEncoder, texts: Sequence[str], *, window: int, size: int
) -> list[dict[str, Any]]:
    """Median milliseconds of each way over the same searches, in shuffled turns, as attempts."""
    ways = _ways(url, name, model, window=window, size=size)
    turns = [(way, text) for way in ways for text in texts]
    random.Random(SEED).shuffle(turns)
    for way, text in turns[: len(texts)]:
        ways[way](text)
    milliseconds: dict[str, list[float]] = {way: [] for way in ways}
    for way, text in turns:
        started = time.perf_counter()
        ways[way](text)
        milliseconds[way].append((time.perf_counter() - started) * 1000)
    medians = {way: statistics.median(values) for way, values in milliseconds.items()}
    return [
        {"tried": f"{way}: p50 as a ratio to as it is", "value": round(value / medians[AS_IT_IS], 3)}
        for way, value in medians.items()
    ]


def _ways(url: str, name: str, model: DenseEncoder, *, window: int, size: int) -> Mapping[str, Ask]:
    client = OpenSearch(url)
    shop = SearchClient(client, name, model, window=window)
    fast = SearchClient(OpenSearch(url, serializer=FastJson()), name, model, window=window)

    def by_mget(text: str) -> Any:
        ranking = shop.rank(text)
        ids = [fused.id for fused in ranking.fused[:size]]
        found = client.mget(
            index=ranking.release, body={"ids": ids}, params={"_source": list(fields.DISPLAY)}
        )
        book = SignalBook(ranking.spec, ranking.results)
        items = [item_of(doc["_id"], doc["_source"]) for doc in found["docs"]]
        return items, [book.of(fused) for fused in ranking.fused[:size]]

    return {
        AS_IT_IS: lambda text: shop.search(text, size=size),
        "documents by mget": by_mget,
        "documents travel with the candidates, one request": _one_request(client, name, model, window, size),
        "JSON by orjson": lambda text: fast.search(text, size=size),
    }


def _one_request(client: OpenSearch, name: str, model: DenseEncoder, window: int, size: int) -> Ask:
    legs, spec = (Bm25Leg(), DenseLeg()), default_fusion()
    dims = next(iter(client.indices.get_mapping(index=name).values()))["mappings"]["properties"][
        fields.DENSE
    ]["dimension"]
    params = {"search_pipeline": pipeline_name(spec), "include_named_queries_score": "true"}

    def ask(text: str) -> Any:
        question = Question(
            checked_question(text), {fields.DENSE: model.encode_queries([text], dims)[0]}, (), window
        )
        body = candidates_body(legs, question) | {"_source": list(fields.DISPLAY)}
        # Documents come with their ids.
        del body["stored_fields"]
        hits = client.search(index=name, body=body, params=params)["hits"]["hits"]
        results = leg_results(hits, spec.legs, window)
        sources = {hit["_id"]: hit["_source"] for hit in hits}
        book = SignalBook(spec, results)
        shown = fuse(spec, results)[:size]
        return [(item_of(fused.id, sources[fused.id]), book.of(fused)) for fused in shown]

    return ask
