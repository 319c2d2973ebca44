"""A ranker on top of legs that judgments trained: from queries that the legs do not know, and from others.

Part of train's queries taught the legs; the rest chooses the fusion and teaches the ranker. That is the cheap
form of out-of-fold scores: one training of the legs in place of one a fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import orjson

from aisle._train_ranker import WINDOW, judged_queries
from aisle.encoder import ArtifactStore, dense, sparse
from aisle.encoder.artifact import read_manifest
from aisle.errors import InputError
from aisle.evaluation import JudgedSet, read_judged_set
from aisle.mappings import FusionSpec, default_fusion
from aisle.search import read_live
from aisle.search.rank.features import FEATURE_VERSION
from aisle.search.tuning.runs import ask_legs, legs_of
from aisle.search.tuning.tune import TuneOptions, tune
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset, own_node
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import (
    RELEVANT,
    Legs,
    ask,
    first_queries,
    indexed,
    read_asked,
    write_asked,
)
from benchmarks.learned_ranking.measure import TREES, Row, measured, row, trained
from benchmarks.learned_ranking.setup import HOME, Setup, TrainedLegs

PART: Final = "trained legs"
DEFAULT, TUNED, RANKED = "fusion, default", "fusion, tuned", "tuned + ranker"
DIMS: Final = 64
LEAKING: Final = 1_000
"""Queries that the legs learned, from which a ranker is trained all the same."""

_KNOWN, _UNKNOWN, _DEV, _PLAIN = "known", "unknown", "dev", "dev by default"


@dataclass(frozen=True, slots=True)
class AskedLegs:
    """What trained legs were asked.

    Attributes:
        tables: split to its candidates; by the default fusion those of dev alone.
        tuned: the fusion of the others, as JSON.
    """

    tables: dict[str, RankingTable]
    tuned: str


def measure(setup: Setup) -> Figures:
    """The fusion as it is and tuned, and rankers on top of it, on dev.

    Raises:
        InputError: no trained legs are named.
    """
    if setup.trained is None:
        raise InputError("no trained legs are named", fix="give --encoder, --sparse and --learned")
    found = _asked(setup, setup.trained)
    say(f"tuned: {found.tuned}")
    plain, dev, unknown, known = (found.tables[name] for name in (_PLAIN, _DEV, _UNKNOWN, _KNOWN))
    default, tuned = measured(plain, plain.fused()), measured(dev, dev.fused())
    rows: list[Row] = [
        row(PART, DEFAULT, default, None) | _recall(plain),
        row(PART, TUNED, tuned, default, fusion=found.tuned) | _recall(dev),
    ]
    many = np.arange(min(LEAKING, len(unknown.queries), len(known.queries)))
    taught = {
        RANKED: unknown,
        f"{RANKED} of {len(many):,} queries": unknown.of_queries(many),
        f"{RANKED} of {len(many):,} queries that the legs had learned": known.of_queries(many),
    }
    for name, table in taught.items():
        say(f"training {name}")
        model, seconds = trained(table, TREES)
        now = measured(dev, model.scores(dev.rows))
        more = {"train_cpu_s": seconds, "taught": len(table.queries)}
        rows.append(row(PART, name, now, tuned, **more) | _recall(dev))
    for name, table in (("that the legs do not know", unknown), ("that the legs had learned", known)):
        rows.append(row(PART, f"{TUNED}, on queries {name}", measured(table, table.fused()), None))
    return Figures(rows, trials("learned-ranking", PART), _goals(rows))


def _recall(table: RankingTable) -> Row:
    """R@200 of the candidates, whatever their order."""
    owners = np.repeat(np.arange(len(table.queries)), table.sizes)
    good = np.nan_to_num(table.grades) >= RELEVANT
    found = np.bincount(owners, good, minlength=len(table.queries))
    there = np.array([sum(grade >= RELEVANT for grade in grades) for grades in table.judged])
    return {"R@200": float((found / np.maximum(there, 1)).mean())}


def _asked(setup: Setup, legs: TrainedLegs) -> AskedLegs:
    folder = setup.kept / _name(setup, legs)
    files = {name: folder / f"{name}.npz" for name in (_KNOWN, _UNKNOWN, _DEV, _PLAIN)}
    spec = folder / "fusion.json"
    if not all(path.is_file() for path in (*files.values(), spec)):
        folder.mkdir(parents=True, exist_ok=True)
        _ask(setup, legs, files, spec)
    return AskedLegs({name: read_asked(path).table for name, path in files.items()}, spec.read_text())


def _name(setup: Setup, legs: TrainedLegs) -> str:
    """Of the encoders themselves: others of the same name have another one."""
    store = ArtifactStore.default()
    paths = [store.resolve(legs.encoder, dense.KIND)]
    paths += [store.resolve(legs.sparse, sparse.KIND)] if legs.sparse else []
    marks = [read_manifest(path).fingerprint[:12] for path in paths]
    return "-".join(("legs", *marks, str(setup.limit or "all"), f"v{FEATURE_VERSION}"))


def _splits(legs: TrainedLegs) -> dict[str, JudgedSet]:
    whole = judged_queries(read_judged_set(dataset(HOME), "train"), RELEVANT, None)
    learned = set(read_judged_set(legs.learned, "train").qrels)
    apart = tuple(query for query in whole.queries if query.id not in learned)
    rest = tuple(query for query in whole.queries if query.id in learned)
    return {
        _UNKNOWN: replace(whole, queries=apart, qrels={query.id: whole.qrels[query.id] for query in apart}),
        _KNOWN: replace(
            whole, queries=rest[:LEAKING], qrels={q.id: whole.qrels[q.id] for q in rest[:LEAKING]}
        ),
        _DEV: judged_queries(read_judged_set(dataset(HOME), "dev"), RELEVANT, None),
    }


def _ask(setup: Setup, legs: TrainedLegs, files: dict[str, Path], spec: Path) -> None:
    splits = _splits(legs)
    if setup.trial:
        splits = {name: first_queries(judged, setup.queries) for name, judged in splits.items()}
    with own_node() as node:
        shop = indexed(node.client, HOME, setup.limit, Legs(legs.encoder, DIMS, legs.sparse))
        meta = read_live(node.client, HOME).meta
        say(f"asking {len(splits[_UNKNOWN].queries):,} queries that choose the fusion")
        runs = ask_legs(shop, meta, splits[_UNKNOWN], WINDOW)
        tuned = tune(runs, splits[_UNKNOWN], TuneOptions(metric="nDCG@20", relevant=RELEVANT)).spec
        shop.install(tuned)
        fusions: dict[str, tuple[str, FusionSpec]] = {
            _PLAIN: (_DEV, default_fusion(legs_of(meta))),
            **{name: (name, tuned) for name in (_DEV, _UNKNOWN, _KNOWN)},
        }
        for name, (split, fusion) in fusions.items():
            if not files[name].is_file():
                write_asked(ask(shop, splits[split], fusion), files[name])
    spec.write_bytes(orjson.dumps(tuned.to_json()))


def _goals(rows: list[Row]) -> list[Goal]:
    by_name = {each["system"]: each for each in rows}
    ranked = by_name[RANKED]
    return [
        Goal("three legs, tuned: nDCG@20", by_name[TUNED]["nDCG@20"], 0.50, HIGHER),
        Goal("ranker on top: nDCG@20", ranked["nDCG@20"], 0.515, HIGHER),
        Goal("ranker on top: nDCG@10", ranked["nDCG@10"], 0.46, HIGHER),
        Goal("ranker on top: judged pool nDCG@10", ranked["judged pool nDCG@10"], 0.905, HIGHER),
        Goal("R@200, three legs", ranked["R@200"], 0.89, HIGHER),
    ]
