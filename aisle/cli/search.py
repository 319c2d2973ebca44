"""``aisle search``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

import aisle
from aisle._printable import printable, shortened
from aisle._search import CountsOf, MatchType, catalogue_of, named_fusion
from aisle.cli.console import EncoderOption, JsonOption, NameOption, print_json
from aisle.cli.options import (
    RULES_PANEL,
    USUAL_WEIGHT,
    AtOption,
    ContextOption,
    RerankBudgetOption,
    RerankOption,
    RerankTopOption,
    RerankWeightOption,
    SparseOption,
    moment,
    open_reranking,
)
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.search import Correction, Facets, Page
    from aisle.search.facets.results import NumberCounts, RangeCount, ValueCounts
    from aisle.search.rules.effects import Outcome
    from aisle.types import Hit, Item, LegSignal


_NOTE_CHARS = 100
# Names of facets that were cut, of which there may be hundreds.
_NAMED: Final = 10
_COUNTS_OF: Final[Mapping[CountsOf, str]] = MappingProxyType(
    {
        CountsOf.WORDS: "what has the words",
        CountsOf.SHOWN: "the results that are shown",
        CountsOf.ALL: "all items",
    }
)
_ORDER, _OUTPUT = "Order", "Output"
_SHOWN_OUTCOMES = 20


def print_page(console: Console, query: str, page: Page) -> None:
    """A row per hit; a column per leg with the hit's rank there, its raw score and what that adds."""
    _print_reading(console, page)
    for line in _rule_lines(page):
        console.print(printable(line), style="dim", markup=False, highlight=False)
    if not page.hits:
        console.print(_nothing(query, page), markup=False, highlight=False)
        return
    legs = [signal.leg for signal in page.hits[0].signals]
    table = Table(
        box=box.SIMPLE_HEAD, title=Text(printable(query), style="bold"), title_justify="left", expand=True
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("item", ratio=1, overflow="ellipsis", no_wrap=True)
    priced = any(hit.item.price is not None for hit in page.hits)
    if priced:
        table.add_column("price", justify="right", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    for leg in legs:
        table.add_column(leg, justify="right", no_wrap=True)
    added = any(hit.additions for hit in page.hits)
    if added:
        table.add_column("added", justify="right")
    if page.reranked:
        table.add_column("rerank", justify="right", no_wrap=True)
    for hit in page.hits:
        price = [Text(_price(hit.item))] if priced else []
        reranked = [_reranked(hit)] if page.reranked else []
        signals = [*map(_signal, hit.signals), *([_added(hit)] if added else [])]
        table.add_row(str(hit.rank), _titled(hit), *price, f"{hit.score:.4f}", *signals, *reranked)
    console.print(table)
    console.print("per leg: #rank, raw score, +what it adds to the score", style="dim", highlight=False)
    if page.reranked or page.rerank_stopped:
        console.print(_reranking(page), style="dim", highlight=False)
    console.print(_summary(page), style="dim", highlight=False)
    if page.path is MatchType.EXACT:
        console.print("items that the query names come first", style="dim", highlight=False)
    if page.facets:
        for line in _facet_lines(page.facets):
            console.print(line, style="dim", markup=False, highlight=False)


def _print_reading(console: Console, page: Page) -> None:
    """How the query was read."""
    if page.corrected:
        console.print(_instead(page.corrected), markup=False, highlight=False)
        typed = shlex.join(["aisle", "search", page.text, "--name", catalogue_of(page.release), "--no-typos"])
        line = f"to search what was typed: {printable(typed)}"
        console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)
    if page.excluded:
        left_out = printable(f"left out: what has {' or '.join(map(repr, page.excluded))}")
        console.print(left_out, style="dim", markup=False, highlight=False)


def _instead(corrected: Correction) -> str:
    # `repr` spells control characters out, as `printable` does.
    words = ", ".join(map(repr, corrected.words))
    return f"no item has {words}: searched {corrected.text!r}"


def _rule_lines(page: Page) -> list[str]:
    """What rules did, if any did something or could not be read."""
    rules = page.rules
    if rules is None:
        return []
    lines = [outcome_line(one) for one in rules.outcomes[:_SHOWN_OUTCOMES]]
    more = len(rules.outcomes) - _SHOWN_OUTCOMES
    lines += [f"{more:,} more: --json shows them"] if more > 0 else []
    lines += [f"redirect: {rules.redirect}"] if rules.redirect else []
    lines += [f"note of {one.rule}: {shortened(str(one.note), _NOTE_CHARS)}" for one in rules.notes]
    return [*lines, *([rules.problem] if rules.problem else [])]


def outcome_line(one: Outcome) -> str:
    """One thing that a rule did or could not do."""
    undone = f" - not done: {one.undone}" if one.undone else ""
    return f"rule {one.rule}: {one.effect.value} {one.about}".rstrip() + undone


def _nothing(query: str, page: Page) -> str:
    if page.reachable:
        return f"page {page.page} is past the last of {page.reachable:,} reachable results"
    return f"nothing in {page.release} matches {printable(query)!r}: try fewer filters or other words"


def _price(item: Item) -> str:
    if item.price is None:
        return "-"
    ends = [item.price, *([item.price_max] if item.price_max is not None else [])]
    return printable(
        f"{'-'.join(f'{end:,.2f}'.removesuffix('.00') for end in ends)} {item.currency}".rstrip()
    )


def _titled(hit: Hit) -> Text:
    """The title, the words of the query in bold, and how many variants there are."""
    parts = hit.highlights.get("title", ((hit.item.title, False),))
    title = Text.assemble(*((printable(text), "bold" if matched else "") for text, matched in parts))
    if hit.group_size is not None and hit.group_size > 1:
        title.append(f" ({hit.group_size} variants)", style="dim")
    return title


def _added(hit: Hit) -> str:
    return ", ".join(f"{printable(added.name)} {added.value:+.4f}" for added in hit.additions)


def _signal(signal: LegSignal) -> str:
    if signal.rank is None or signal.raw_score is None:
        return "-"
    return f"#{signal.rank} {signal.raw_score:.2f} +{signal.contribution:.4f}"


def _reranked(hit: Hit) -> str:
    return f"was #{hit.rerank.rank_before} {hit.rerank.score:+.2f}" if hit.rerank else "-"


def _reranking(page: Page) -> str:
    until = ", until the time was up" if page.rerank_stopped else ""
    took = f"{page.timings.rerank:.0f} ms"
    return f"rerank: rank before, the model's score; {page.reranked} reranked{until} in {took}"


def _summary(page: Page) -> str:
    total = f"{page.total:,}" if page.total_is_exact else f"at least {page.total:,}"
    times = page.timings
    return (
        f"{len(page.hits)} of {page.reachable:,} reachable, {total} matched in {page.release};"
        f" {times.total:.0f} ms (OpenSearch {times.server:.0f}, encoder {times.encode:.0f})"
    )


def _facet_lines(facets: Facets) -> list[str]:
    named = {"brand": facets.brand, "category": facets.category, "currency": facets.currency}
    lines = [
        f"{name}: {_values(counts)}"
        for name, counts in (*named.items(), *facets.attributes.items())
        if counts and counts.values
    ]
    numbers = {"price": facets.price, **facets.numbers}
    lines += [f"{name}: {_ranges(counts)}" for name, counts in numbers.items() if counts and counts.count]
    if facets.in_stock is not None:
        lines.append(f"in stock: {facets.in_stock:,}")
    if facets.cut:
        few = ", ".join(facets.cut[:_NAMED])
        more = f" and {len(facets.cut) - _NAMED} more" if len(facets.cut) > _NAMED else ""
        lines.append(f"not counted: {few}{more}")
    return [f"facets, counts of {_COUNTS_OF[facets.counts_of]}:", *(f"  {line}" for line in lines)]


def _values(counts: ValueCounts) -> str:
    listed = [f"{_mark(value.chosen)}{value.value} ({value.count:,})" for value in counts.values]
    return ", ".join([*listed, *([f"others ({counts.other:,})"] if counts.other else [])])


def _ranges(counts: NumberCounts) -> str:
    span = f"{counts.min:g} to {counts.max:g}"
    listed = [f"{_mark(each.chosen)}{_range(each)} ({each.count:,})" for each in counts.ranges]
    return f"{span}; {', '.join(listed)}" if listed else span


def _range(bounds: RangeCount) -> str:
    if bounds.low is None:
        return "any" if bounds.high is None else f"up to {bounds.high:g}"
    return f"from {bounds.low:g}" if bounds.high is None else f"{bounds.low:g} to {bounds.high:g}"


def _mark(chosen: bool) -> str:
    return "*" if chosen else ""


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
        list[str] | None,
        typer.Option(help="Only this level, or path such as 'Home > Kitchen'; repeat for several."),
    ] = None,
    price_min: Annotated[float | None, typer.Option(help="Lowest price.")] = None,
    price_max: Annotated[float | None, typer.Option(help="Highest price.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Only items with NAME=VALUE; repeat for several.")
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option(help="Only items with NAME=LOW..HIGH, as in Weight=0..5 or Watt=60..")
    ] = None,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only what can be bought now.")] = False,
    facets: Annotated[int, typer.Option(help="Values to count per facet; 0 counts none.")] = 0,
    typos: Annotated[bool, typer.Option(help="Correct words that occur in no item.")] = True,
    exact: Annotated[
        bool, typer.Option(help="Put items that the query names by id or part number first.")
    ] = True,
    negation: Annotated[
        bool, typer.Option(help='Leave out what the query takes out: "-leather", "without leather".')
    ] = True,
    rules: Annotated[
        bool, typer.Option(help="Let the catalogue's rules act.", rich_help_panel=RULES_PANEL)
    ] = True,
    context: ContextOption = None,
    at: AtOption = None,
    group: Annotated[
        bool, typer.Option("--group", help="One hit per product, not per variant.", rich_help_panel=_OUTPUT)
    ] = False,
    variants: Annotated[
        int, typer.Option(help="Variants that come back beside each hit of --group.", rich_help_panel=_OUTPUT)
    ] = 0,
    highlight: Annotated[
        bool,
        typer.Option(
            "--highlight", help="Words of the query in bold; in --json, segments.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    boost: Annotated[
        list[str] | None,
        typer.Option(help="Lift by a signal, SIGNAL=WEIGHT, as in popularity=0.3.", rich_help_panel=_ORDER),
    ] = None,
    half_life: Annotated[
        float, typer.Option(help="Days in which the signal recency halves.", rich_help_panel=_ORDER)
    ] = 30.0,
    diversity: Annotated[
        float, typer.Option(help="Move unlike results up, 0 to 1.", rich_help_panel=_ORDER)
    ] = 0.0,
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

        aisle search "running shoes" --name shop --group --highlight --boost popularity=0.3

        aisle search "cordless drill" --name shop --context campaign --at 2026-12-24T18:00:00Z
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
        negation=negation,
        reranker=reranker,
        rules=rules,
    )
    found = client.search(
        query,
        legs=asked,
        fusion=named_fusion(fusion, asked or client.legs) if fusion else None,
        filters=aisle.Filters(
            tuple(brand or ()),
            tuple(category or ()),
            price_min,
            price_max,
            attribute_values(attribute),
            numbers=number_ranges(number),
            in_stock=in_stock,
        ),
        size=size,
        page=page,
        facets=facets,
        rerank=how,
        context=tuple(context or ()),
        at=moment(at),
        group=aisle.GroupOptions(size=variants) if group or variants else None,
        highlight=highlight,
        boosts=aisle.SignalBoosts(signal_weights(boost), half_life) if boost else None,
        diversity=diversity,
    )
    if json:
        print_json(found.to_json())
    else:
        print_page(Console(), query, found)


