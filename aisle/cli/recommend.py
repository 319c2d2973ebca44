"""``aisle recommend``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import shortened
from aisle._recommendations import find_recommending_index
from aisle.cli.console import (
    EXIT_FAILED,
    JsonOption,
    needs_an_index,
    neither_answers,
    print_json,
    print_notes,
)
from aisle.cli.filters import FilterOptions
from aisle.cli.option_sets import with_option_sets
from aisle.cli.options import RANKING_PANEL, AtOption, BoostOptions, ContextOption, listed, moment
from aisle.errors import ArtifactNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aisle.recommendation.recommender import Recommendation
    from aisle.search.recommend.page import RecommendedItem


@with_option_sets
def recommend(
    name: Annotated[
        str,
        typer.Option(
            "--name", "-n", help="Catalogue; or a recommender: its artifact's name, path or fingerprint."
        ),
    ],
    narrowing: FilterOptions,
    boosting: BoostOptions,
    history: Annotated[
        list[str] | None,
        typer.Option(
            help="Ids that the user took, oldest first, with commas between them; or repeat it. An id with a"
            " comma stands in double quotes, as in CSV."
        ),
    ] = None,
    size: Annotated[int, typer.Option("--size", "-k", min=1, help="Items to recommend.")] = 10,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Ids that are not to come up, written likewise.")
    ] = None,
    exclude_bought: Annotated[
        bool, typer.Option("--exclude-bought/--repeatable", help="Leave out what is in the history.")
    ] = True,
    rules: Annotated[
        bool,
        typer.Option(
            show_default=False, help="Let the catalogue's rules act (on).", rich_help_panel=RANKING_PANEL
        ),
    ] = True,
    context: ContextOption = None,
    at: AtOption = None,
    json: JsonOption = False,
) -> None:
    """Recommend items for a history, and say why.

    The answer comes from the index of that name where it was made with a recommender, so that filters, stock
    and new items count; else from the recommender itself. It says from which. Unknown ids are skipped and
    named.

    Examples:

        aisle recommend --name shop --history drill-18v,bits-19 --in-stock --price-max 50

        aisle recommend --name shop --history drill-18v --exclude case-18v --size 5 --json

        aisle recommend --name shop --history drill-18v --history '"bolt-M8,40"'

        aisle recommend --name shop
    """
    filters, boosts = narrowing.filters(), boosting.boosts()
    there = find_recommending_index(name, rules=rules)
    if there.client is not None:
        page = there.client.recommend(
            listed(history),
            size=size,
            filters=filters,
            exclude=listed(exclude),
            exclude_bought=exclude_bought,
            boosts=boosts,
            context=tuple(context or ()),
            at=moment(at),
        )
        found = {**page.to_json(), "source": {"index": page.release}}
        notes = [f"from index {page.release}, {page.timings.total:.0f} ms"]
        _answer(found, page.items, page.titles, page.unknown, notes, as_json=json)
        return
    if filters != aisle.Filters() or boosts is not None or context or at:
        raise needs_an_index("filters, boosts and rules need an index that recommends", there.missing)
    try:
        recommender = aisle.open_recommender(name)
    except ArtifactNotFound as none:
        raise neither_answers(there.missing, none) from none
    local = recommender.recommend(
        listed(history), size=size, exclude=listed(exclude), exclude_bought=exclude_bought
    )
    why = f" ({there.missing.message})" if there.missing else ""
    notes = [f"from the recommender itself: stock, filters and new items do not count{why}"]
    found = {**local.to_json(), "source": {"recommender": name}}
    _answer(found, local.items, local.titles, local.unknown, notes, as_json=json)


def _answer(
    found: Mapping[str, Any],
    items: Sequence[Recommendation | RecommendedItem],
    titles: Mapping[str, str],
    unknown: Sequence[str],
    notes: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Print an answer; one without items is a failure."""
    if as_json:
        print_json(found)
    else:
        console = Console()
        table = Table("", "id", "title", "because", "score")
        for item in items:
            many = "many buy it" if item.score > 0 else ""
            because = titles.get(item.because or "") or item.because or many
            cells = shortened(item.id, 40), shortened(item.title, 70), shortened(because, 50)
            table.add_row(str(item.rank), *cells, f"{item.score:.4f}")
        console.print(table, markup=False)
        lines = [*notes]
        if unknown:
            more = f" and {len(unknown) - 10:,} more" if len(unknown) > 10 else ""
            lines.append(f"skipped, as unknown: {', '.join(unknown[:10])}{more}")
        print_notes(console, lines)
    if not items:
        raise typer.Exit(EXIT_FAILED)
