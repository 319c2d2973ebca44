"""The option of ``aisle index`` for synonyms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SynonymsOption = Annotated[
    Path | None,
    typer.Option(
        "--synonyms",
        help="File of synonyms for this release: lines like `sofa, couch` or `tv => television`."
        " Queries use them at once; a release made without the option has none.",
    ),
]
