"""Rungs → rows, and rows → goals, of the search quality benchmark. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aisle.evaluation import Qrels, Run, Scores, compare, evaluate
from aisle.mappings import BM25, DENSE, SPARSE
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.quality.table import METRICS as _QUALITY
from benchmarks.search_quality.fused import TUNED, Rung
from benchmarks.search_quality.rerank import HELD_OUT

METRICS: Final = tuple(metric for metric in _QUALITY if metric != "R@10")
MAIN: Final = METRICS[0]
DEEP: Final = "nDCG@20"
RECALL: Final = "R@200"

LADDER: Final = "ladder"
RERANKED: Final = "reranked"
OUTSIDE: Final = "outside"
POOL: Final = "judged pool"
SPEED: Final = "speed"
PAIRS: Final = "100 pairs"

STUDENT: Final = "+ student on 100"
TEACHER: Final = "+ teacher on 100"
CASCADE: Final = "+ student on 100, teacher on 20"
STUDENT_MODEL: Final = "student, INT8"
TEACHER_MODEL: Final = "teacher, INT8"
TORCH_MODEL: Final = "MiniLM-L6, fp32 torch"
PAIR: Final = f"{BM25}+{DENSE}"
ALL: Final = f"{BM25}+{DENSE}+{SPARSE}"

Row = Mapping[str, Any]


def rung_rows(part: str, dataset: str, rungs: Sequence[Rung], qrels: Qrels) -> list[dict[str, Any]]:
    """A row for each rung: metrics, and paired randomisation tests of the first metric.

    Args:
        part: of the result.
        dataset: name.
        rungs: in order; ``before`` names earlier ones.
        qrels: only the queries that all rungs answer.
    """
    scores: dict[str, Scores] = {}
    rows = []
    for rung in rungs:
        # A run's name has no spaces; a query of which nothing is known counts as 0.
        own = evaluate(Run("rung", rung.lists), qrels, METRICS)
        row: dict[str, Any] = {
            "part": part,
            "dataset": dataset,
            "system": rung.name,
            "fusion": rung.fusion,
            "queries": own.queries,
            **{metric: round(own.mean(metric), 4) for metric in METRICS},
        }
        if rung.before:
            before = max(rung.before, key=lambda name: scores[name].mean(MAIN))
            against = compare(scores[before], own, MAIN)
            row |= {"before": before, "delta": round(against.delta, 4), "p": round(against.p_value, 4)}
        if BM25 in scores:
            words = compare(scores[BM25], own, MAIN)
            row |= {"delta to bm25": round(words.delta, 4), "p to bm25": round(words.p_value, 4)}
        scores[rung.name] = own
        rows.append(row)
    return rows


def search_goals(rows: Sequence[Row]) -> list[Goal]:
    """The issue's goals, but for those whose rungs were left out."""
    ladder = {row["system"]: row for row in rows if row["part"] == LADDER}
    speed = {row["system"]: row for row in rows if row["part"] == SPEED}
    pairs = {row["system"]: row["p50_ms"] for row in rows if row["part"] == PAIRS}
    reranked = {row["system"]: row for row in rows if row["part"] == RERANKED}
    legs = [row for name, row in ladder.items() if name in (BM25, DENSE, SPARSE)]
    hybrids = [row for name, row in ladder.items() if name.endswith(TUNED)]
    goals = []
    if legs:
        best = max(legs, key=lambda row: float(row[MAIN]))
        goals.append(Goal(f"homedepot best single leg ({best['system']}) {MAIN}", best[MAIN], 0.43, HIGHER))
    if three := ladder.get(f"{ALL}{TUNED}"):
        goals.append(Goal(f"homedepot hybrid 64-d + BM25 + sparse {RECALL}", three[RECALL], 0.90, HIGHER))
    if hybrids:
        # The last one is that of all legs.
        goals.append(Goal(f"homedepot hybrid {DEEP}", hybrids[-1][DEEP], 0.50, HIGHER))
    if top := reranked.get(f"{STUDENT}{HELD_OUT}"):
        name = f"homedepot hybrid + rerank top 100 {DEEP}, {top['queries']:,} queries"
        goals.append(Goal(name, top[DEEP], 0.55, HIGHER))
    for row in rows:
        if row["part"] == POOL and row["system"] == STUDENT_MODEL:
            goals.append(Goal(f"judged-pool {MAIN} of the reranker", row[MAIN], 0.93, HIGHER))
        if row["part"] == OUTSIDE and row["system"] == STUDENT:
            goals.append(Goal(f"{row['dataset']} hybrid + rerank {MAIN}", row[MAIN], 0.85, HIGHER))
    if STUDENT_MODEL in pairs and TORCH_MODEL in pairs:
        share = pairs[STUDENT_MODEL] / pairs[TORCH_MODEL]
        goals.append(Goal("rerank of 100, p50, share of MiniLM-L6 fp32 torch", share, 1 / 6, LOWER))
    if (kept := share_of_gain(list(reranked.values()))) is not None:
        goals.append(Goal(f"share of the teacher's {DEEP} gain that the student keeps", kept, 0.97, HIGHER))
    if ALL in speed and PAIR in speed:
        ratio = speed[ALL]["p50_ms"] / speed[PAIR]["p50_ms"]
        goals.append(Goal("three legs, p50, times bm25+dense", ratio, 1.5, LOWER))
    if ALL in speed or PAIR in speed:
        system = ALL if ALL in speed else PAIR
        rate = speed[system]["queries_per_s"]
        goals.append(Goal(f"whole search without rerank ({system}), 4 clients, queries/s", rate, 70, HIGHER))
    return goals


def share_of_gain(reranked: Sequence[Row]) -> float | None:
    """What the student adds to the fusion as a share of what the teacher adds, both with held-out weights.

    None without both, or if the teacher adds nothing.
    """
    found = {row["system"]: row for row in reranked}
    student, teacher = (found.get(f"{name}{HELD_OUT}") for name in (STUDENT, TEACHER))
    if student is None or teacher is None:
        return None
    start = float(found[student["before"]][DEEP])
    gain = float(teacher[DEEP]) - start
    return (float(student[DEEP]) - start) / gain if gain > 0 else None
