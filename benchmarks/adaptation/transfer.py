"""What a new domain gains from a model of others: its tables alone, everything, or nothing of it.

Sources are the whole histories of other domains, or of a part of their users.
The target is cut as published results are: last item test, the one before it validation, full ranking.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from aisle.encoder.product_codes import ProductQuantizer
from aisle.evaluation.sequences.protocol import Phase, Split, split
from aisle.evaluation.sequences.ranks import RankedTargets, Scorer, rank_targets
from aisle.recommendation.choose import choose, sampled
from aisle.recommendation.counts import count_items
from aisle.recommendation.settings import Learned
from aisle.recommendation.systems import CountsAndTextSystem, CountsSystem
from aisle.training.adaptation.alignment import recoded
from aisle.training.adaptation.contrast import CodeContrast, InBatch
from aisle.training.adaptation.domains import Domain, joined
from aisle.training.adaptation.product_codes import CodebookSettings, fit_product_codes
from aisle.training.adaptation.tables import moved_model
from aisle.training.adaptation.transfer import Learning, TableModel, align, first_model, learn_domain
from aisle.training.common.machine import seed_all
from aisle.training.common.progress import Silent
from aisle.training.recommendation.fit import fit
from aisle.training.recommendation.loop import TorchScorer, item_vectors, learn, taken
from aisle.training.recommendation.model import IdsAndTexts, ItemVectors, SequenceModel
from aisle.training.recommendation.settings import SequenceSettings
from benchmarks.adaptation.domains import READERS, read_domain
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.baselines import PROTOCOLS

MOST_SOURCE_STEPS: Final = 15_000
"""Of each source, of users drawn with a seed: online_retail alone would be more than all others."""
MOST_TARGET_STEPS: Final = 60_000
"""Of a target whose figures are compared with nothing published: as many as Scientific has."""
ASKED: Final = 2_000
"""Users of the validation."""
FEW: Final = 4
"""Steps of the training that an item has at most to count as a rare one."""
LABELS: Final = ("train only", "seen kept")
METRICS: Final = ("R@10", "N@10", "R@50")
CODEBOOKS: Final = CodebookSettings(rounds=2, most=5_000)
BY_IDS: Final = SequenceSettings(epochs=12, patience=3)
BY_TEXTS: Final = replace(BY_IDS, id_embeddings=False, text_columns=512)
PRETRAINING: Final = SequenceSettings(dropout=0.2, loss=CodeContrast(), epochs=5)
TUNING: Final = SequenceSettings(dropout=0.3, learning_rate=1e-2, epochs=8, patience=2)
TABLES: Final = replace(TUNING, dropout=0.1, epochs=3)
ALIGNMENT: Final = replace(TABLES, dropout=0.0, learning_rate=0.05, epochs=2)

COUNTS: Final = "counts + text, no training"
IDS: Final = "SASRec of IDs"
IDS_AND_TEXTS: Final = "SASRec of IDs + text"
TEXTS: Final = "text input, pre-trained, everything tuned"
UNTUNED: Final = "code tables, pre-trained, nothing tuned"
TABLE_ONLY: Final = "code tables, pre-trained, tables alone tuned"
WHOLE: Final = "code tables, pre-trained, everything tuned"
FROZEN_RANDOM: Final = "code tables, frozen random encoder, tables alone trained"
SCRATCH: Final = "code tables, from scratch"
COMPARED: Final = "the same, by what they are compared with alone"
OWN_CODES: Final = "own codebooks, tables alone tuned"
ALIGNED: Final = "own codebooks, aligned by permutation, tables alone tuned"

PUBLISHED: Final[Mapping[str, Mapping[str, float]]] = {"scientific": {"R@10": 0.1238, "N@10": 0.0645}}
"""VQ-Rec's README, five other domains of Amazon as sources, seen items kept."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How thoroughly a target is measured.

    Attributes:
        seeds: with each of which everything is trained.
        most: steps of its users, who are drawn with a seed; None: all of them.
    """

    seeds: tuple[int, ...] = (0,)
    most: int | None = MOST_TARGET_STEPS


EXTENTS: Final[Mapping[str, Extent]] = MappingProxyType(
    {name: Extent((0, 1, 2), None) if name == "scientific" else Extent() for name in READERS}
)
"""Target to how it is measured: Scientific whole, as others publish it, the rest in a quarter of an hour."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A target, what its sources know, and codes of both.

    Attributes:
        target: whose texts are whitened as those of the sources.
        sources: as one domain, likewise.
        validation: of the target.
        tests: by protocol.
        rare: bool [users who are asked], whether the target item has `FEW` steps in the training, or fewer.
        quantizer: of the sources.
        source_codes, target_codes: by it.
        own_codes: of the target by codebooks of its own.
    """

    target: Domain
    sources: Domain
    validation: Split
    tests: Mapping[str, Split]
    rare: NDArray[np.bool_]
    quantizer: ProductQuantizer
    source_codes: NDArray[np.int32]
    target_codes: NDArray[np.int32]
    own_codes: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A system of one seed.

    Attributes:
        name: of it.
        scorer: that the tests ask.
        seconds: of CPU that its training in the target took, all epochs and validations.
        epochs: that ran; 0: nothing was trained.
    """

    name: str
    scorer: Scorer
    seconds: float
    epochs: int


