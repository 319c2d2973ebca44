"""What one search asks: the request, and the plan that it becomes once it is known which release is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aisle.encoder import query_text
from aisle.errors import InputError, InvalidQuery
from aisle.mappings import FusionSpec, default_fusion
from aisle.search.facets import MAX_FACET_VALUES, Filters
from aisle.search.identifiers import is_whole_number, part_numbers
from aisle.search.legs import Leg, checked_question
from aisle.search.preflight import LiveIndex
from aisle.search.rank import RerankOptions

# OpenSearch's index.max_result_window.
MAX_CANDIDATES = 10_000


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the words, how they are searched for, and which page of the results is wanted.

    Attributes:
        text: what the shopper typed. Never parsed as query syntax.
        legs: names of the legs to ask; None asks those of the release's tuned fusion, or all.
        fusion: how to fuse the legs, which are then those of the fusion. None takes the fusion that the
            release was tuned to if ``legs`` is None too, else ``mappings.default_fusion``.
        filters: brand, category, price, attributes and more.
        size: hits per page, 1 or more.
        page: 1-based; a page past ``Page.reachable`` is empty.
        facets: values to count per facet, 0 to 5,000; 0 counts none.
        rerank: how to rerank the candidates before the page is cut; None keeps the fused order.
        typos: correct words that no item has; None leaves it to the client.
        exact: items that the text names by id or part number come first; None leaves it to the client.

    Raises:
        InvalidQuery: the text is empty or too long, or a number is out of range.
        InputError: ``legs`` and ``fusion`` contradict each other.
    """

    text: str
    legs: tuple[str, ...] | None = None
    fusion: FusionSpec | None = None
    filters: Filters = field(default_factory=Filters)
    size: int = 10
    page: int = 1
    facets: int = 0
    rerank: RerankOptions | None = None
    typos: bool | None = None
    exact: bool | None = None

    def __post_init__(self) -> None:
        checked_question(self.text)
        if self.legs is not None:
            # A list is compared with the fusion's tuple, and hashed with it.
            object.__setattr__(self, "legs", tuple(self.legs))
        if self.size < 1 or self.page < 1:
            raise InvalidQuery(
                f"page {self.page} of size {self.size} does not exist", fix="count both from 1"
            )
        if not 0 <= self.facets <= MAX_FACET_VALUES:
            raise InvalidQuery(
                f"{self.facets} values per facet cannot be counted",
                fix=f"use 0 (none) to {MAX_FACET_VALUES:,}",
            )
        if self.legs is not None and self.fusion is not None and self.legs != self.fusion.legs:
            raise InputError(
                f"legs {list(self.legs)} are not those of the fusion, {list(self.fusion.legs)}",
                fix="give one or the other",
            )

    @property
    def first(self) -> int:
        """How many results stand before the page."""
        return (self.page - 1) * self.size


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What a client brings to each of its requests.

    Attributes:
        legs: name to leg, of those that requests may name.
        window: candidates per leg, 1 to 10,000.
        typos, exact: for requests that do not say.

    Raises:
        InputError: a window that OpenSearch does not take.
    """

    legs: Mapping[str, Leg]
    window: int
    typos: bool
    exact: bool

    def __post_init__(self) -> None:
        if not 1 <= self.window <= MAX_CANDIDATES:
            raise InputError(f"a window of {self.window} cannot be asked", fix=f"use 1 to {MAX_CANDIDATES:,}")


@dataclass(frozen=True, slots=True)
class Plan:
    """A request as one release is asked it. Nothing of it is decided anew while it is carried out.

    Attributes:
        live: the release.
        text: cleaned query text, never empty.
        legs: in the order of the fusion.
        fusion: with the weights as asked; those of a query's own come with the results.
        window: candidates per leg.
        clauses: filter clauses that every result must match.
        facets: values to count per facet, 0 for none.
        spelling: whether to ask which words no item has.
        lookup: whether to look first for items that the text names.
        numbers: its words that look like part numbers.
    """

    live: LiveIndex
    text: str
    legs: tuple[Leg, ...]
    fusion: FusionSpec
    window: int
    clauses: tuple[dict[str, Any], ...]
    facets: int
    spelling: bool
    lookup: bool
    numbers: tuple[str, ...]

    @property
    def release(self) -> str:
        """Name of the index that must answer."""
        return self.live.meta.release

    @property
    def word_legs(self) -> tuple[str, ...]:
        """Names of the legs that search for words, and not for meaning."""
        return tuple(leg.name for leg in self.legs if leg.vector_field is None)


def resolve(request: SearchRequest, settings: SearchSettings, live: LiveIndex) -> Plan:
    """Settle a request for the release that is live: once per attempt to answer it. Pure.

    Raises:
        InputError: a leg that the client does not have.
        ForeignIndex, InvalidQuery: a filter that the release does not have, see `Filters.check`.
    """
    request.filters.check(live.meta, live.numbers)
    fusion = resolve_fusion(request, settings.legs, live.meta.fusion)
    legs = tuple(settings.legs[name] for name in fusion.legs)
    # Checked when the request was made.
    text = query_text(request.text)
    # Misspelt words and part numbers are words' business: a leg of meaning alone does without.
    words = any(leg.vector_field is None for leg in legs)
    typos = settings.typos if request.typos is None else request.typos
    exact = words and (settings.exact if request.exact is None else request.exact)
    numbers = part_numbers(text) if exact else ()
    return Plan(
        live=live,
        text=text,
        legs=legs,
        fusion=fusion,
        window=settings.window,
        clauses=tuple(request.filters.clauses()),
        facets=request.facets,
        spelling=words and typos and live.spells,
        lookup=exact and (bool(numbers) or is_whole_number(text)),
        numbers=numbers,
    )


def resolve_fusion(
    request: SearchRequest, known: Mapping[str, Leg], tuned: FusionSpec | None = None
) -> FusionSpec:
    """The fusion of one search; its legs are the ones to ask.

    Args:
        request: says which, or leaves it to the release.
        known: name to leg, of those that may be asked.
        tuned: the release's own fusion (``IndexMeta.fusion``). A client that lacks one of its legs, such as
            one that asks words alone, goes without it.

    Raises:
        InputError: a leg that is not known.
    """
    fusion, legs = request.fusion, request.legs
    if fusion is None and legs is None and tuned is not None and known.keys() >= set(tuned.legs):
        fusion = tuned
    if fusion is None:
        fusion = default_fusion(legs if legs is not None else tuple(known))
    for name in fusion.legs:
        if name not in known:
            raise InputError(f"there is no leg {name!r}", fix=f"use {', '.join(known)}")
    return fusion
