"""Runs and judgments in, metrics and reports out. Knows no OpenSearch."""

from evaluation.compare import Comparison, compare
from evaluation.evaluate import Scores, answerable, evaluate
from evaluation.judged_set import JudgedSet, read_judged_set
from evaluation.metrics import DEFAULT_METRICS
from evaluation.qrels import Qrels, as_qrels, read_qrels, write_qrels
from evaluation.queries import read_queries, write_queries
from evaluation.report import EvaluationReport, report
from evaluation.runs import Run, read_run, write_run
from evaluation.significance import paired_randomisation_test

__all__ = [
    "DEFAULT_METRICS",
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
