"""Search results as a person reads them in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aisle._search import MatchType
from aisle.cli.console import printable

if TYPE_CHECKING:
    from aisle.search import Correction, Facets, Page
    from aisle.types import Hit, LegSignal


def print_page(console: Console, query: str, page: Page) -> None:
    """A row per hit; a column per leg with the hit's rank there, its raw score and what that adds."""
    if page.corrected:
        console.print(_instead(page.corrected), markup=False, highlight=False)
    if not page.hits:
        console.print(_nothing(query, page), markup=False, highlight=False)
        return
    legs = [signal.leg for signal in page.hits[0].signals]
    table = Table(
        box=box.SIMPLE_HEAD, title=Text(printable(query), style="bold"), title_justify="left", expand=True
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("item", ratio=1, overflow="ellipsis", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    for leg in legs:
        table.add_column(leg, justify="right", no_wrap=True)
    if page.reranked:
        table.add_column("rerank", justify="right", no_wrap=True)
    for hit in page.hits:
        reranked = [_reranked(hit)] if page.reranked else []
        table.add_row(
            str(hit.rank), Text(hit.item.title), f"{hit.score:.4f}", *map(_signal, hit.signals), *reranked
        )
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


def _instead(corrected: Correction) -> str:
    # `repr` spells control characters out, as `printable` does.
    words = ", ".join(map(repr, corrected.words))
    return f"no item has {words}: searched {corrected.text!r}"


def _nothing(query: str, page: Page) -> str:
    if page.reachable:
        return f"page {page.page} is past the last of {page.reachable:,} reachable results"
    return f"nothing in {page.release} matches {printable(query)!r}: try fewer filters or other words"


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
    named = {"brand": facets.brand, "category": facets.category, **facets.attributes}
    lines = [
        f"{name}: {', '.join(f'{value} ({count})' for value, count in counts.items())}"
        for name, counts in named.items()
        if counts
    ]
    if facets.price:
        lines.append(f"price: {facets.price[0]:g} to {facets.price[1]:g}")
    return lines
