"""Options of commands that judge an encoder: ``aisle eval-encoder`` and ``aisle adapt``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

STDOUT: Final = Path("-")

Outside = Annotated[
    list[Path] | None,
    typer.Option("--outside", help="BEIR folder of another domain; repeat for several."),
]
Before = Annotated[
    str | None,
    typer.Option("--base", help="Artifact it was made from. Default: its base model, if in the store."),
]
Split = Annotated[str, typer.Option("--split", help="Which judgments to use.")]
Relevant = Annotated[float, typer.Option("--relevant", help="Lowest grade that counts as relevant.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the report to this file; - prints it.")]
