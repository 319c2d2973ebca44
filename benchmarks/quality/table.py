"""What was found → rows, attempts and goals of the quality benchmark. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aisle.evaluation import JudgedSet, Run, Scores, compare, evaluate
from aisle.evaluation.encoders.exact import mean_overlap
from aisle.mappings import BM25, DENSE, FusionSpec, default_fusion, standard_fusions
from aisle.search import fuse
from aisle.search.systems import HYBRID
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.quality.ask import DEPTH, Asked

METRICS = ("nDCG@10", "nDCG@20", "R@10", "R@200")
MAIN = METRICS[0]
FULL = 384
EXACT = "exact"

Row = dict[str, Any]


def quality_rows(judged: JudgedSet, asked: Sequence[Asked]) -> list[Row]:
    """One row per system: dataset, system, dims, fusion, whether it is the default, metrics, p50_ms.

    Args:
        judged: queries and judgments.
        asked: one per width, the full one first; its BM25 serves as the baseline.
    """
    first = asked[0]
    words = _scores(judged, BM25, {query: legs[BM25].ids for query, legs in first.legs.items()})
    rows = [_row(judged, BM25, words) | {"p50_ms": round(first.p50_ms[BM25], 2)}]
    for index in asked:
        rows.extend(_dense_rows(judged, index))
    for index in asked:
        rows.extend(_hybrid_rows(judged, index, words))
    return rows


def fusion_attempts(rows: Sequence[Row]) -> list[Row]:
    """Every fusion that is not the default, with its figure."""
    return [
        {"tried": f"{row['dataset']}: {HYBRID} {row['dims']} with {row['fusion']}", MAIN: row[MAIN]}
        for row in rows
        if row.get("fusion") and not row["default"]
    ]


def quality_goals(rows: Sequence[Row]) -> list[Goal]:
    """The issue's goals, for the data sets that were measured."""
    goals = []
    for row in rows:
        name = f"{row['dataset']} {title(row)}"
        if row["dataset"] == "homedepot" and row["system"] == BM25:
            goals.append(Goal(f"{name}, nDCG@20", row["nDCG@20"], 0.40, HIGHER))
        if row["dataset"] == "icecat" and row.get("default") and row["dims"] == FULL:
            goals.append(Goal(f"{name}, nDCG@10", row["nDCG@10"], 0.75, HIGHER))
        if row["system"] == DENSE:
            loss = round(abs(row[MAIN] - row["exact nDCG@10"]), 4)
            goals.append(Goal(f"{name}, nDCG@10 away from exact search", loss, 0.01, LOWER))
    return goals


def title(row: Mapping[str, Any]) -> str:
    """A row's system as tables name it: ``bm25``, ``dense 384``, ``hybrid 64, rrf``."""
    return " ".join([row["system"], *([str(row["dims"])] if row.get("dims") else [])]) + (
        f", {row['fusion']}" if row.get("fusion") else ""
    )


def fusion_name(spec: FusionSpec) -> str:
    """The fusion's title, with whatever is not the usual setting."""
    weights = "/".join(f"{weight:.3g}" for weight in spec.weights)
    equal = len(set(spec.weights)) == 1
    constant = "" if spec.rank_constant == 60 else f" k={spec.rank_constant}"
    return f"{spec.title}{constant}{'' if equal else f' {weights}'}"


def _dense_rows(judged: JudgedSet, index: Asked) -> Iterator[Row]:
    found = {query: legs[DENSE].ids for query, legs in index.legs.items()}
    exact = _scores(judged, EXACT, index.exact)
    yield _row(judged, DENSE, _scores(judged, DENSE, found)) | {
        "dims": index.dims,
        "exact nDCG@10": round(exact.mean(MAIN), 4),
        f"overlap@{DEPTH}": round(mean_overlap(found, index.exact, DEPTH), 4),
        "p50_ms": round(index.p50_ms[DENSE], 2),
    }


def _hybrid_rows(judged: JudgedSet, index: Asked, words: Scores) -> Iterator[Row]:
    default = default_fusion()
    for spec in dict.fromkeys((default, *standard_fusions())):
        ranked = {
            query: [fused.id for fused in fuse(spec, legs)[:DEPTH]] for query, legs in index.legs.items()
        }
        scores = _scores(judged, HYBRID, ranked)
        row = _row(judged, HYBRID, scores) | {
            "dims": index.dims,
            "fusion": fusion_name(spec),
            "default": spec == default,
        }
        if spec == default:
            against = compare(words, scores, MAIN)
            row |= {
                "p50_ms": round(index.p50_ms[HYBRID], 2),
                "nDCG@10 over bm25": round(against.delta, 4),
                "p against bm25": round(against.p_value, 4),
            }
        yield row


def _row(judged: JudgedSet, system: str, scores: Scores) -> Row:
    means = {metric: round(scores.mean(metric), 4) for metric in METRICS}
    return {"dataset": judged.name, "system": system, "queries": scores.queries, **means}


def _scores(judged: JudgedSet, name: str, rankings: Mapping[str, Sequence[str]]) -> Scores:
    return evaluate(Run(name, rankings), judged.qrels, METRICS)