@dataclass(slots=True)
class Found:
    """Figures of one system, a value a seed."""

    means: dict[str, list[Mapping[str, float]]] = field(default_factory=dict)
    hits: list[NDArray[np.float64]] = field(default_factory=list)
    rare: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)

    def add(self, task: Task, trained: Trained) -> None:
        """Ask the tests."""
        for label, test in task.tests.items():
            ranked = rank_targets(trained.scorer, test, task.target.name)
            self.means.setdefault(label, []).append(ranked.means(METRICS))
            if label == LABELS[0]:
                self._add_users(ranked, task.rare)
        self.seconds.append(trained.seconds)
        self.epochs.append(trained.epochs)

    def _add_users(self, ranked: RankedTargets, rare: NDArray[np.bool_]) -> None:
        hits = ranked.values("R@10")
        self.hits.append(hits)
        self.rare.append(float(hits[rare].mean()) if rare.any() else 0.0)

    @property
    def users(self) -> NDArray[np.float64]:
        """R@10 of every user, mean over seeds."""
        return np.asarray(np.mean(self.hits, axis=0))

    def mean(self, metric: str, label: str = LABELS[0]) -> float:
        """Over seeds."""
        return float(np.mean([means[metric] for means in self.means[label]]))

    def rows(self) -> Iterator[dict[str, Any]]:
        """One for each protocol."""
        for label, means in self.means.items():
            row: dict[str, Any] = {"protocol": label, "seeds": len(means)}
            for metric in METRICS:
                values = [each[metric] for each in means]
                row |= {metric: float(np.mean(values)), f"{metric} sd": _deviation(values)}
            if label == LABELS[0]:
                row |= {"R@10 rare": float(np.mean(self.rare)), "R@10 rare sd": _deviation(self.rare)}
            yield row | {"cpu_seconds": self.seconds, "epochs": self.epochs}


def measure(target: str) -> Figures:
    """Every system in one target."""
    torch.set_num_threads(1)
    extent = EXTENTS[target]
    task = _task(target, extent.most)
    found: dict[str, Found] = {}
    pretraining: list[float] = []
    for seed in extent.seeds:
        for trained in _systems(task, seed, pretraining, first=seed == extent.seeds[0]):
            here = found.setdefault(trained.name, Found())
            here.add(task, trained)
            means = here.means[LABELS[0]][-1]
            say(
                f"seed {seed}: {trained.name}: R@10 {means['R@10']:.4f}, N@10 {means['N@10']:.4f},"
                f" rare {here.rare[-1]:.4f}, {trained.epochs} epochs, {trained.seconds:.0f} seconds of CPU"
            )
    common = {
        "dataset": target,
        "sources": task.sources.name,
        "users": len(task.rare),
        "items": len(task.target.sequences.items),
        "steps": _steps(task.target),
        "most_steps": extent.most,
        "rare_users": int(task.rare.sum()),
    }
    rows = [{**common, "system": name, **row} for name, each in found.items() for row in each.rows()]
    rows.append({**common, "pretraining_cpu_seconds": pretraining, "source_steps": _steps(task.sources)})
    rows += [{**common, **row} for row in _differences(found)]
    return Figures(rows, trials("adaptation", "transfer"), _goals(target, found))


