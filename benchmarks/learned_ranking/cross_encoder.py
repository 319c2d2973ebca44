"""A cross-encoder beside a ranker: as one of its features, and after it; legs, ranker and it learned apart.

Three quarters of train taught legs and cross-encoder. The other queries, which none of them knows, teach the
ranker and choose the weight of a mixture, there with rankers that were trained without the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.errors import InputError
from aisle.evaluation import JudgedSet, paired_randomisation_test
from aisle.search.rank.ranker import DEPTH
from aisle.search.rank.reranker import blend
from aisle.training.ranking.fit import fit
from aisle.training.ranking.table import RankingTable, ranking_table
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.added import with_columns
from benchmarks.learned_ranking.asked_legs import DEV, UNKNOWN, splits_of, told_of
from benchmarks.learned_ranking.measure import TREES, Floats, Measured, Row, measured, row, trained
from benchmarks.learned_ranking.setup import Setup
from benchmarks.learned_ranking.told import read_told

PART: Final = "cross-encoder"
FUSED, RANKED, FEATURE = "fusion, default", "default + ranker", "ranker with it as a feature"
TOPS: Final = (20, 50)
WEIGHTS: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
_FOLDS: Final = 3
_SAID_EVERY: Final = 250


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Queries, and the titles that their legs found.

    Attributes:
        table: of the default fusion's candidates; texts: of its queries; titles: of all candidates.
    """

    table: RankingTable
    texts: tuple[str, ...]
    titles: tuple[str, ...]


def measure(setup: Setup) -> Figures:
    """Feature, and mixtures after fusion and ranker, on dev.

    Raises:
        InputError: no trained legs, or no cross-encoder is named.
    """
    if setup.trained is None or setup.trained.reranker is None:
        raise InputError(
            "no cross-encoder is named", fix="give --encoder, --sparse, --learned and --reranker"
        )
    files, splits = told_of(setup, setup.trained), splits_of(setup, setup.trained)
    model = CrossEncoder.load(setup.trained.reranker, store=ArtifactStore.default(), threads=1)
    unknown, dev = (_found(files[split], splits[split]) for split in (UNKNOWN, DEV))
    say(f"training rankers on {len(unknown.texts):,} queries")
    plain, seconds = trained(unknown.table, TREES)
    before = {UNKNOWN: held_out(unknown.table), DEV: plain.scores(dev.table.rows)}
    said = {}
    for split, found in ((UNKNOWN, unknown), (DEV, dev)):
        read = first(found.table, found.table.fused(), max(TOPS)) | first(
            found.table, before[split], max(TOPS)
        )
        kept = files[split].with_name(f"{split}-{model.artifact.fingerprint[:12]}.npy")
        said[split] = scored(model, found, read, kept)
    rows = _rows(unknown, dev, before, said, seconds)
    return Figures(rows, _attempts(rows), _goals(rows))


def _found(path: Path, judged: JudgedSet) -> Found:
    say(f"reading what the index said of {judged.split}")
    told = [
        (query, replace(evidence, candidates=evidence.candidates[:DEPTH]))
        for query, evidence in read_told(path)
    ]
    told = [(query, evidence) for query, evidence in told if evidence.candidates and query in judged.qrels]
    titles = tuple(each.title for _, evidence in told for each in evidence.candidates)
    return Found(ranking_table(told, judged.qrels), tuple(evidence.text for _, evidence in told), titles)


def held_out(table: RankingTable) -> Floats:
    """float64 [N], scores of rankers that were trained without the query."""
    folds = np.arange(len(table.queries)) % _FOLDS
    scores = np.zeros(len(table.rows))
    for fold in range(_FOLDS):
        model = fit(table.of_queries(np.flatnonzero(folds != fold)), TREES)
        mine = np.repeat(folds == fold, table.sizes)
        scores[mine] = model.scores(table.rows[mine])
    return scores


def first(table: RankingTable, scores: Floats, top: int) -> NDArray[np.bool_]:
    """bool [N], whether a candidate is among the first of its query."""
    owners = np.repeat(np.arange(len(table.queries)), table.sizes)
    order = np.lexsort((np.arange(len(scores)), -scores, owners))
    kept = np.zeros(len(scores), dtype=np.bool_)
    kept[order] = np.arange(len(scores)) - table.bounds[owners] < top
    return kept


def scored(model: CrossEncoder, found: Found, read: NDArray[np.bool_], kept: Path) -> Floats:
    """float64 [N], what the model says of the candidates that it reads, NaN of the others. Kept in a file."""
    if kept.is_file() and len(held := np.load(kept)) == len(read) and np.isfinite(held[read]).all():
        return np.asarray(np.where(read, held, np.nan))
    said = np.full(len(read), np.nan)
    for at, text in enumerate(found.texts):
        span = np.arange(found.table.bounds[at], found.table.bounds[at + 1])
        span = span[read[span]]
        said[span] = model.score(text, [found.titles[place] for place in span.tolist()])
        if (at + 1) % _SAID_EVERY == 0:
            say(f"scored the candidates of {at + 1:,} of {len(found.texts):,} queries")
    np.save(kept, said)
    return said


