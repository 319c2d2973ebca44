"""``aisle similar``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import shortened
from aisle._similar import find_similar_index, similar_of_model
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
from aisle.errors import ArtifactNotFound, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aisle.recommendation.item_to_item.similar import SimilarItem
    from aisle.search.similar.page import SimilarHit

_NOTHING: Final = (
    "nothing is similar: nothing is known of the item (no orders, no text, category or brand that the model"
    " reads), or no item passes"
)


@with_option_sets
def similar(
    item: Annotated[str, typer.Argument(help="Id of the item whose similar ones are wanted.")],
    name: Annotated[
        str,
        typer.Option(
            "--name",
            "-n",
            help="Catalogue; or an item-to-item model: its artifact's name, path or fingerprint.",
        ),
    ],
    narrowing: FilterOptions,
    boosting: BoostOptions,
    alpha: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            show_default=False,
            help="Share of what is bought together, 0 to 100 (50); the rest is what is alike.",
        ),
    ] = None,
    complement: Annotated[
        bool, typer.Option("--complement", help="Only what is bought together and is of another kind.")
    ] = False,
    substitute: Annotated[
        bool, typer.Option("--substitute", help="Only what is alike and of the same kind.")
    ] = False,
    size: Annotated[int, typer.Option("--size", "-k", min=1, help="Items to show.")] = 10,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            help="Ids that are not to come up, with commas between them; or repeat it. An id with a comma"
            " stands in double quotes, as in CSV."
        ),
    ] = None,
    group: Annotated[
        bool, typer.Option("--group", help="One item per product, and none of the item's own product.")
    ] = False,
    diversity: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            show_default=False,
            help="Move unlike items up, 0 to 1 (0).",
            rich_help_panel=RANKING_PANEL,
        ),
    ] = 0.0,
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
    """Show what is bought together with an item and what is like it, and which of the two found each.

    The answer comes from the index of that name where it was made with such a model, so that filters,
    stock and new items count; else from the model itself. It says from which.

    An item is of the same kind as another one if it is in its first category, or below it. Without a category
    it is if the two are as alike as the likest of a hundred pairs of items.

    Examples:

        aisle similar drill-18v --name shop --alpha 50 --in-stock

        aisle similar drill-18v --name shop --complement --price-max 50 --json

        aisle similar drill-18v --name shop --substitute --group
    """
    if complement and substitute:
        raise InputError(
            "--complement and --substitute are different items",
            fix="give one of them, or --alpha 50 for both",
        )
    intent = "complement" if complement else "substitute" if substitute else None
    filters, boosts = narrowing.filters(), boosting.boosts()
    there = find_similar_index(name, rules=rules)
    if there.client is not None:
        page = there.client.similar(
            item,
            size=size,
            alpha=alpha,
            intent=intent,
            filters=filters,
            exclude=listed(exclude),
            group=group,
            diversity=diversity,
            boosts=boosts,
            context=tuple(context or ()),
            at=moment(at),
        )
        gone = "" if page.indexed else f" ({item} has left it: asked with what the model knows)"
        note = f"from index {page.release}{gone}, {page.timings.total:.0f} ms"
        found: dict[str, Any] = {**page.to_json(), "source": {"index": page.release}}
        _answer(found, page.items, note, as_json=json)
        return
    if filters != aisle.Filters() or boosts is not None or context or at or group or diversity:
        raise needs_an_index(
            "filters, groups, boosts, rules and diversity need an index that relates items", there.missing
        )
    try:
        local = similar_of_model(name, item, size=size, alpha=alpha, intent=intent, exclude=listed(exclude))
    except ArtifactNotFound as none:
        raise neither_answers(there.missing, none) from none
    why = f" ({there.missing.message})" if there.missing else ""
    note = f"from the model itself: stock, filters and new items do not count{why}"
    _answer({**local.to_json(), "source": {"model": name}}, local.items, note, as_json=json)


def _answer(
    found: Mapping[str, Any], items: Sequence[SimilarItem | SimilarHit], note: str, *, as_json: bool
) -> None:
    """Print an answer; one without items is a failure."""
    if as_json:
        print_json(found)
    else:
        console = Console()
        table = Table("", "id", "title", "found by", "engagement", "relevance")
        for item in items:
            cells = shortened(item.id, 40), shortened(item.title, 70), item.head or "a rule"
            scores = ("" if said.score is None else f"{said.score:.4f}" for said in item.heads.values())
            table.add_row(str(item.rank), *cells, *scores)
        console.print(table, markup=False)
        print_notes(console, [note] if items else [_NOTHING, note])
    if not items:
        raise typer.Exit(EXIT_FAILED)