def _task(name: str, most: int | None) -> Task:
    target = read_domain(name, most)
    sources = joined([read_domain(other, MOST_SOURCE_STEPS) for other in READERS if other != name])
    validation = sampled(split(target.sequences, PROTOCOLS[LABELS[0]], Phase.VALIDATION), ASKED, 0)
    tests = {label: split(target.sequences, PROTOCOLS[label], Phase.TEST) for label in LABELS}
    counts = np.bincount(validation.train.steps, minlength=len(target.sequences.items))
    say("fitting codebooks")
    quantizer = fit_product_codes(sources.texts[taken(sources.sequences)], CODEBOOKS)
    own = fit_product_codes(target.texts[taken(validation.train)], CODEBOOKS)
    say(f"codes lose {quantizer.error(target.texts):.3f} of the target, own {own.error(target.texts):.3f}")
    return Task(
        target=replace(target, texts=quantizer.whitening.apply(target.texts)),
        sources=replace(sources, texts=quantizer.whitening.apply(sources.texts)),
        validation=validation,
        tests=tests,
        rare=counts[tests[LABELS[0]].targets] <= FEW,
        quantizer=quantizer,
        source_codes=quantizer.encode(sources.texts),
        target_codes=quantizer.encode(target.texts),
        own_codes=own.encode(target.texts),
    )


def _steps(domain: Domain) -> int:
    return len(domain.sequences.steps)


def _systems(task: Task, seed: int, pretraining: list[float], *, first: bool) -> Iterator[Trained]:
    """One after the other, each asked before the next is trained; some with the first seed alone."""
    tune, tables = replace(TUNING, seed=seed), replace(TABLES, seed=seed)
    by_ids = replace(BY_IDS, seed=seed)
    train = task.validation.train
    if first:
        yield _counts(task)
    yield _by_ids(task, IDS, None, by_ids)
    yield _by_ids(task, IDS_AND_TEXTS, task.target.texts, by_ids)
    if first:
        yield _by_texts(task, replace(BY_TEXTS, seed=seed))
    started = time.process_time()
    shape = replace(PRETRAINING, seed=seed)
    start = first_model(task.quantizer, task.source_codes, shape)
    start = learn_domain(start, task.source_codes, task.sources.sequences, shape, Silent())
    pretraining.append(time.process_time() - started)
    untuned = moved_model(start.model, start.model.items.moved(task.target_codes), shape)
    yield Trained(UNTUNED, _scorer(untuned, UNTUNED), 0.0, 0)
    blank = first_model(task.quantizer, task.target_codes, shape)
    for name, begin, part in (
        (TABLE_ONLY, start, Learning.TABLES),
        (COMPARED, start, Learning.COMPARED_TABLES),
        (WHOLE, start, Learning.EVERYTHING),
        (FROZEN_RANDOM, blank, Learning.TABLES),
        (SCRATCH, blank, Learning.EVERYTHING),
    ):
        settings = tune if part is Learning.EVERYTHING else tables
        yield _learned(name, task, begin, task.target_codes, settings, part)
    if first:
        yield _learned(OWN_CODES, task, start, task.own_codes, tables, Learning.TABLES)
        places = align(start, task.own_codes, train, replace(ALIGNMENT, seed=seed), Silent())
        aligned = recoded(task.own_codes, places)
        yield _learned(ALIGNED, task, start, aligned, tables, Learning.TABLES)


def _learned(
    name: str,
    task: Task,
    begin: TableModel,
    codes: NDArray[np.int32],
    settings: SequenceSettings,
    part: Learning,
) -> Trained:
    started = time.process_time()
    train, validation = task.validation.train, task.validation
    made = learn_domain(begin, codes, train, settings, Silent(), validation, part=part)
    seconds = time.process_time() - started
    return Trained(name, _scorer(made.model, name), seconds, len(made.course.losses))


def _scorer(model: SequenceModel[ItemVectors], name: str) -> TorchScorer:
    model.eval()
    return TorchScorer(model, item_vectors(model), name)


def _counts(task: Task) -> Trained:
    started = time.process_time()
    learned = Learned(count_items(task.validation.train), task.target.texts)
    counts = choose(CountsSystem(), learned, task.validation).setting
    chosen = choose(CountsAndTextSystem(counts), learned, task.validation).setting
    return Trained(COUNTS, chosen.channel(learned), time.process_time() - started, 0)


