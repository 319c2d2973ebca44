"""Runs and judgments in, metrics and reports out. Knows no OpenSearch."""

from aisle.evaluation.metrics import DEFAULT_METRICS, MIN_RELEVANT, Scores, answerable, evaluate
from aisle.evaluation.qrels import (
    JudgedSet,
    Qrels,
    as_qrels,
    read_judged_set,
    read_qrels,
    read_queries,
    write_qrels,
    write_queries,
)
from aisle.evaluation.report import EvaluationReport, report
from aisle.evaluation.runs import Run, read_run, write_run
from aisle.evaluation.significance import Comparison, compare, paired_randomisation_test

__all__ = [
    "DEFAULT_METRICS",
    "MIN_RELEVANT",
    "Comparison",
    "EvaluationReport",
    "JudgedSet",
    "Qrels",
    "Run",
    "Scores",
    "answerable",
    "as_qrels",
    "compare",
    "evaluate",
    "paired_randomisation_test",
    "read_judged_set",
    "read_qrels",
    "read_queries",
    "read_run",
    "report",
    "write_qrels",
    "write_queries",
    "write_run",
]
