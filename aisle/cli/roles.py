"""``aisle roles``."""

from __future__ import annotations

from typing import Annotated

import typer

from aisle._roles import Role
from aisle._roles import role as role_document
from aisle.cli.console import print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def roles() -> None:
    """Least-privilege roles for OpenSearch's security plugin.

    Examples:

        aisle roles show indexer --name shop
    """


@app.command("show")
def show(
    role: Annotated[Role, typer.Argument(help="Which role.")],
    name: Annotated[str, typer.Option("--name", "-n", help="Name of the catalogue.")],
) -> None:
    """Print a role with the catalogue's index patterns filled in.

    PUT it to _plugins/_security/api/roles/ROLE. No cluster is contacted.

    Examples:

        aisle roles show indexer --name shop

        aisle roles show searcher --name shop > searcher.json
    """
    print_json(role_document(role, name))