def _by_ids(task: Task, name: str, texts: NDArray[np.float32] | None, settings: SequenceSettings) -> Trained:
    started = time.process_time()
    fitted = fit(task.validation.train, texts, settings, Silent(), task.validation)
    seconds = time.process_time() - started
    return Trained(name, _scorer(fitted.model, name), seconds, len(fitted.losses))


def _by_texts(task: Task, settings: SequenceSettings) -> Trained:
    """As UniSRec (arXiv 2206.05941) in short: items are their texts, whitened and mapped, in every domain."""
    shape = replace(settings, dropout=PRETRAINING.dropout, epochs=PRETRAINING.epochs, loss=InBatch())
    seed_all(settings.seed)
    first = SequenceModel(_texts_of(task.sources, shape), shape)
    learn(first, task.sources.sequences, shape, Silent())
    items = _texts_of(task.target, shape)
    items.load_state_dict(
        {**items.state_dict(), "text_map.weight": first.state_dict()["items.text_map.weight"]}
    )
    started = time.process_time()
    model = moved_model(first, items, settings)
    course = learn(model, task.validation.train, settings, Silent(), task.validation)
    seconds = time.process_time() - started
    return Trained(TEXTS, _scorer(model, TEXTS), seconds, len(course.losses))


def _texts_of(domain: Domain, shape: SequenceSettings) -> IdsAndTexts:
    items = IdsAndTexts(len(domain.sequences.items), torch.from_numpy(domain.texts), shape)
    with torch.no_grad():
        items.ids.weight.zero_()
    items.ids.weight.requires_grad_(False)
    return items


def _differences(found: Mapping[str, Found]) -> Iterator[dict[str, Any]]:
    """R@10 of tables alone less that of others, with what drawing the users anew makes of it."""
    mine = found[TABLE_ONLY]
    for name in (WHOLE, COMPARED, FROZEN_RANDOM, SCRATCH, IDS, IDS_AND_TEXTS):
        other = found[name]
        low, high = interval(mine.users - other.users)
        seeds = [float(a.mean() - b.mean()) for a, b in zip(mine.hits, other.hits, strict=True)]
        yield {
            "less": name,
            "R@10": mine.mean("R@10") - other.mean("R@10"),
            "low": low,
            "high": high,
            "seeds": seeds,
            "share": mine.mean("R@10") / other.mean("R@10") - 1,
        }


def interval(differences: NDArray[np.float64], draws: int = 2000) -> tuple[float, float]:
    """Where 95 of 100 means lie if the users are drawn anew, with replacement.

    Args:
        differences: float64 [users].
        draws: of all users.
    """
    random = np.random.default_rng(0)
    means = [
        differences[random.integers(len(differences), size=len(differences))].mean() for _ in range(draws)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _deviation(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _goals(target: str, found: Mapping[str, Found]) -> tuple[Goal, ...]:
    mine, whole, random, ids = (found[name] for name in (TABLE_ONLY, WHOLE, FROZEN_RANDOM, IDS))
    goals = [
        Goal(
            "R@10 of tables alone / of everything tuned", mine.mean("R@10") / whole.mean("R@10"), 0.95, HIGHER
        ),
        Goal(
            "CPU time of tables alone / of everything tuned",
            sum(mine.seconds) / sum(whole.seconds),
            0.3,
            LOWER,
        ),
        Goal(
            "R@10 of tables alone over those of a frozen random encoder, share",
            mine.mean("R@10") / random.mean("R@10") - 1,
            0.03,
            HIGHER,
        ),
        Goal(
            f"R@10 of items of {FEW} events or fewer, tables alone less SASRec of IDs",
            float(np.mean(mine.rare) - np.mean(ids.rare)),
            0,
            HIGHER,
        ),
    ]
    for metric, below in (("R@10", 0.01), ("N@10", 0.005)):
        if target in PUBLISHED:
            best = max(found[name].mean(metric, "seen kept") for name in (TABLE_ONLY, WHOLE))
            asked = round(PUBLISHED[target][metric] - below, 4)
            goals.append(Goal(f"{metric} of code tables, seen kept, as published", best, asked, HIGHER))
    return tuple(goals)
