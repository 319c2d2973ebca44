"""Measures what a watch looks at: judged queries, codes, what shoppers did, and the items of a release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from opensearchpy.helpers import scan

from aisle._evaluate import DEPTH
from aisle._quality_gate import evaluate_release
from aisle._release_figures import code_utilisation
from aisle._search import open_search
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.errors import IndexNotFound, JudgedItemsMissing
from aisle.evaluation import JudgedSet
from aisle.evaluation.clicks.log import CLICKS
from aisle.evaluation.clicks.traffic import OTHERS, Traffic, TrafficReader
from aisle.evaluation.metrics import answerable
from aisle.evaluation.watch.figures import ItemBins, WatchFigures
from aisle.evaluation.watch.policy import WatchPolicy
from aisle.mappings import fields
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.search import read_live

# More searches than these make no figure more certain.
_SEARCHES: Final = 200_000
_VALUES: Final = 20
_DECILES: Final = tuple(range(10, 100, 10))
_WITHOUT: Final = "(none)"
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """Attributes:
    figures: that could be measured.
    skipped: what could not be, to why not.
    """

    figures: WatchFigures
    skipped: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WatchQuestions:
    """What a round asks.

    Attributes:
        policy: the limits.
        judged: the judged set; None: none.
        relevant: lowest grade that counts as relevant.
        store: where artifacts are looked up.
    """

    policy: WatchPolicy
    judged: JudgedSet | None
    relevant: float
    store: ArtifactStore


def measure_watched(
    client: Cluster, name: str, asked: WatchQuestions, baseline: WatchFigures | None
) -> Measured:
    """Measure what is live.

    Args:
        client: connection.
        name: of the catalogue.
        asked: what is asked of it.
        baseline: whose bins the items, and whose key words the queries, are counted by; None: new ones.

    Raises:
        AisleError: of the cluster, or of an artifact that is not on this machine.
    """
    try:
        meta = read_live(client, name).meta
    except IndexNotFound as error:
        if baseline is None:
            raise
        # The cluster answers, and what shoppers search is gone: nothing is found, and that was measured.
        gone = dict.fromkeys(baseline.metrics, 0.0) if asked.judged else {}
        lost = WatchFigures(release="", metrics=gone, queries=baseline.queries if gone else 0)
        return Measured(lost, {"catalogue": error.message})
    release = meta.release
    skipped: dict[str, str] = {}
    metrics: Mapping[str, float] = {}
    queries = 0
    if asked.judged is None:
        skipped["metric"] = "there is no judged set"
    else:
        # As it is served: rules that hide what shoppers look for are to be seen.
        search = open_search(release, window=DEPTH, cluster=client, store=asked.store)
        try:
            scores = evaluate_release(search, release, asked.judged, asked.relevant, client).scores[release]
            metrics, queries = scores.means(), scores.queries
        except JudgedItemsMissing:
            if baseline is None or not baseline.metrics:
                raise
            # They were there when the watch began: it is no other catalogue, they are gone.
            metrics = dict.fromkeys(baseline.metrics, 0.0)
            queries = len(answerable(asked.judged.qrels, asked.relevant))
    codes = code_utilisation(client, meta, asked.store)
    if not codes:
        skipped["codes"] = "the release has no codes"
    traffic = _traffic(client, name, asked.policy, baseline)
    if isinstance(traffic, str):
        skipped["traffic"] = traffic
    bins = baseline.bins if baseline and baseline.items else _chosen_bins(client, release)
    documents, items = _items(client, release, bins)
    figures = WatchFigures(
        release=release,
        documents=documents,
        metrics=metrics,
        queries=queries,
        codes=codes,
        traffic=None if isinstance(traffic, str) else traffic,
        items=items,
        bins=bins,
    )
    return Measured(figures, skipped)


def _traffic(client: Cluster, name: str, policy: WatchPolicy, baseline: WatchFigures | None) -> Traffic | str:
    """What shoppers did lately, or why that says nothing."""
    since = (datetime.now(UTC) - timedelta(hours=policy.window_hours)).isoformat(timespec="milliseconds")
    lately: list[Mapping[str, Any]] = [
        {"term": {"application": name}},
        {"range": {"timestamp": {"gte": since}}},
    ]
    reader = TrafficReader(_SEARCHES)
    for source in ubi_sources(
        client, QUERIES, {"bool": {"filter": lately}}, "query_id,user_query,query_attributes"
    ):
        reader.query(source)
        if reader.full:
            break
    clicks = {"bool": {"filter": [*lately, {"terms": {"action_name": sorted(CLICKS)}}]}}
    for source in ubi_sources(client, EVENTS, clicks, "query_id,action_name,event_attributes"):
        reader.event(source)
    words = tuple(baseline.traffic.words) if baseline and baseline.traffic else ()
    found = reader.done(policy.ctr_depth, words)
    if found.searches < policy.least_searches:
        return f"{found.searches:,} searches in {policy.window_hours:g} hours; {policy.least_searches:,} tell"
    return found


def ubi_sources(
    client: Cluster, index: str, query: Mapping[str, Any], wanted: str
) -> Iterator[Mapping[str, Any]]:
    """The documents of an index of events that a query finds; none if there is no such index.

    Args:
        client: connection.
        index: of queries, or of events.
        query: in OpenSearch's form.
        wanted: fields, with commas between them.
    """
    found = scan(
        client,
        index=index,
        query={"query": query},
        size=_PAGE,
        ignore_unavailable=True,
        _source_includes=wanted,
    )
    try:
        for hit in found:
            yield hit["_source"]
    finally:
        # One that is left early frees what the cluster keeps for it.
        found.close()


def _chosen_bins(client: Cluster, release: str) -> ItemBins:
    """The most frequent values of a release, and the deciles of its prices."""
    wanted = {name: {"terms": {"field": name, "size": _VALUES}} for name in (fields.CATEGORY, fields.BRAND)}
    prices = {"percentiles": {"field": fields.PRICE, "percents": list(_DECILES)}}
    found = client.search(index=release, body={"size": 0, "aggs": {**wanted, fields.PRICE: prices}})
    answer = found["aggregations"]
    values = {name: tuple(sorted(row["key"] for row in answer[name]["buckets"])) for name in wanted}
    edges = sorted({edge for edge in answer[fields.PRICE]["values"].values() if isinstance(edge, float)})
    return ItemBins({name: kept for name, kept in values.items() if kept}, tuple(edges))


def _items(client: Cluster, release: str, bins: ItemBins) -> tuple[int, Mapping[str, Mapping[str, int]]]:
    """How many documents a release has, and how many of them are in each bin."""
    wanted: dict[str, Any] = {
        name: {
            "filters": {
                "filters": [{"term": {name: value}} for value in values],
                "other_bucket": True,
            }
        }
        for name, values in bins.values.items()
    }
    if bins.prices:
        ranges = [
            {"from": low, "to": high}
            for low, high in zip((None, *bins.prices), (*bins.prices, None), strict=True)
        ]
        rows = [{edge: at for edge, at in one.items() if at is not None} for one in ranges]
        wanted[fields.PRICE] = {"range": {"field": fields.PRICE, "ranges": rows}}
        wanted[_WITHOUT] = {"missing": {"field": fields.PRICE}}
    found = client.search(index=release, body={"size": 0, "track_total_hits": True, "aggs": wanted})
    answer = found.get("aggregations", {})
    items = {
        name: {
            value: row["doc_count"]
            for value, row in zip((*values, OTHERS), answer[name]["buckets"], strict=True)
        }
        for name, values in bins.values.items()
    }
    if bins.prices:
        counted = {row["key"]: row["doc_count"] for row in answer[fields.PRICE]["buckets"]}
        items[fields.PRICE] = {**counted, _WITHOUT: answer[_WITHOUT]["doc_count"]}
    return found["hits"]["total"]["value"], items
