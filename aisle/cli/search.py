"""``aisle search``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

import aisle
from aisle._search import named_fusion
from aisle.cli.console import EncoderOption, JsonOption, NameOption, print_json
from aisle.cli.options import (
    USUAL_WEIGHT,
    RerankBudgetOption,
    RerankOption,
    RerankTopOption,
    RerankWeightOption,
    SparseOption,
    open_reranking,
)
from aisle.cli.results import print_page
from aisle.errors import InputError


def search(
    query: Annotated[str, typer.Argument(help="What a shopper would type.")],
    name: NameOption,
    legs: Annotated[str | None, typer.Option(help="Legs to use, such as bm25,dense. Default: all.")] = None,
    fusion: Annotated[
        str | None, typer.Option(help="Fusion by name, such as rrf or l2+harmonic_mean.")
    ] = None,
    size: Annotated[int, typer.Option(help="Hits per page.")] = 10,
    page: Annotated[int, typer.Option(help="Page number, from 1.")] = 1,
    window: Annotated[int, typer.Option(help="Candidates per leg.")] = 100,
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand; repeat for several.")] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="Only this category; repeat for several.")
    ] = None,
    price_min: Annotated[float | None, typer.Option(help="Lowest price.")] = None,
    price_max: Annotated[float | None, typer.Option(help="Highest price.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Only items with NAME=VALUE; repeat for several.")
    ] = None,
    facets: Annotated[int, typer.Option(help="Values to count per facet; 0 counts none.")] = 0,
    typos: Annotated[bool, typer.Option(help="Correct words that occur in no item.")] = True,
    exact: Annotated[
        bool, typer.Option(help="Put items that the query names by id or part number first.")
    ] = True,
    rerank: RerankOption = None,
    rerank_top: RerankTopOption = None,
    rerank_budget: RerankBudgetOption = None,
    rerank_weight: RerankWeightOption = USUAL_WEIGHT,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    json: JsonOption = False,
) -> None:
    """Search a catalogue and show why each result was found.

    Examples:

        aisle search "cordless drill" --name shop

        aisle search "running shoes" --name shop --price-max 80 --attribute Colour=Red --facets 5

        aisle search "led bulb e27" --name shop --legs bm25 --json

        aisle search "cordles drill" --name shop --no-typos

        aisle search "cordless drill" --name shop --rerank reranker --rerank-budget 50
    """
    asked = tuple(leg.strip() for leg in legs.split(",")) if legs else None
    reranker, how = open_reranking(rerank, rerank_top, rerank_budget, rerank_weight)
    client = aisle.open_search(
        name,
        encoder=encoder,
        sparse=sparse,
        window=window,
        typos=typos,
        exact=exact,
        reranker=reranker,
    )
    found = client.search(
        query,
        legs=asked,
        fusion=named_fusion(fusion, asked or client.legs) if fusion else None,
        filters=aisle.Filters(
            tuple(brand or ()), tuple(category or ()), price_min, price_max, _attributes(attribute)
        ),
        size=size,
        page=page,
        facets=facets,
        rerank=how,
    )
    if json:
        print_json(found.to_json())
    else:
        print_page(Console(), query, found)


def _attributes(pairs: list[str] | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs or []:
        name, separator, value = pair.partition("=")
        if not (name and separator and value):
            raise InputError(
                f"--attribute {pair!r} is not NAME=VALUE", fix="write it like --attribute Colour=Red"
            )
        found[name] = (*found.get(name, ()), value)
    return found
