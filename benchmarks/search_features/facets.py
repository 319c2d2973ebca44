"""What facets, groups, highlights, sorting and browsing cost beside a plain search of the same words."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from time import perf_counter
from typing import Any, Final

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.search import Filters, GroupOptions, SearchClient, SignalBoosts
from aisle.search.facets.options import FacetOptions
from aisle.types import BusinessSignals, Item
from benchmarks.harness.parts import dataset, encoder_of_items, load_encoder, own_node
from benchmarks.harness.result_file import LOWER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.quality.ask import queries_of

DATASET: Final = "homedepot"
DIMS: Final = 64
SEARCHES: Final = 400
PLAIN: Final = "plain"
ALL: Final = "five facets, groups and highlights"
BROWSE: Final = "browse a category"
FACETS: Final = FacetOptions(fields=("brand", "category", "Colour", "Size", "price"))
_COLOURS: Final = ("Black", "White", "Brown", "Grey", "Red", "Blue", "Green")
_DEPARTMENTS: Final = 20
_SIZES: Final = 12
_VARIANTS: Final = 4


def dressed(items: Iterable[Item]) -> Iterator[Item]:
    """homedepot has titles alone: brand, category, attributes, price and product are made of them here.

    The brand is a title's first word; the rest follows from its length and place, so that every run has the
    same. Four neighbours in the file are one product.
    """
    for place, item in enumerate(items):
        words = item.title.split()
        number = sum(map(ord, item.title))
        yield replace(
            item,
            group=f"product-{place // _VARIANTS}",
            brand=words[0],
            categories=((f"Department {number % _DEPARTMENTS}", f"Shelf {number % (_DEPARTMENTS * 10)}"),),
            price=1.0 + number % 500,
            attributes={"Colour": (_COLOURS[number % 7],), "Size": (str(len(item.title) % _SIZES),)},
            signals=BusinessSignals(popularity=float(number % 1_000), stock=float(number % 5)),
        )


@dataclass(frozen=True, slots=True)
class Way:
    """One way to search: its name, and the options of it; ``text`` tells whether there are words."""

    name: str
    options: Mapping[str, Any]
    text: bool = True


_BRAND: Final = {"filters": Filters(brand=("Hampton",))}
_SHELF: Final = {"filters": Filters(category=("Department 3",))}
WAYS: Final = (
    Way(PLAIN, {}),
    Way("five facets", {"facets": FACETS}),
    Way("groups", {"group": GroupOptions()}),
    Way("highlights", {"highlight": True}),
    Way(ALL, {"facets": FACETS, "group": GroupOptions(), "highlight": True}),
    Way("plain, a brand chosen", _BRAND),
    Way("five facets, a brand chosen", {**_BRAND, "facets": FACETS}),
    Way("sorted by price", {"sort": "price"}),
    Way("boosted by popularity and stock", {"boosts": SignalBoosts({"popularity": 0.3, "in_stock": 0.2})}),
    Way(BROWSE, _SHELF, text=False),
    Way("browse a category, five facets", {**_SHELF, "facets": FACETS}, text=False),
)


def _search(shop: SearchClient, way: Way, text: str) -> None:
    if way.text:
        shop.search(text, **way.options)
    else:
        shop.browse(**way.options)


def time_ways(shop: SearchClient, texts: Sequence[str], ways: Sequence[Way] = WAYS) -> dict[str, list[float]]:
    """Milliseconds of each way for each text, the ways of one text right after each other."""
    found: dict[str, list[float]] = {way.name: [] for way in ways}
    for text in texts:
        for way in ways:
            started = perf_counter()
            _search(shop, way, text)
            found[way.name].append((perf_counter() - started) * 1000)
    return found


def facet_figures(times: Mapping[str, Sequence[float]], documents: int) -> Figures:
    """The table and the goals; ratios are those of medians of one run."""
    p50 = {name: statistics.median(values) for name, values in times.items()}
    return Figures(
        rows=[
            {
                "way": name,
                "p50_ms": round(value, 2),
                "of_plain": round(value / p50[PLAIN], 3),
                "documents": documents,
                "searches": len(times[name]),
            }
            for name, value in p50.items()
        ],
        attempts=trials("search-features", "facets"),
        goals=[
            Goal(f"p50 of {ALL}, times plain", round(p50[ALL] / p50[PLAIN], 3), 1.6, LOWER),
            Goal("p50 of browsing a category, times plain", round(p50[BROWSE] / p50[PLAIN], 3), 1.0, LOWER),
        ],
    )


def measure() -> Figures:
    """homedepot at 64 dimensions, pages of 10 over a window of 100, one search at a time."""
    data, model = dataset(DATASET), load_encoder()
    texts = [query.text for query in islice(cycle(queries_of(read_judged_set(data, "dev"))), SEARCHES)]
    with own_node() as node:
        report = index_catalogue(
            node.client,
            dressed(read_catalogue(data, ReadOptions())),
            encoder_of_items(model, DIMS),
            IndexOptions(f"{DATASET}-{DIMS}"),
        )
        # Two ways that count the same would share their counts.
        settings = {"index.requests.cache.enable": False}
        node.client.indices.put_settings(index=report.release, body=settings)
        shop = SearchClient(node.client, report.name, model)
        time_ways(shop, texts[:100])
        return facet_figures(time_ways(shop, texts), report.documents)
