"""Tables of fewer rows than ids: which ids collide, and what that costs in recall.

A small model learns the training's steps of users and ranks the validation's items; the test's are never
read. All ways to place ids have the same rows of the embedding table. What an ID table keeps beside them is
in the figures.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from aisle._recommend import find_files, read_data
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import mean_of, rank_targets
from aisle.recommendation.choose import sampled
from aisle.sequences import Sequences
from aisle.training.common.machine import seed_all
from benchmarks.adaptation.table_model import TableModel, TableModelSettings, TableScorer, fit
from benchmarks.adaptation.tables import (
    DECILES,
    Arrivals,
    ByIdTable,
    DoubleHashing,
    Modulo,
    MostFrequent,
    OwnRows,
    Placement,
    canonical,
    collisions,
)
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.data import read_dataset

SEEDS: Final = (0, 1, 2)
RATIOS: Final = (0.25, 0.5, 1.0, 2.0)
ID_TABLE: Final = ByIdTable(2)
MODULO: Final = Modulo()
FULL: Final = "full"
PLACEMENTS: Final[tuple[Placement, ...]] = (
    MODULO,
    DoubleHashing(),
    MostFrequent(),
    MostFrequent(0.1),
    ID_TABLE,
)
ALONE, WITH_TEXT = "ids alone", "ids + text"
METRICS: Final = ("R@10", "N@10", "R@200")
USERS: Final = 10_000
SETTINGS: Final = TableModelSettings()
TEXT_DIMS: Final = 128
"""Of a text's values, those that vary most."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is learned and asked.

    Attributes:
        name: of the data set.
        asked: the validation.
        arrivals: the training's items in a drawn order.
        texts: float32 [items, text dims]; None: items are their rows alone.
        top: bool [users], whether the target is of the most frequent tenth of the items.
    """

    name: str
    asked: Split
    arrivals: Arrivals
    texts: NDArray[np.float32] | None
    top: NDArray[np.bool_]


@dataclass(slots=True)
class Found:
    """Figures of one way to place ids, a value a seed."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    collides: list[list[float]] = field(default_factory=list)

    def add(self, figures: Mapping[str, float], collides: list[float]) -> None:
        """Those of another seed."""
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(value)
        self.collides.append(collides)

    def row(self) -> dict[str, Any]:
        """Means and standard deviations."""
        held: dict[str, Any] = {"collisions": np.mean(self.collides, axis=0).round(4).tolist()}
        for name, values in self.figures.items():
            held |= {name: float(np.mean(values)), f"{name} sd": float(np.std(values, ddof=1))}
        return held

    def beside(self, other: Found, name: str) -> dict[str, float]:
        """Mean and standard deviation of the differences to another, seed by seed."""
        more = np.subtract(self.figures["R@10"], other.figures["R@10"])
        return {f"R@10 less {name}": float(more.mean()), f"R@10 less {name} sd": float(more.std(ddof=1))}


def measure(name: str) -> Figures:
    """Items are their rows alone: every placement at every ratio, with three seeds."""
    _, read = read_data(find_files(dataset(name), None), None, say)
    return _measure(_task(name, read.sequences, None), ALONE)


def measure_with_text(name: str) -> Figures:
    """The same where an item is its rows and its text."""
    data = read_dataset(name)
    texts = data.texts
    kept = np.sort(np.argsort(-texts.var(axis=0), kind="stable")[:TEXT_DIMS])
    return _measure(_task(name, data.sequences, np.ascontiguousarray(texts[:, kept])), WITH_TEXT)


def _measure(task: Task, reads: str) -> Figures:
    torch.set_num_threads(1)
    known: dict[tuple[bytes, int], dict[str, float]] = {}
    full = _measured(task, OwnRows(), 1.0, known)
    rows: list[dict[str, Any]] = [{**_common(task, reads, OwnRows(), 1.0), **full.row()}]
    found: dict[tuple[float, str], Found] = {}
    for ratio in RATIOS:
        for placement in PLACEMENTS:
            here = _measured(task, placement, ratio, known)
            found[ratio, placement.name] = here
            less = {**here.beside(full, FULL), **here.beside(found[ratio, MODULO.name], MODULO.name)}
            rows.append({**_common(task, reads, placement, ratio), **here.row(), **less})
    rows += [_bookkeeping(task, ratio) for ratio in RATIOS]
    return Figures(rows, trials("adaptation", "tables"), _goals(found))