def standardised(table: RankingTable, said: Floats) -> Floats:
    """The same in standard deviations of a query's scores: a listwise loss leaves their level open."""
    told = said.copy()
    for begin, end in zip(table.bounds[:-1].tolist(), table.bounds[1:].tolist(), strict=True):
        some = said[begin:end]
        if np.isfinite(some).any():
            told[begin:end] = (some - np.nanmean(some)) / max(float(np.nanstd(some)), 1e-9)
    return told


def mixed(table: RankingTable, before: Floats, said: Floats, top: int, weight: float) -> Floats:
    """Scores after the first ones were put in another order as a search does it, see ``blend``.

    Args:
        table: of Q queries and N candidates.
        before: float64 [N], what orders the candidates so far.
        said: float64 [N], of the model, of the first ones at least.
        top: how many.
        weight: of the model, 0 to 1.
    """
    read = first(table, before, top)
    owners = np.repeat(np.arange(len(table.queries)), table.sizes)
    order = np.lexsort((np.arange(len(before)), -before, owners))
    scores = np.empty(len(before))
    scores[order] = -(np.arange(len(before)) - table.bounds[owners]).astype(np.float64)
    for begin, end in zip(table.bounds[:-1].tolist(), table.bounds[1:].tolist(), strict=True):
        places = begin + np.flatnonzero(read[begin:end])
        places = places[np.argsort(-before[places], kind="stable")]
        values = blend(before[places].tolist(), said[places].tolist(), weight)
        scores[places] = 1 + np.array(values)
    return scores


def best_weight(table: RankingTable, before: Floats, said: Floats, top: int) -> float:
    """The weight of the highest nDCG@20."""
    means = {weight: mixed(table, before, said, top, weight) for weight in WEIGHTS}
    return max(WEIGHTS, key=lambda weight: float(table.ndcg(means[weight], 20).mean()))


def _rows(
    unknown: Found, dev: Found, before: Mapping[str, Floats], said: Mapping[str, Floats], seconds: float
) -> list[Row]:
    base = measured(dev.table, dev.table.fused())
    ranker = measured(dev.table, before[DEV])
    rows = [
        row(PART, FUSED, base, None),
        row(PART, RANKED, ranker, base, train_cpu_s=seconds),
    ]

    def add(name: str, found: Measured, **more: object) -> None:
        rows.append(row(PART, name, found, base, **more) | _against(found, ranker))

    alone = {"fusion": {UNKNOWN: unknown.table.fused(), DEV: dev.table.fused()}, "ranker": before}
    for name, orders in alone.items():
        for top in TOPS:
            say(f"mixtures after the {name}, over {top}")
            weight = best_weight(unknown.table, orders[UNKNOWN], said[UNKNOWN], top)
            scores = mixed(dev.table, orders[DEV], said[DEV], top, weight)
            add(f"after the {name}, over {top}", measured(dev.table, scores), weight=weight)
    scores = mixed(dev.table, dev.table.fused(), said[DEV], max(TOPS), 1.0)
    add(f"alone, over {max(TOPS)} of the fusion", measured(dev.table, scores))
    tables = []
    for split, found in ((UNKNOWN, unknown), (DEV, dev)):
        read = first(found.table, found.table.fused(), max(TOPS))
        told = standardised(found.table, np.where(read, said[split], np.nan))
        tables.append(with_columns(found.table, [told]))
    say(f"training the {FEATURE}")
    model, seconds = trained(tables[0], TREES)
    featured = model.scores(tables[1].rows)
    add(FEATURE, measured(dev.table, featured), train_cpu_s=seconds)
    top = min(TOPS)
    orders = {UNKNOWN: held_out(tables[0]), DEV: featured}
    some = {split: np.nan_to_num(one, nan=float(np.nanmin(one))) for split, one in said.items()}
    weight = best_weight(unknown.table, orders[UNKNOWN], some[UNKNOWN], top)
    scores = mixed(dev.table, orders[DEV], some[DEV], top, weight)
    add(f"{FEATURE}, and after it over {top}", measured(dev.table, scores), weight=weight)
    return rows


def _against(found: Measured, ranker: Measured) -> Row:
    return {
        "to_ranker": float(found.at_20.mean() - ranker.at_20.mean()),
        "p_ranker": paired_randomisation_test(found.at_20.tolist(), ranker.at_20.tolist()),
    }


def _attempts(rows: Sequence[Row]) -> list[dict[str, str]]:
    return [
        {
            "trial": f"{each['system']} (nDCG@20 to the ranker; judged pool nDCG@10)",
            "figure": f"{each['to_ranker']:+.4f}, p {each['p_ranker']:.3f};"
            f" {each['judged pool nDCG@10']:.4f}",
            "kept": "no",
        }
        for each in rows
        if "to_ranker" in each
    ]


def _goals(rows: Sequence[Row]) -> list[Goal]:
    best = max(float(each["nDCG@20"]) for each in rows if "to_ranker" in each)
    return [Goal("as a feature or after, best of what was tried: nDCG@20", best, 0.54, HIGHER)]
