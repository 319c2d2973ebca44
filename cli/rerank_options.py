"""``--rerank`` and its kin, which several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from encoder import ArtifactStore
from records import InputError
from search import Reranker, RerankOptions
from search.rerank.reranker import SCORES
from workflows.open_reranker import open_reranker

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
    store: ArtifactStore,
    top: int | None,
    budget: float | None,
    weight: float,
    remembered: int = SCORES,
) -> tuple[Reranker, RerankOptions] | tuple[None, None]:
    """The reranker that was named, with so many scores to remember, and how to use it; else twice None.

    Raises:
        InputError: options of a reranker that is not named, or values that cannot be used.
        ArtifactNotFound, ArtifactCorrupt: see ``workflows.open_reranker``.
    """
    if ref is None:
        if top is not None or budget is not None:
            raise InputError("nothing is reranked: no --rerank", fix="name a reranker, as in --rerank REF")
        return None, None
    options = RerankOptions(top=top, budget_ms=budget, weight=weight)
    return open_reranker(ref, store, top, remembered), options
