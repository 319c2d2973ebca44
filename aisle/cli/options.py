"""``--rerank`` and its kin, which several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import aisle
from aisle._quality_gate import USUAL_DROP, USUAL_METRIC
from aisle._search import SCORES, USUAL_WEIGHT, open_reranker
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.search import Reranker

__all__ = ["USUAL_WEIGHT"]

RerankOption = Annotated[
    str | None,
    typer.Option("--rerank", help="Rerank with this artifact; small:100,large:20 is a cascade of two."),
]
RerankTopOption = Annotated[
    int | None, typer.Option("--rerank-top", help="Most candidates to rerank; default 100.")
]
RerankBudgetOption = Annotated[
    float | None, typer.Option("--rerank-budget", help="Most milliseconds for it; default no limit.")
]
RerankWeightOption = Annotated[
    float,
    typer.Option("--rerank-weight", help="Of the model in the order, 0 to 1; the rest is the fusion's."),
]


def open_reranking(
    ref: str | None,
    top: int | None,
    budget: float | None,
    weight: float,
    remembered: int = SCORES,
) -> tuple[Reranker, aisle.RerankOptions] | tuple[None, None]:
    """The reranker that was named, with so many scores to remember, and how to use it; else twice None.

    Raises:
        InputError: options of a reranker that is not named, or values that cannot be used.
        ArtifactNotFound, ArtifactCorrupt: see ``aisle._search``.
    """
    if ref is None:
        if top is not None or budget is not None:
            raise InputError("nothing is reranked: no --rerank", fix="name a reranker, as in --rerank REF")
        return None, None
    options = aisle.RerankOptions(top=top, budget_ms=budget, weight=weight)
    return open_reranker(ref, aisle.ArtifactStore.default(), top, remembered), options


IndexSparseOption = Annotated[
    str | None,
    typer.Option("--sparse", help="Sparse artifact for the sparse leg: a path, a name or a fingerprint."),
]
SparseOption = Annotated[
    str | None, typer.Option("--sparse", help="Sparse artifact. Default: the index's own.")
]


SynonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--synonyms",
        help="File of synonyms for this release: lines like `sofa, couch` or `tv => television`."
        " Queries use them at once; a release made without the option has none.",
    ),
]


GateOption = Annotated[
    Path | None,
    typer.Option("--gate", help="BEIR folder whose judgments decide whether the release goes live."),
]
GateMetricOption = Annotated[
    str | None, typer.Option("--gate-metric", help=f"What is measured there. Default: {USUAL_METRIC}.")
]
GateFloorOption = Annotated[
    float | None, typer.Option("--gate-floor", help="Least value of the metric, 0 to 1.")
]
GateDropOption = Annotated[
    float | None,
    typer.Option(
        "--gate-drop",
        help=f"How far below the live release it may be. Default: {USUAL_DROP}, with a floor any.",
    ),
]


def check_gate(folder: Path | None, metric: str | None, floor: float | None, drop: float | None) -> None:
    """Refuse limits of a gate that is not named.

    Raises:
        BadParameter: limits without a folder.
    """
    if folder is None and (metric, floor, drop) != (None, None, None):
        raise typer.BadParameter("--gate-metric, --gate-floor and --gate-drop need --gate FOLDER")
