"""``--sparse`` of the commands that index, and of those that search."""

from __future__ import annotations

from typing import Annotated

import typer

IndexSparseOption = Annotated[
    str | None,
    typer.Option("--sparse", help="Sparse artifact for the sparse leg: a path, a name or a fingerprint."),
]
SparseOption = Annotated[
    str | None, typer.Option("--sparse", help="Sparse artifact. Default: the index's own.")
]
