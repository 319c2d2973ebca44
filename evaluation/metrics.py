"""Metric names and the ir-measures objects that compute them."""

from __future__ import annotations

import re
from collections.abc import Callable

import ir_measures
from ir_measures.measures import Measure

from evaluation.qrels import MAX_GRADE
from records import EvaluationError

DEFAULT_METRICS = ("nDCG@10", "nDCG@20", "R@10", "R@200", "RR@10", "Judged@10")

# ir-measures' own exponential nDCG calls perl (5 digits) or numba; mapped gains run in pytrec_eval.
_GAINS = {grade: 2**grade - 1 for grade in range(MAX_GRADE + 1)}

_FAMILIES: dict[str, Callable[[int], Measure]] = {
    "nDCG": lambda _: ir_measures.nDCG(gains=_GAINS),
    "R": lambda relevant: ir_measures.R(rel=relevant),
    "P": lambda relevant: ir_measures.P(rel=relevant),
    "AP": lambda relevant: ir_measures.AP(rel=relevant),
    "RR": lambda relevant: ir_measures.RR(rel=relevant),
    "Judged": lambda _: ir_measures.Judged(),
}
_NAME = re.compile(r"([A-Za-z]+)@([1-9][0-9]{0,4})")


def measure(name: str, relevant: int) -> Measure:
    """The measure for a name such as ``nDCG@10``.

    ``nDCG`` has gains 2^grade - 1 and discount log2(rank + 1) (Burges et al. 2005); ``R`` (recall), ``P``
    (precision), ``AP`` and ``RR`` (reciprocal rank, whose mean is MRR) count a grade of ``relevant`` or more
    as relevant; ``Judged`` is the share of the results that somebody judged.

    Raises:
        EvaluationError: no such metric.
    """
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in _FAMILIES:
        known = ", ".join(f"{family}@k" for family in _FAMILIES)
        raise EvaluationError(f"unknown metric '{name}'", fix=f"choose from {known}")
    return _FAMILIES[match[1]](relevant) @ int(match[2])
