"""How fast: whole searches one at a time and of four clients, and a hundred pairs beside fp32 torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, cast

from opensearchpy import OpenSearch

from aisle._environment import optional
from aisle._search import open_search
from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.encoder.cpu import cores
from aisle.encoder.export import Pooling, find_weights
from aisle.evaluation.encoders.timing import query_p50_ms, texts_per_s
from aisle.mappings import FusionSpec
from aisle.search import CascadeStage, Reranker, RerankOptions, SearchClient
from aisle.training.cross_encoder.model import new_cross_encoder
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER
from benchmarks.search_quality.shop import Artifacts
from benchmarks.search_quality.table import (
    CASCADE,
    PAIRS,
    SPEED,
    STUDENT,
    STUDENT_MODEL,
    TEACHER_MODEL,
    TORCH_MODEL,
)

CLIENTS: Final = 4
ROUNDS: Final = 3
WARM_ROUNDS: Final = 5
Peers = dict[str, Callable[[str], object]]


def search_speed(
    client: OpenSearch,
    name: str,
    artifacts: Artifacts,
    systems: Mapping[str, FusionSpec],
    texts: Sequence[str],
) -> list[dict[str, Any]]:
    """Pages of 10 over a window of 100: median ms one at a time, and queries a second of four clients.

    Args:
        client: of an own node.
        name: alias.
        artifacts: which rerankers there are.
        systems: fusions by name; what the last one finds is also reranked.
        texts: queries.
    """
    store = ArtifactStore.default()
    shop = open_search(name, cluster=client, store=store)
    for spec in systems.values():
        if len(spec.legs) > 1:
            shop.install(spec)
    peers: Peers = {system: partial(shop.search, fusion=spec) for system, spec in systems.items()}
    say(f"timing {len(texts):,} searches of each of {', '.join(peers)}")
    for ask in list(peers.values()) * WARM_ROUNDS:
        # The node's caches, and its compiler, which is at work for thousands of searches.
        _four_clients(ask, texts)
    rates = texts_per_s({system: partial(_four_clients, ask) for system, ask in peers.items()}, texts, ROUNDS)
    *_, served = systems.values()
    reranking = {
        system: _reranked(client, name, store, stages, served)
        for system, stages in stages_of(artifacts).items()
    }
    say("one at a time, and reranked")
    p50 = query_p50_ms({**peers, **reranking}, texts, ROUNDS)
    return [
        {
            "part": SPEED,
            "system": system,
            "p50_ms": round(took, 2),
            **({"queries_per_s": round(rates[system], 1)} if system in rates else {}),
        }
        for system, took in p50.items()
    ]


def stages_of(artifacts: Artifacts) -> dict[str, list[CascadeStage]]:
    """The rerankers that are timed in a whole search."""
    if artifacts.reranker is None:
        return {}
    student = CascadeStage(CrossEncoder.load(artifacts.reranker), 100)
    found = {STUDENT: [student]}
    if artifacts.teacher is not None:
        found[CASCADE] = [student, CascadeStage(CrossEncoder.load(artifacts.teacher), 20)]
    return found


def pair_speed(artifacts: Artifacts, candidates: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Median ms of scoring a query's candidates: the artifacts, and a MiniLM-L6 cross-encoder in torch.

    Args:
        artifacts: with a reranker.
        candidates: query text to texts of its items.
    """
    if artifacts.reranker is None:
        return []
    student = CrossEncoder.load(artifacts.reranker)
    models: dict[str, Callable[[str, Sequence[str]], object]] = {STUDENT_MODEL: student.score}
    if artifacts.teacher is not None:
        models[TEACHER_MODEL] = CrossEncoder.load(artifacts.teacher).score
    models[TORCH_MODEL] = _torch_scorer(student.manifest.max_length)
    say(f"timing the pairs of {len(candidates):,} queries: {', '.join(models)}")
    peers: Peers = {name: partial(_score, score, candidates) for name, score in models.items()}
    p50 = query_p50_ms(peers, list(candidates), ROUNDS)
    return [{"part": PAIRS, "system": system, "p50_ms": round(took, 2)} for system, took in p50.items()]


def _score(
    score: Callable[[str, Sequence[str]], object], candidates: Mapping[str, Sequence[str]], query: str
) -> object:
    return score(query, candidates[query])


def _four_clients(ask: Callable[[str], object], texts: Sequence[str]) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, texts))


def _reranked(
    client: OpenSearch, name: str, store: ArtifactStore, stages: Sequence[CascadeStage], fusion: FusionSpec
) -> Callable[[str], object]:
    """Nothing is remembered: each round scores all pairs anew."""
    reranker = Reranker(stages, remembered=0)
    shop: SearchClient = open_search(name, reranker=reranker, cluster=client, store=store)
    return partial(shop.search, fusion=fusion, rerank=RerankOptions())


def _torch_scorer(max_tokens: int) -> Callable[[str, Sequence[str]], object]:
    """As one would without Aisle: sentence-transformers' own ``predict`` and batches, all cores."""
    optional("torch", extra="train").set_num_threads(cores())
    model = new_cross_encoder(find_weights(ENCODER).folder, max_tokens, "cpu", Pooling.CLS)
    # Its weights do not matter for the time; the fused attention does, and training does without.
    cast(Any, model[0]).auto_model.set_attn_implementation("sdpa")

    def score(query: str, texts: Sequence[str]) -> object:
        return model.predict([(query, text) for text in texts], show_progress_bar=False)

    return score
