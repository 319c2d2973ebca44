"""The options of ``aisle index`` for a judged set that has a say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.gate_options import USUAL_DROP, USUAL_METRIC, GateOptions

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


def gate_options(
    folder: Path | None, metric: str | None, floor: float | None, drop: float | None
) -> GateOptions | None:
    """The gate that is asked for, None for none.

    Raises:
        BadParameter: limits without a folder.
        InputError: see `GateOptions`.
    """
    if folder is not None:
        return GateOptions(folder, metric or USUAL_METRIC, floor, drop)
    if (metric, floor, drop) != (None, None, None):
        raise typer.BadParameter("--gate-metric, --gate-floor and --gate-drop need --gate FOLDER")
    return None