def _task(name: str, sequences: Sequences, texts: NDArray[np.float32] | None) -> Task:
    asked = sampled(split(sequences, EvaluationProtocol(), Phase.VALIDATION), USERS, 0)
    order = np.random.default_rng(0).permutation(len(asked.train.steps))
    arrivals = Arrivals(asked.train.items, asked.train.steps[order].astype(np.int64))
    frequent = np.argsort(-arrivals.counts, kind="stable")[: len(arrivals.ids) // DECILES]
    return Task(name, asked, arrivals, texts, np.isin(asked.targets, frequent))


def _common(task: Task, reads: str, placement: Placement, ratio: float) -> dict[str, Any]:
    return {
        "dataset": task.name,
        "items": reads,
        "table": placement.name,
        "ratio": ratio,
        "rows": _rows(task, ratio),
        "ids": len(task.arrivals.ids),
        "users": len(task.asked.targets),
        "seeds": len(SEEDS),
    }


def _rows(task: Task, ratio: float) -> int:
    return round(ratio * len(task.arrivals.ids))


def _measured(
    task: Task, placement: Placement, ratio: float, known: dict[tuple[bytes, int], dict[str, float]]
) -> Found:
    """Train and ask with every seed, but for what puts the same ids together as one that is known."""
    found = Found()
    started = time.process_time()
    for seed in SEEDS:
        placed = placement.rows_of(task.arrivals, _rows(task, ratio), seed)
        same = canonical(placed).tobytes(), seed
        if same not in known:
            known[same] = _trained(task, placed, seed)
        found.add(known[same], collisions(placed, task.arrivals.counts))
    say(
        f"{placement.name}, {ratio:g} rows an id: R@10 {np.mean(found.figures['R@10']):.4f}, "
        f"{time.process_time() - started:.0f} seconds of CPU"
    )
    return found


def _trained(task: Task, placed: NDArray[np.int64], seed: int) -> dict[str, float]:
    seed_all(seed)
    model = TableModel(placed, int(placed.max()) + 1, task.texts, SETTINGS)
    fit(model, task.asked.train, SETTINGS, seed)
    ranked = rank_targets(TableScorer(model, task.name), task.asked, task.name)
    return {
        **ranked.means(METRICS),
        "R@10 top decile": mean_of(ranked.ranks[task.top], "R@10"),
        "R@10 rest": mean_of(ranked.ranks[~task.top], "R@10"),
    }


def _bookkeeping(task: Task, ratio: float) -> dict[str, Any]:
    """What an `IdTable` keeps beside the rows, how long it takes, and how often rows changed hands."""
    started = time.process_time()
    table, handed_on = ID_TABLE.filled(task.arrivals, _rows(task, ratio))
    seconds = time.process_time() - started
    return {
        "dataset": task.name,
        "bookkeeping": ID_TABLE.name,
        "ratio": ratio,
        "rows": _rows(task, ratio),
        "sightings": len(task.arrivals.stream),
        "bytes a row": table.nbytes / _rows(task, ratio),
        "microseconds a sighting": 1e6 * seconds / len(task.arrivals.stream),
        "handed on": handed_on,
    }


def _goals(found: Mapping[tuple[float, str], Found]) -> tuple[Goal, ...]:
    """The top decile's collisions, and recall against the usual table at equal rows."""
    mine = {ratio: one for (ratio, name), one in found.items() if name == ID_TABLE.name}
    worst = max(collides[0] for one in mine.values() for collides in one.collides)
    return (
        Goal("ids of the top decile that collide in an ID table, any ratio and seed", worst, 0, LOWER),
        *(
            Goal(
                f"{ratio:g} rows an id: R@10 of the ID table less that of {MODULO.name}",
                here.beside(found[ratio, MODULO.name], MODULO.name)[f"R@10 less {MODULO.name}"],
                0,
                HIGHER,
            )
            for ratio, here in mine.items()
        ),
    )
