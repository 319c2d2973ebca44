"""Recommendations from an index: what channels cover at one total budget, and how long an answer takes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import aisle
from aisle._recommend import find_files, read_data
from aisle._recommendations import open_recommendations
from aisle.encoder import ArtifactStore
from aisle.encoder.code_artifact import load_codes
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.mappings import fields
from aisle.recommendation.choose import sampled
from aisle.recommendation.recommender import Recommender
from aisle.search.recommend.channels import POPULARITY
from aisle.search.recommend.history import History
from aisle.search.recommend.page import RecommendationTimings
from aisle.search.recommend.plan import LEVEL, PREFIXES
from aisle.search.recommend.pool import pooled, union
from aisle.search.recommend.reference import ItemArrays
from aisle.search.recommend.user_profile import BaseScorer, Profile
from aisle.sequences import Sequences
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset, load_encoder, own_node
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.published import DATASET

NAME: Final = "beauty"
USERS: Final = 4_000
ASKED: Final = 300
WARM: Final = 400
"""Requests before those that are measured: a fresh JVM compiles what a request runs only after hundreds of
them. After 20 the median of the next 300 was 58 ms, after 400 it was 48 (the same machine, the same code)."""
UNION: Final = "union"
BUDGETS: Final[Mapping[int, float]] = {500: 0.42, 2_000: 0.60}
"""Candidates in all to the share of targets among them that is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Artifacts that were made of a split's training part, by the commands that a shop has.

    Attributes:
        store: where they are.
        recommender: with its router.
        arrays: every item as the index has it.
    """

    store: ArtifactStore
    recommender: Recommender
    arrays: ItemArrays


def measure() -> Figures:
    """Train, and measure both; artifacts know neither the validation's items nor the test's."""
    _, read = read_data(find_files(dataset(DATASET), None), None, say)
    data = split(read.sequences, EvaluationProtocol(), Phase.TEST)
    with TemporaryDirectory() as folder:
        return figures(artifacts(data, Path(folder)), data)


def figures(trained: Trained, data: Split) -> Figures:
    """Of artifacts that were trained for the split: `opened` opens those that were kept."""
    rows = coverage(trained, sampled(data, USERS, 0))
    timed = latency(trained, data)
    found = {(row["channel"], row["budget"]): row["coverage"] for row in rows}
    best = {
        budget: max(value for (channel, of), value in found.items() if of == budget and channel != UNION)
        for budget in BUDGETS
    }
    goals = [
        *(
            Goal(f"coverage of the union at {of:,}", found[UNION, of], goal, HIGHER)
            for of, goal in BUDGETS.items()
        ),
        *(
            Goal(f"union against the best channel at {of:,}", found[UNION, of] / best[of], 1, HIGHER)
            for of in BUDGETS
        ),
        Goal("p50 of a recommendation from the index, ms", timed[0]["p50_ms"], 40, LOWER),
    ]
    return Figures([*rows, *timed], trials("semantic-ids", "index"), goals)


def artifacts(data: Split, folder: Path) -> Trained:
    """Recommender, codes and router of the training part of a split, through the door."""
    store = ArtifactStore(folder / "artifacts")
    load_encoder()
    encoder = ArtifactStore.default().resolve(ENCODER)
    shutil.copytree(encoder, store.home / encoder.parent.name / encoder.name)
    orders = folder / "orders.txt"
    orders.write_text("\n".join(_lines(data.train)) + "\n")
    catalogue = find_files(dataset(DATASET), None).catalogue
    common: dict[str, Any] = {"catalogue": catalogue, "name": NAME, "store": store}
    aisle.train_recommender(orders, **common, progress=say)
    aisle.train_codes(orders, **common)
    aisle.train_router(orders, recommender=NAME, codes=NAME, **common)
    return opened(store)


def opened(store: ArtifactStore) -> Trained:
    """The artifacts of a store, and every item as they make it."""
    recommender = aisle.open_recommender(NAME, store=store)
    router, texts = recommender.router, recommender.learned.texts
    assert router is not None and texts is not None
    order = sorted(range(len(recommender.items)), key=lambda place: recommender.items[place])
    ids = tuple(recommender.items[place] for place in order)
    vectors = np.hstack([router.encoder.item_vectors(ids, texts[order]), texts[order]])
    codes, _ = load_codes(NAME, store)
    known = codes.by_item()
    routed = tuple(fields.sid_prefix(known[id_][:LEVEL]) if id_ in known else "" for id_ in ids)
    popularity = BaseScorer(recommender, texts.shape[1]).popularity[order]
    return Trained(store, recommender, ItemArrays(ids, vectors, popularity, routed))


def coverage(trained: Trained, data: Split, routed_to: int = PREFIXES) -> list[dict[str, Any]]:
    """The share of users whose target is among the candidates, of each channel and of their union.

    Each channel has the whole budget to itself, and the union as many candidates as each.
    """
    texts = trained.recommender.learned.texts
    assert texts is not None
    scorer = BaseScorer(trained.recommender, texts.shape[1])
    places = {id_: place for place, id_ in enumerate(trained.arrays.ids)}
    hits: dict[tuple[str, int], int] = {}
    for user in range(len(data.targets)):
        history = [data.histories.items[step] for step in data.histories.of(user)]
        target = data.histories.items[data.targets[user]]
        profile = scorer.profile(_known(history, scorer.dims))
        allowed = np.ones(len(places), dtype=np.bool_)
        allowed[[places[id_] for id_ in history]] = False
        for budget in BUDGETS:
            for channel, ids in _candidates(trained, scorer, profile, allowed, budget, routed_to):
                key = channel, budget
                hits[key] = hits.get(key, 0) + (target in ids)
    return [
        {
            "dataset": DATASET,
            "phase": data.phase.value,
            "users": len(data.targets),
            "channel": channel,
            "budget": budget,
            "coverage": count / len(data.targets),
        }
        for (channel, budget), count in hits.items()
    ]


def _candidates(
    trained: Trained,
    scorer: BaseScorer,
    profile: Profile,
    allowed: NDArray[np.bool_],
    budget: int,
    routed_to: int,
) -> Iterator[tuple[str, set[str]]]:
    shelf = trained.arrays
    counts = np.zeros(len(shelf.ids), dtype=np.float32)
    counts[:] = profile.counts[[trained.recommender.places[id_] for id_ in shelf.ids]]
    routed = scorer.prefixes(profile, LEVEL, routed_to)
    found = shelf.channels(profile.vector, counts, allowed, budget, routed)
    # By itself it has all items to choose from, and beside a vector those that have none.
    for channel, result in {**found, POPULARITY: shelf.popular(allowed, budget)}.items():
        yield channel, set(result.ids)
    products = dict(zip(shelf.ids, (shelf.vectors @ profile.vector).tolist(), strict=True))
    ids = union(found)
    parts = dict(zip(ids, scorer.parts(profile, ids, products), strict=True))
    yield UNION, {fused.id for fused in pooled(found, parts, budget).order}


def _known(history: list[str], dims: int) -> History:
    """A history of items that the recommender knows: their vectors are its own."""
    return History(tuple(history), (), np.zeros((len(history), dims), dtype=np.float32), {})


def _lines(sequences: Sequences) -> Iterator[str]:
    for user, name in enumerate(sequences.users):
        if len(steps := sequences.of(user)):
            yield " ".join((name, *(sequences.items[step] for step in steps)))


def latency(trained: Trained, data: Split) -> list[dict[str, Any]]:
    """Milliseconds of the whole path on a node of its own, of 10 items each, one after the other."""
    catalogue = find_files(dataset(DATASET), None).catalogue
    assert catalogue is not None
    with own_node() as node:
        aisle.index(
            catalogue,
            NAME,
            encoder=None,
            recommender=NAME,
            cluster=node.client,
            store=trained.store,
            suggest=False,
        )
        shop = open_recommendations(NAME, cluster=node.client, store=trained.store)
        users = np.random.default_rng(0).choice(len(data.targets), ASKED + WARM, replace=False)
        timings: list[RecommendationTimings] = []
        for user in users.tolist():
            history = [data.histories.items[step] for step in data.histories.of(user)]
            timings.append(shop.recommend(history).timings)
    kept = timings[WARM:]
    split_ms = {
        part: float(np.median([getattr(one, part) for one in kept]))
        for part in ("history", "profile", "candidates", "documents", "server")
    }
    totals = [one.total for one in kept]
    return [
        {
            "dataset": DATASET,
            "items": len(trained.arrays.ids),
            "p50_ms": float(np.median(totals)),
            "p95_ms": float(np.quantile(totals, 0.95)),
            **{f"{part}_p50_ms": value for part, value in split_ms.items()},
        }
    ]
