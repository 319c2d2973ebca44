"""The plan of one search: what a request becomes once it is known which release is live. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from aisle.encoder import query_text
from aisle.errors import InputError, InvalidQuery
from aisle.mappings import FusionSpec, IndexMeta, default_fusion, fields
from aisle.mappings.signals import NO_BOOSTS, SignalBoosts
from aisle.search.facets.options import FacetOptions
from aisle.search.facets.planning import FacetPlan, plan_facets
from aisle.search.facets.ranges import Edges
from aisle.search.filters import Filters
from aisle.search.identifiers import is_whole_number, part_numbers, spaced_numbers
from aisle.search.legs import Leg, searched_fields
from aisle.search.listing import Listing, mark_of
from aisle.search.negation import excluding, read_negation
from aisle.search.preflight import LiveIndex
from aisle.search.request import SearchRequest
from aisle.search.rules.asking import rule_clauses
from aisle.search.rules.effects import RuleEffects
from aisle.search.signals import check_boosts, stored_signals
from aisle.search.sorting import BY_SIGNALS, Sort, SortKey, sort_key

# OpenSearch's index.max_result_window.
MAX_CANDIDATES = 10_000
_ENCODER: Final = "index the catalogue with an encoder: aisle index DATA --name NAME --encoder ARTIFACT"


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """What a client brings to each of its requests.

    Attributes:
        legs: name to leg, of those that requests may name.
        window: candidates per leg, 1 to 10,000.
        typos, exact, negation: for requests that do not say.

    Raises:
        InputError: a window that OpenSearch does not take.
    """

    legs: Mapping[str, Leg]
    window: int
    typos: bool
    exact: bool
    negation: bool = True

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
        widest: candidates per leg where those of one window are variants of few products.
        filters: clauses of the shopper's filters, which a facet may ignore.
        always: clauses of all else that every result must match.
        facets: what to count beside the results, None for nothing.
        spelling: whether to ask which words no item has.
        lookup: whether to look first for items that the text names.
        excluded: words that no result has.
        numbers: its words that look like part numbers; spaced: part numbers of several words.
        least_similarity: of results that only meaning found, see `SearchRequest`.
        stored: fields whose values come back with each candidate, for what scores, orders or groups them.
        rules: what rules make of the search; None if they do not act. Their filters are among the clauses.
        boosts: business signals that count.
        at: moment of the search; None: now.
        sort: what the candidates are sorted by, with the share of the best score that they need; None for
            relevance.
        listing: what is listed instead of searched for by relevance; None for a search.
        grouped: whether products are counted, and not their variants.
        brief: whether candidates come with their documents, see ``aisle.search.brief``.
    """

    live: LiveIndex
    text: str
    legs: tuple[Leg, ...]
    fusion: FusionSpec
    window: int
    widest: int
    filters: tuple[dict[str, Any], ...]
    always: tuple[dict[str, Any], ...]
    facets: FacetPlan | None
    spelling: bool
    lookup: bool
    numbers: tuple[str, ...]
    spaced: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    rules: RuleEffects | None = None
    grouped: bool = False
    boosts: SignalBoosts = NO_BOOSTS
    at: datetime | None = None
    excluded: tuple[str, ...] = ()
    least_similarity: float | None = None
    sort: tuple[SortKey, float] | None = None
    listing: Listing | None = None
    brief: bool = False

    @property
    def release(self) -> str:
        """Name of the index that must answer."""
        return self.live.meta.release

    @property
    def clauses(self) -> tuple[dict[str, Any], ...]:
        """What every result must match."""
        return (*self.filters, *self.always)

    @property
    def dense_legs(self) -> frozenset[str]:
        """Names of the legs that compare dense vectors."""
        return frozenset(leg.name for leg in self.legs if leg.vector_field not in (None, fields.SPARSE))

    @property
    def word_legs(self) -> tuple[str, ...]:
        """Names of the legs that search for words, and not for meaning."""
        return tuple(leg.name for leg in self.legs if leg.vector_field is None)