def attribute_values(pairs: list[str] | None) -> dict[str, tuple[str, ...]]:
    """Name to values, from texts such as ``Colour=Red``.

    Raises:
        InputError: a text that is no such pair.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs or []:
        name, separator, value = pair.partition("=")
        if not (name and separator and value):
            raise InputError(
                f"--attribute {pair!r} is not NAME=VALUE", fix="write it like --attribute Colour=Red"
            )
        found[name] = (*found.get(name, ()), value)
    return found


def signal_weights(pairs: list[str] | None) -> dict[str, float]:
    """Signal to weight, from texts such as ``popularity=0.3``.

    Raises:
        InputError: a text that is no such pair.
    """
    found: dict[str, float] = {}
    for pair in pairs or []:
        name, _, weight = pair.rpartition("=")
        try:
            if not name:
                raise ValueError(pair)
            found[name] = float(weight)
        except ValueError:
            raise InputError(
                f"--boost {pair!r} is not SIGNAL=WEIGHT", fix="write it like --boost popularity=0.3"
            ) from None
    return found


def number_ranges(ranges: list[str] | None) -> dict[str, tuple[float | None, float | None]]:
    """Name to lowest and highest number, from texts such as ``Weight=0..5``.

    Raises:
        InputError: a text that is no such range.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for text in ranges or []:
        name, separator, bounds = text.rpartition("=")
        low, dots, high = bounds.partition("..")
        try:
            if not (name and separator and dots and (low or high)):
                raise ValueError(text)
            found[name] = (float(low) if low else None, float(high) if high else None)
        except ValueError:
            raise InputError(
                f"--number {text!r} is not NAME=LOW..HIGH",
                fix="write it like --number Weight=0..5, or Weight=0.. without an end",
            ) from None
    return found
