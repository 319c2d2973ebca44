"""Figures that others published for the file of ``beauty``, each under the protocol it was measured by.

The file is, item for item, that of S3-Rec, FMLP-Rec, BSARec and WEARec: 22,363 users, 12,101 items.
"""

from __future__ import annotations

from typing import Any, Final

from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Seen
from aisle.evaluation.sequences.table import PublishedRow
from benchmarks.harness.result_file import trials

DATASET: Final = "beauty"
EXCLUDED: Final = EvaluationProtocol()
KEPT: Final = EvaluationProtocol(seen=Seen.KEPT)


def _row(system: str, protocol: EvaluationProtocol, source: str, **metrics: float) -> PublishedRow:
    named = {name.replace("_", "@"): value for name, value in metrics.items()}
    return PublishedRow(system, DATASET, protocol, Phase.TEST, named, source)


PUBLISHED: Final = (
    _row("SASRec, sampled softmax", EXCLUDED, "blondered/transformer_benchmark", R_10=0.0921, N_10=0.0531),
    _row("eSASRec", EXCLUDED, "arXiv 2508.06450", R_10=0.0928, N_10=0.0523),
    _row("BSARec", EXCLUDED, "yehjin-shin/BSARec, log", R_5=0.0736, N_5=0.0523, R_10=0.1008, N_10=0.0611),
    _row("WEARec", EXCLUDED, "xhy963319431/WEARec, log", R_5=0.0738, N_5=0.0516, R_10=0.1041, N_10=0.0614),
    _row("TIGER, reproduced", KEPT, "PreferredAI/cornac", R_5=0.0419, N_5=0.0270, R_10=0.0678, N_10=0.0353),
    _row("SASRec, BCE, tuned", KEPT, "PreferredAI/cornac", R_5=0.0508, N_5=0.0348, R_10=0.0740, N_10=0.0423),
    _row("ActionPiece", KEPT, "arXiv 2502.13581", R_10=0.0775, N_10=0.0424),
    _row("LC-Rec", KEPT, "arXiv 2311.09049", R_10=0.0791, N_10=0.0438),
)


def tried(dataset: str, domain: str) -> list[dict[str, Any]]:
    """What was tried for a domain; nothing on other data, where the same is measured untouched."""
    return trials("semantic-ids", domain) if dataset == DATASET else []


def published(protocol: EvaluationProtocol, dataset: str) -> tuple[PublishedRow, ...]:
    """Those of one protocol and data set."""
    return tuple(row for row in PUBLISHED if (row.protocol, row.dataset) == (protocol, dataset))
