"""Systems that need no training, by every protocol: settings from validation, the test read once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.sequences.protocol import ColdItems, EvaluationProtocol, Phase, Seen, split
from aisle.evaluation.sequences.table import ProtocolTable
from aisle.recommendation.choose import measure_baselines
from aisle.recommendation.train import train
from aisle.sequences import Sequences
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.data import read_dataset
from benchmarks.semantic_ids.published import DATASET, published

PROTOCOLS: Final[Mapping[str, EvaluationProtocol]] = {
    "train only": EvaluationProtocol(),
    "seen kept": EvaluationProtocol(seen=Seen.KEPT),
    "refit": EvaluationProtocol(refit=True),
    "cold items": EvaluationProtocol(cold=ColdItems(0.05)),
}
SYSTEM: Final = "counts + text"
EASE_UP_TO: Final = 13_000
"""Items for which EASE is solved here: more take over ten minutes of a core."""
ASKED: Final = 500


def measure(name: str = DATASET) -> Figures:
    """Measure one data set."""
    data = read_dataset(name)
    texts, sequences, titles = data.texts, data.sequences, data.titles
    rows: list[dict[str, Any]] = []
    best: dict[str, Mapping[str, float]] = {}
    for label, protocol in PROTOCOLS.items():
        started = time.process_time()
        with_ease = label == "train only" and len(sequences.items) <= EASE_UP_TO
        table = _table(name, protocol, sequences, texts, with_ease=with_ease)
        say(table.to_markdown())
        say(f"{label}: {time.process_time() - started:.0f} seconds of CPU")
        best[label] = table.systems[SYSTEM]
        rows += [
            {
                "dataset": name,
                "protocol": label,
                "means": protocol.words(),
                "users": table.users,
                "items": table.items,
                "system": system,
                **means,
                "note": table.notes.get(system, ""),
                "source": table.sources.get(system, ""),
            }
            for system, means in table.systems.items()
        ]
    p50_ms = _latency(sequences, texts, titles)
    rows.append({"dataset": name, "system": SYSTEM, "p50_ms": p50_ms, "items": len(sequences.items)})
    return Figures(rows, trials("semantic-ids", name), _goals(best, p50_ms) if name == DATASET else ())


def _table(
    name: str,
    protocol: EvaluationProtocol,
    sequences: Sequences,
    texts: NDArray[np.float32],
    *,
    with_ease: bool,
) -> ProtocolTable:
    users = len(split(sequences, protocol, Phase.TEST).targets)
    table = ProtocolTable(name, protocol, Phase.TEST, users, len(sequences.items))
    for row in published(protocol, name):
        table = table.with_published(row)
    for outcome in measure_baselines(sequences, protocol, name, texts, with_ease=with_ease):
        table = table.with_ranked(outcome.ranked, outcome.choice.words())
    return table


def _latency(sequences: Sequences, texts: NDArray[np.float32], titles: tuple[str, ...]) -> float:
    """Median milliseconds of a recommendation of ten items, one after the other."""
    recommender = train(sequences, titles, texts).recommender
    users = np.random.default_rng(0).choice(len(sequences), min(ASKED, len(sequences)), replace=False)
    took = []
    for user in users.tolist():
        history = [sequences.items[step] for step in sequences.of(user)]
        started = time.perf_counter()
        recommender.recommend(history)
        took.append((time.perf_counter() - started) * 1000)
    return median(took)


def _goals(best: Mapping[str, Mapping[str, float]], p50_ms: float) -> tuple[Goal, ...]:
    plain, cold = best["train only"], best["cold items"]
    asked = (
        ("no training, R@10", plain["R@10"], 0.1020),
        ("no training, N@10", plain["N@10"], 0.0631),
        ("5 % of items held out, R@10 among them", cold["R@10 among cold"], 0.12),
        ("5 % of items held out, R@10 of them among all", cold["R@10 cold"], 0.02),
    )
    return (
        *(Goal(name, value, goal, HIGHER) for name, value, goal in asked),
        Goal("p50 of a recommendation in the client, ms", p50_ms, 40, LOWER),
    )
