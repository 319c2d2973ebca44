"""Better teachers for a cheap encoder: a linear head on the untrained model's vectors, trained in a minute.

All heads learn from train's judgments; they differ in what else their targets say (the order in which words
and vectors together find the catalogue, as soft labels), in the queries that ask for them, and in width.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from aisle.encoder import DenseEncoder
from aisle.evaluation import paired_randomisation_test
from aisle.evaluation.encoders.exact import Floats
from aisle.evaluation.metrics import Scores
from aisle.mappings.measures import measures
from aisle.mappings.vector_types import Quantisation
from aisle.training.adaptation.round_trip import fused
from aisle.training.common.machine import TrainingPrecision
from aisle.training.data.mining import bm25_search, dense_search
from aisle.training.data.sources import judged_pairs, kept_apart
from aisle.training.data.titles import with_typo
from aisle.training.dense.stages.head import HeadSettings, Targets, answers, fit_head, principal_axes
from benchmarks.adaptation.description import DEEP, MAIN, Domain, Known
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.setup import HOME, Setup

PART: Final = "heads"
NARROW, WIDE = 64, 256
SETTINGS: Final = HeadSettings(steps=60, batch=256)
JUDGMENTS: Final = "judgments"
_SOFT_ITEMS: Final = 20
_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a head learns from.

    Attributes:
        name: for tables.
        soft: share of the targets that the ensemble's order says.
        varied: queries are asked a second time, with typos, units or words in other places.
        width: of the vectors; byte: a component is a byte.
    """

    name: str
    soft: float = 0.0
    varied: bool = False
    width: int = NARROW
    byte: bool = False


LESSONS: Final = (
    Lesson(JUDGMENTS),
    Lesson("a third of the target is the ensemble's order", soft=0.33),
    Lesson("two thirds of the target is the ensemble's order", soft=0.67),
    Lesson("queries also with typos, other units, other word order", varied=True),
    Lesson("256 dimensions in bytes", width=WIDE, byte=True),
)


def varied_query(text: str, chance: random.Random) -> str:
    """A query as it may be typed too: a typo, number and unit apart or together, words in another order."""
    words = text.split()
    way = chance.randrange(3)
    if way == 0 and (found := measures(text)):
        one = found[0]
        written = text[one.start : one.end]
        other = written.replace(" ", "") if " " in written else f"{one.amount:g} {one.unit}"
        return text[: one.start] + other + text[one.end :]
    if way == 1 and len(words) > 1:
        return " ".join(chance.sample(words, len(words)))
    at = max(range(len(words)), key=lambda place: len(words[place]), default=0)
    return " ".join(with_typo(word, chance) if place == at else word for place, word in enumerate(words))


def soft_targets(hard: Targets, order: Sequence[Sequence[int]], soft: float) -> Targets:
    """Targets of which a part says in what order an ensemble finds the items.

    Args:
        hard: of judgments.
        order: of each query, the best items by the ensemble.
        soft: its part, 0 to 1; rank r counts like 1 / (3 + r).
    """
    shares: defaultdict[tuple[int, int], float] = defaultdict(float)
    for query, item, share in zip(hard.query.tolist(), hard.item.tolist(), hard.share.tolist(), strict=True):
        shares[query, item] += (1 - soft) * share
    for query, items in enumerate(order):
        weights = 1 / (4.0 + np.arange(len(items)))
        for item, weight in zip(items, (soft * weights / weights.sum()).tolist(), strict=True):
            shares[query, item] += weight
    keys = sorted(shares)
    query, item = (np.array(column, dtype=np.int64) for column in zip(*keys, strict=True))
    return Targets(query, item, np.array([shares[key] for key in keys], dtype=np.float32))


