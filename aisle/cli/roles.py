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

    Example: aisle roles show indexer --name shop
    """


@app.command("show")
def show(
    role: Annotated[Role, typer.Argument(help="Whose.")],
    name: Annotated[str, typer.Option("--name", "-n", help="Of the catalogue.")],
) -> None:
    """Print a role's document with the catalogue's index patterns filled in.

    Send it with PUT to _plugins/_security/api/roles/ROLE. Nothing is asked of a cluster.

    Examples:

        aisle roles show indexer --name shop

        aisle roles show searcher --name shop > searcher.json
    """
    print_json(role_document(role, name))
