"""``aisle search``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from json import dumps
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

import aisle
from aisle._printable import printable, shortened
from aisle._search import Matched, MatchType, catalogue_of, named_fusion
from aisle.cli.console import EncoderOption, JsonOption, NameOption, print_json
from aisle.cli.facets import facet_lines
from aisle.cli.filters import PAGE_PANEL, ListOptions
from aisle.cli.option_sets import HelpAllOption, ShortHelpCommand, with_option_sets
from aisle.cli.options import (
    RANKING_PANEL,
    AtOption,
    BoostOptions,
    ContextOption,
    RankerOption,
    RerankingOptions,
    SparseOption,
    moment,
)
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.search import Correction, Page
    from aisle.search.request import SearchOptions
    from aisle.search.rules.effects import Outcome
    from aisle.types import Hit, Item, LegSignal


_NOTE_CHARS = 100
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
    table = _table(query, page, legs)
    # What models say goes before what legs say: a result needs its title.
    if narrow := bool(legs) and (page.ranked or page.reranked) and not _fits(table, console.width):
        table = _table(query, page, [])
    console.print(table)
    for line in (*_notes(page, legs=not narrow), *(facet_lines(page.facets) if page.facets else ())):
        console.print(line, style="dim", markup=False, highlight=False)
    if page.cursor:
        line = f"next page: --cursor {page.cursor}"
        console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


_ITEM: Final = "item"
_LEAST_TITLE: Final = 12


def _fits(table: Table, width: int) -> bool:
    """Whether titles have room beside what stands in the other columns."""
    others = [column for column in table.columns if column.header != _ITEM]
    taken = sum(2 + max(cell_len(str(cell)) for cell in (each.header, *each.cells)) for each in others)
    return taken + _LEAST_TITLE <= width


def _table(query: str, page: Page, legs: Sequence[str]) -> Table:
    priced = any(hit.item.price is not None for hit in page.hits)
    added, scored = any(hit.additions for hit in page.hits), bool(page.hits[0].signals)
    table = Table(
        box=box.SIMPLE_HEAD, title=Text(printable(query), style="bold"), title_justify="left", expand=True
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column(_ITEM, ratio=1, overflow="ellipsis", no_wrap=True)
    for column, there in (("price", priced), (page.sorted_by or "", page.sorted_by), ("score", scored)):
        if there:
            table.add_column(column, justify="right", no_wrap=True)
    for leg in legs:
        table.add_column(leg, justify="right", no_wrap=True)
    if added:
        table.add_column("added", justify="right")
    if page.ranked:
        table.add_column("ranker", justify="right", no_wrap=True)
    if page.reranked:
        table.add_column("rerank", justify="right", no_wrap=True)
    for hit in page.hits:
        price = [Text(_price(hit.item))] if priced else []
        ordered = [_sorted_by(hit)] if page.sorted_by else []
        score = [f"{hit.score:.4f}"] if scored else []
        signals = [*(map(_signal, hit.signals) if legs else ()), *([_added(hit)] if added else [])]
        learned = [_learned(hit)] if page.ranked else []
        reranked = [_reranked(hit)] if page.reranked else []
        models = [*learned, *reranked]
        table.add_row(str(hit.rank), _titled(hit), *price, *ordered, *score, *signals, *models)
        for other in hit.variants:
            variant = Text(f"  {printable(other.title)}", style="dim")
            table.add_row("", variant, *([Text(_price(other), style="dim")] if priced else []))
    return table


def _notes(page: Page, *, legs: bool) -> list[str]:
    """What the columns mean, and what the page says of itself."""
    notes = []
    if page.hits[0].signals:
        what = "#rank, raw score, +what it adds to the score"
        notes.append(f"per leg: {what}" if legs else "what each leg says: in a wider window, or --json")
    if page.ranked:
        notes += _ranking(page)
    if page.reranked or page.rerank_stopped:
        notes.append(_reranking(page))
    notes.append(_summary(page))
    if page.path is MatchType.EXACT:
        notes.append("items that the query names come first")
    return notes


def _sorted_by(hit: Hit) -> Text:
    value = hit.sorted_by
    return Text("-" if value is None else printable(value if isinstance(value, str) else f"{value:.15g}"))


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
    lines += [
        f"note of {one.rule}: {shortened(dumps(one.note, ensure_ascii=False), _NOTE_CHARS)}"
        for one in rules.notes
    ]
    return [*lines, *([rules.problem] if rules.problem else [])]


def outcome_line(one: Outcome) -> str:
    """One thing that a rule did or could not do."""
    undone = f" - not done: {one.undone}" if one.undone else ""
    return f"rule {one.rule}: {one.effect.value} {one.about}".rstrip() + undone


def _nothing(query: str, page: Page) -> str:
    if page.reachable:
        return f"page {page.page} is past the last of {page.reachable:,} reachable results"
    return (
        f"nothing in {page.release} matches {printable(query)!r}: try fewer filters or other words"
        " (filters take values as the catalogue writes them: --facets 5 shows some)"
    )


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


def _learned(hit: Hit) -> str:
    return f"was #{hit.ranker.rank_before} {hit.ranker.score:+.2f}" if hit.ranker else "-"


_SHOWN_FEATURES = 4


def _ranking(page: Page) -> Iterator[str]:
    yield (
        f"ranker: rank before, the model's score; {page.ranked} ordered in {page.timings.rank:.0f} ms;"
        " all that it added: --json"
    )
    first = page.hits[0]
    if first.ranker and first.ranker.contributions:
        most = list(first.ranker.contributions.items())[:_SHOWN_FEATURES]
        yield f"#{first.rank}: " + ", ".join(f"{name} {value:+.2f}" for name, value in most)


def _reranked(hit: Hit) -> str:
    return f"was #{hit.rerank.rank_before} {hit.rerank.score:+.2f}" if hit.rerank else "-"


def _reranking(page: Page) -> str:
    until = ", until the time was up" if page.rerank_stopped else ""
    took = f"{page.timings.rerank:.0f} ms"
    return f"rerank: rank before, the model's score; {page.reranked} reranked{until} in {took}"


def _summary(page: Page) -> str:
    total = f"{page.total:,}" if page.total_is_exact else f"at least {page.total:,}"
    matched = (
        "none has the words, found by meaning" if page.matched is Matched.MEANING else f"{total} matched"
    )
    times = page.timings
    return (
        f"{len(page.hits)} of {page.reachable:,} reachable, {matched} in {page.release};"
        f" {times.total:.0f} ms (OpenSearch {times.server:.0f}, encoder {times.encode:.0f})"
    )


class SearchCommand(ShortHelpCommand):
    """``aisle search`` with its help."""

    finer = frozenset(
        (
            *("fusion", "window", "least_similarity", "half_life", "diversity", "encoder", "sparse"),
            *("rerank_top", "rerank_budget", "rerank_weight", "exact", "negation", "at"),
            *("facet_search", "exhaustive", "cursor", "variants", "legs", "context"),
        )
    )


@with_option_sets
def search(
    query: Annotated[str, typer.Argument()],
    name: NameOption,
    listed: ListOptions,
    reranking: RerankingOptions,
    boosting: BoostOptions,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Sort all that has the words.", rich_help_panel=PAGE_PANEL)
    ] = False,
    variants: Annotated[
        int,
        typer.Option(
            metavar="N",
            show_default=False,
            help="Variants beside each hit of --group (0).",
            rich_help_panel=PAGE_PANEL,
        ),
    ] = 0,
    highlight: Annotated[
        bool,
        typer.Option(
            "--highlight", help="Words of the query in bold; in --json, segments.", rich_help_panel=PAGE_PANEL
        ),
    ] = False,
    legs: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Such as bm25,dense. Default: all.", rich_help_panel=RANKING_PANEL
        ),
    ] = None,
    fusion: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Such as rrf or l2+harmonic_mean.", rich_help_panel=RANKING_PANEL),
    ] = None,
    window: Annotated[
        int,
        typer.Option(
            metavar="N", show_default=False, help="Candidates per leg (100).", rich_help_panel=RANKING_PANEL
        ),
    ] = 100,
    least_similarity: Annotated[
        float | None,
        typer.Option(
            metavar="COSINE", help="Of what only meaning finds, -1 to 1.", rich_help_panel=RANKING_PANEL
        ),
    ] = None,
    diversity: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            show_default=False,
            help="Move unlike results up, 0 to 1 (0).",
            rich_help_panel=RANKING_PANEL,
        ),
    ] = 0.0,
    typos: Annotated[
        bool,
        typer.Option(
            show_default=False, help="Correct words that no item has (on).", rich_help_panel=RANKING_PANEL
        ),
    ] = True,
    exact: Annotated[
        bool,
        typer.Option(
            show_default=False, help="Ids and part numbers come first (on).", rich_help_panel=RANKING_PANEL
        ),
    ] = True,
    negation: Annotated[
        bool,
        typer.Option(
            show_default=False,
            help='Leave out "-leather", "without leather" (on).',
            rich_help_panel=RANKING_PANEL,
        ),
    ] = True,
    rules: Annotated[
        bool,
        typer.Option(
            show_default=False, help="Let the catalogue's rules act (on).", rich_help_panel=RANKING_PANEL
        ),
    ] = True,
    ranker: RankerOption = None,
    context: ContextOption = None,
    at: AtOption = None,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    json: JsonOption = False,
    _help_all: HelpAllOption = False,
) -> None:
    """Search a catalogue for what a shopper would type, and show why each result was found.

    Examples:

    - `aisle search "running shoes" --name shop --price-max 80 --attribute Colour=Red --facets 5`
    - `aisle search "led bulb e27" --name shop --sort price --facet brand --facet Watt`
    - `aisle search "running shoes" --name shop --group --highlight --boost popularity=0.3`
    """
    if exhaustive and listed.sort is None:
        raise InputError("nothing is sorted: no --sort", fix="name an order, as in --sort price")
    wanted = tuple(leg.strip() for leg in legs.split(",")) if legs else None
    reranker, how = reranking.open()
    client = aisle.open_search(
        name,
        encoder=encoder,
        sparse=sparse,
        window=window,
        typos=typos,
        exact=exact,
        negation=negation,
        ranker=ranker,
        reranker=reranker,
        rules=rules,
    )
    if how is None and client.reranks and query.strip() and listed.sort is None:
        # As the service does: the release names a reranker.
        how = aisle.RerankOptions()
    asked: SearchOptions = {
        **listed.asked(),
        "legs": wanted,
        "fusion": named_fusion(fusion, wanted or client.legs) if fusion else None,
        "least_similarity": least_similarity,
        "rerank": how,
        "context": tuple(context or ()),
        "at": moment(at),
        "highlight": highlight,
        "boosts": boosting.boosts(),
        "diversity": diversity,
    }
    if order := aisle.Sort.of(listed.sort):
        asked["sort"] = replace(order, exhaustive=exhaustive)
    if variants:
        asked["group"] = aisle.GroupOptions(size=variants)
    found = client.search(query, **asked)
    if json:
        print_json(found.to_json())
    else:
        print_page(Console(), query, found)