def measure(_: Setup) -> Figures:
    """Every lesson on dev; nothing is asked of an index, and a trial measures the whole catalogue too."""
    torch.set_num_threads(1)
    model = load_encoder()
    home = Domain.read(HOME, model)
    data = kept_apart(judged_pairs(dataset(HOME)), dataset(HOME))
    queries = {pair.query_id: pair.query for pair in data.pairs}
    places = {item: place for place, item in enumerate(home.base.task.ids)}
    hard = answers(tuple(data.pairs), {query: place for place, query in enumerate(queries)}, places)
    axes = principal_axes(home.base.items)
    rows: list[dict[str, Any]] = [_row("principal axes", home.score(axes, NARROW), None)]
    attempts: list[dict[str, str]] = []
    plain: Scores | None = None
    order = _ensemble(home, model, queries, places)
    for lesson in LESSONS:
        began = time.process_time()
        texts, targets = (
            list(queries.values()),
            soft_targets(hard, order, lesson.soft) if lesson.soft else hard,
        )
        if lesson.varied:
            chance = random.Random(_SEED)
            texts += [varied_query(text, chance) for text in texts]
            targets = _twice(targets, len(queries))
        bf16 = TrainingPrecision.AUTO.on("cpu") is TrainingPrecision.BF16
        head, _losses = fit_head(
            model.encode_queries(texts),
            home.base.items,
            targets,
            axes,
            (lesson.width,),
            SETTINGS,
            _SEED,
            bf16,
        )
        scores = _scored(home, head, lesson)
        rows.append(_row(lesson.name, scores, time.process_time() - began))
        say(f"{lesson.name}: {DEEP} {scores.mean(DEEP):.4f}, {MAIN} {scores.mean(MAIN):.4f}")
        if plain is None:
            plain = scores
        else:
            attempts.append(_attempt(lesson.name, scores, plain))
    best = max(row[DEEP] for row in rows)
    goals = [Goal(f"linear head of 256 bytes an item, {DEEP}", best, 0.83, HIGHER)]
    return Figures(rows, [*attempts, *trials("learned-ranking", PART)], goals)


def _ensemble(
    home: Domain, model: DenseEncoder, queries: Mapping[str, str], places: Mapping[str, int]
) -> list[list[int]]:
    say(f"finding {len(queries):,} queries with words and vectors")
    known = Known(model, dict(zip(home.base.task.texts, home.base.items, strict=True)))
    found = fused([bm25_search(home.texts, queries, 50), dense_search(home.texts, queries, known, 50)])
    return [[places[item] for item in found.get(query, ())[:_SOFT_ITEMS]] for query in queries]


def _twice(targets: Targets, queries: int) -> Targets:
    return Targets(
        np.concatenate([targets.query, targets.query + queries]),
        np.tile(targets.item, 2),
        np.tile(targets.share, 2),
    )


def _scored(home: Domain, head: Floats, lesson: Lesson) -> Scores:
    if not lesson.byte:
        return home.score(head, lesson.width)
    items, queries = (
        _unit(vectors @ head[:, : lesson.width]) for vectors in (home.base.items, home.base.queries)
    )
    scale = Quantisation.fitted(items)
    codes = [scale.codes(vectors).astype(np.float32) for vectors in (items, queries)]
    coded = replace(home, base=replace(home.base, items=codes[0], queries=codes[1]))
    return coded.score(np.eye(lesson.width, dtype=np.float32), lesson.width)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _row(name: str, scores: Scores, seconds: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "part": PART,
        "system": name,
        "queries": scores.queries,
        MAIN: scores.mean(MAIN),
        DEEP: scores.mean(DEEP),
    }
    return found if seconds is None else {**found, "train_cpu_s": seconds}


def _attempt(name: str, scores: Scores, plain: Scores) -> dict[str, str]:
    figures = []
    for metric in (DEEP, MAIN):
        ours, theirs = (list(one.per_query[metric].values()) for one in (scores, plain))
        p = paired_randomisation_test(ours, theirs)
        figures.append(f"{scores.mean(metric) - plain.mean(metric):+.4f} (p {p:.3f})")
    return {
        "trial": f"{name}, to a head of 64 dimensions taught by judgments alone ({DEEP}, {MAIN})",
        "figure": ", ".join(figures),
        "kept": "yes" if scores.mean(DEEP) > plain.mean(DEEP) else "no",
    }
