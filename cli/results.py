"""Search results as a person reads them in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from records import Hit, LegSignal
from search import Page

_TITLE_WIDTH = 60


def print_page(console: Console, query: str, page: Page) -> None:
    """A table of hits, a column per leg with rank, raw score and contribution."""
    legs = [signal.leg for signal in page.hits[0].signals] if page.hits else []
    table = Table(title=f"{escape(query)}  ({page.release})", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("item", max_width=_TITLE_WIDTH, overflow="ellipsis", no_wrap=True)
    table.add_column("score", justify="right")
    for leg in legs:
        table.add_column(f"{leg}: rank, raw, adds", justify="right")
    for hit in page.hits:
        table.add_row(str(hit.rank), _title(hit), f"{hit.score:.4f}", *map(_signal, hit.signals))
    console.print(table)
    total = f"{page.total:,}" if page.total_is_exact else f"at least {page.total:,}"
    console.print(
        f"{len(page.hits)} of {page.reachable:,} reachable, {total} matched;"
        f" {page.timings.total:.0f} ms, of which server {page.timings.server:.0f} and encoder"
        f" {page.timings.encode:.0f}",
        style="dim",
    )
    if page.facets:
        for name, counts in {
            "brand": page.facets.brand,
            "category": page.facets.category,
            **page.facets.attributes,
        }.items():
            shown = ", ".join(f"{value} ({count})" for value, count in counts.items())
            console.print(f"{name}: {shown}", style="dim", markup=False)


def _title(hit: Hit) -> str:
    return escape(hit.item.title)


def _signal(signal: LegSignal) -> str:
    if signal.rank is None or signal.raw_score is None:
        return "-"
    return f"{signal.rank}, {signal.raw_score:.2f}, +{signal.contribution:.4f}"