def resolve(
    request: SearchRequest,
    settings: SearchSettings,
    live: LiveIndex,
    rules: RuleEffects | None = None,
    edges: Mapping[str, Edges] = MappingProxyType({}),
    shared: tuple[str, ...] = (),
) -> Plan:
    """Settle a request for the release that is live: once per attempt to answer it. Pure.

    Args:
        request: what is asked.
        settings: of the client.
        live: the release.
        rules: what rules make of it; None if they do not act.
        edges: of the ranges of its numbers, for a request with facets, see `Preflight.edges`.
        shared: roots of its categories that are levels of others too, see `Preflight.shared_roots`.

    Raises:
        InputError: a leg that the client does not have.
        ForeignIndex, InvalidQuery: a filter that the release does not have, see `Filters.check`, or groups,
            or a facet, or a signal, see ``signals.check_boosts``, or something to sort by.
    """
    if request.filters:
        request.filters.check(live.meta, live.numbers)
    group = request.group
    live.meta.require(group is None or live.meta.schema_version > 1, "be grouped by product")
    has_vectors = fields.DENSE in live.meta.spaces
    live.meta.require(
        has_vectors or not request.diversity, "be asked for diversity, as it has no vectors", fix=_ENCODER
    )
    boosts = resolve_boosts(request, live.meta)
    check_boosts(boosts, live.meta)
    fusion = resolve_fusion(request, settings.legs, live.meta.fusion)
    legs = tuple(settings.legs[name] for name in fusion.legs)
    # Checked when the request was made.
    text = query_text(request.text if rules is None else rules.text)
    excluded = tuple(request.exclude)
    if settings.negation if request.negation is None else request.negation:
        text, taken_out = read_negation(text, live.meta.features.languages)
        excluded = tuple(dict.fromkeys((*excluded, *taken_out)))
    # Misspelt words and part numbers are words' business: a leg of meaning alone does without.
    words = any(leg.vector_field is None for leg in legs)
    typos = settings.typos if request.typos is None else request.typos
    exact = words and (settings.exact if request.exact is None else request.exact)
    numbers = part_numbers(text) if exact else ()
    options = FacetOptions.of(request.facets)
    spaced = spaced_numbers(text) if exact else ()
    order = Sort.of(request.sort)
    key = sort_key(order, live) if order else None
    sort = (key, order.least_score) if key and order and not (request.browse or order.exhaustive) else None
    spelling = words and typos and live.spells and not request.browse
    lookup = exact and (bool(numbers or spaced) or is_whole_number(text))
    listing = None
    if request.browse or (order and not sort):
        listing = _listing(request, key, words, (text, excluded, spelling, lookup))
    vector_fields = [leg.vector_field for leg in legs]
    stored = [
        *((fields.GROUP,) if group else ()),
        *stored_signals(boosts),
        *((key.field,) if sort and key else ()),
        *((fields.TEXT_HASH,) if live.meta.features.hashes_texts and fields.DENSE in vector_fields else ()),
    ]
    return Plan(
        live=live,
        text=text,
        legs=legs,
        fusion=fusion,
        window=settings.window,
        widest=min(settings.window * (group.window if group else 1), MAX_CANDIDATES),
        filters=tuple(request.clauses()),
        always=(
            *(rule_clauses(rules, live.further_languages) if rules else ()),
            *((excluding(excluded, searched_fields(live.further_languages)),) if excluded else ()),
        ),
        facets=plan_facets(options, request.filters or Filters(), live.meta, edges, shared)
        if options
        else None,
        spelling=spelling,
        lookup=lookup,
        numbers=numbers,
        spaced=spaced,
        excluded=excluded,
        stored=tuple(dict.fromkeys(stored)),
        boosts=boosts,
        at=request.at,
        rules=rules,
        grouped=group is not None,
        least_similarity=request.least_similarity,
        sort=sort,
        listing=listing,
    )


def _listing(request: SearchRequest, key: SortKey | None, words: bool, read: tuple[Any, ...]) -> Listing:
    """The list that a request asks for; ``read`` is how its query is read."""
    if not (request.browse or words):
        raise InvalidQuery(
            "without a leg that searches for words there is no end of what an exhaustive sort sorts",
            fix="leave exhaustive out, or search with bm25 too",
        )
    keys = (key,) if key else BY_SIGNALS
    return Listing(
        keys,
        request.first,
        request.size,
        request.cursor,
        mark_of(read, request.clauses(), [each.title for each in keys], request.browse),
        searched=not request.browse,
    )


def resolve_boosts(request: SearchRequest, meta: IndexMeta) -> SignalBoosts:
    """The business signals that count in one search.

    Args:
        request: says which, or leaves it to the release.
        meta: of the release, whose own boosts were tuned for its own fusion.
    """
    if request.boosts is not None:
        return request.boosts
    usual = request.legs is None and request.fusion is None
    return meta.boosts if usual and meta.boosts else NO_BOOSTS


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
    fusion, legs = request.fusion, request.legs if request.legs is None else tuple(request.legs)
    if fusion is None and legs is None and tuned is not None and known.keys() >= set(tuned.legs):
        fusion = tuned
    if fusion is None:
        fusion = default_fusion(legs if legs is not None else tuple(known))
    for name in fusion.legs:
        if name not in known:
            raise InputError(f"there is no leg {name!r}", fix=f"use {', '.join(known)}")
    return fusion
