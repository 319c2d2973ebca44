"""Options of the gate that a release has to pass before it goes live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aisle._quality_gate import USUAL_DROP, USUAL_METRIC

GateOption = Annotated[
    Path | None,
    typer.Option(
        "--gate", help="BEIR folder of judgments: the release goes live only if it does well on them."
    ),
]
GateMetricOption = Annotated[
    str | None, typer.Option("--gate-metric", help=f"Metric to measure. Default: {USUAL_METRIC}.")
]
GateFloorOption = Annotated[
    float | None, typer.Option("--gate-floor", help="Lowest acceptable value of the metric, 0 to 1.")
]
GateDropOption = Annotated[
    float | None,
    typer.Option(
        "--gate-drop",
        help=f"Largest acceptable drop below the live release. Default: {USUAL_DROP};"
        " any, if --gate-floor is set.",
    ),
]


def check_gate(folder: Path | None, metric: str | None, floor: float | None, drop: float | None) -> None:
    """Refuse limits of a gate that is not named.

    Raises:
        BadParameter: limits without a folder.
    """
    if folder is None and (metric, floor, drop) != (None, None, None):
        raise typer.BadParameter("--gate-metric, --gate-floor and --gate-drop need --gate FOLDER")
