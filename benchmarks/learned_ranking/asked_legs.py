"""Trained legs, indexed and asked: queries that they do not know, queries that they learned, and dev's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from aisle._train_ranker import WINDOW, judged_queries
from aisle.encoder import ArtifactStore, dense, sparse
from aisle.encoder.artifact import read_manifest
from aisle.evaluation import JudgedSet, read_judged_set
from aisle.mappings import FusionSpec, default_fusion
from aisle.mappings.vector_types import VectorType
from aisle.search import SearchClient, read_live
from aisle.search.rank.evidence import Evidence
from aisle.search.systems import legs_of
from aisle.types import Query
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset, own_node
from benchmarks.learned_ranking.asked import RELEVANT, Legs, first_queries, indexed
from benchmarks.learned_ranking.setup import HOME, Setup, TrainedLegs
from benchmarks.learned_ranking.told import write_told

DIMS: Final = 256
"""In bytes: as large as 64 floats."""
KNOWN, UNKNOWN, DEV = "known", "unknown", "dev"
_SEED: Final = 7
_SAID_EVERY: Final = 250


def told_of(setup: Setup, legs: TrainedLegs) -> dict[str, Path]:
    """Split to the file of what the index says of all that its legs find; asked, where it is not kept."""
    folder = setup.kept / _name(setup, legs)
    files = {name: folder / f"{name}.jsonl.gz" for name in (UNKNOWN, DEV, KNOWN)}
    if not all(path.is_file() for path in files.values()):
        splits = splits_of(setup, legs)
        encoders = Legs(legs.encoder, DIMS, legs.sparse, VectorType.BYTE)
        with own_node() as node:
            shop = indexed(node.client, HOME, setup.limit, encoders)
            fusion = default_fusion(legs_of(read_live(node.client, HOME).meta))
            shop.install(fusion)
            for name, path in files.items():
                if not path.is_file():
                    write_told(_ask(shop, splits[name], fusion), path)
    return files


def _ask(shop: SearchClient, judged: JudgedSet, fusion: FusionSpec) -> Iterator[tuple[str, Evidence]]:
    for done, query in enumerate(judged.queries, 1):
        ranking = shop.rank(query.text, fusion=fusion)
        yield query.id, shop.evidence(ranking, len(fusion.legs) * WINDOW)[0]
        if done % _SAID_EVERY == 0:
            say(f"asked {done:,} of {len(judged.queries):,} queries of {judged.split}")


def _name(setup: Setup, legs: TrainedLegs) -> str:
    """Of the encoders themselves: others of the same name have another one."""
    store = ArtifactStore.default()
    paths = [store.resolve(legs.encoder, dense.KIND)]
    paths += [store.resolve(legs.sparse, sparse.KIND)] if legs.sparse else []
    marks = [read_manifest(path).fingerprint[:12] for path in paths]
    size = f"{setup.limit or 'all'}-{setup.queries if setup.trial else 'all'}"
    return "-".join(("told", *marks, f"{DIMS}b", size))


def splits_of(setup: Setup, legs: TrainedLegs) -> dict[str, JudgedSet]:
    """Queries of train that the legs do not know, as many that they had learned, drawn evenly, and dev."""
    whole = judged_queries(read_judged_set(dataset(HOME), "train"), RELEVANT, None)
    learned = set(read_judged_set(legs.learned, "train").qrels)
    apart = [query for query in whole.queries if query.id not in learned]
    rest = [query for query in whole.queries if query.id in learned]
    drawn = np.sort(np.random.default_rng(_SEED).permutation(len(rest))[: len(apart)])
    splits = {
        UNKNOWN: _of(whole, apart),
        KNOWN: _of(whole, [rest[at] for at in drawn.tolist()]),
        DEV: judged_queries(read_judged_set(dataset(HOME), "dev"), RELEVANT, None),
    }
    most = setup.queries if setup.trial else None
    return {name: first_queries(judged, most) for name, judged in splits.items()}


def _of(judged: JudgedSet, queries: Sequence[Query]) -> JudgedSet:
    return replace(
        judged, queries=tuple(queries), qrels={query.id: judged.qrels[query.id] for query in queries}
    )
