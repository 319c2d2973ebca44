"""``aisle browse``."""

from __future__ import annotations

from rich.console import Console

import aisle
from aisle.cli.console import JsonOption, NameOption, print_json
from aisle.cli.filters import ListOptions
from aisle.cli.option_sets import with_option_sets
from aisle.cli.search import print_page


@with_option_sets
def browse(name: NameOption, listed: ListOptions, json: JsonOption = False) -> None:
    """List a category, or all items, with no query: the most popular first, or in another order.

    Examples:

    - `aisle browse --name shop --category "Home > Kitchen" --facets 5`
    - `aisle browse --name shop --brand Norvik --in-stock --sort price:desc`
    - `aisle browse --name shop --sort newest --cursor '*' --json`
    """
    found = aisle.open_search(name).browse(**listed.asked())
    if json:
        print_json(found.to_json())
    else:
        print_page(Console(), ", ".join(listed.category or listed.brand or [name]), found)
