"""What requests may ask, within bounds, and what that is to the clients. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt, model_validator

from aisle.mappings.signals import SignalBoosts
from aisle.search import FacetOptions, Filters, GroupOptions, RerankOptions, SearchRequest
from aisle.search.filter_texts import attribute_values, number_ranges

MAX_SIZE: Final = 100
MAX_PAGE: Final = 1_000
MAX_CHARS: Final = 2_000

_SORT: Final = "By price, newest, rating, popularity, title or a number; `:asc`, `:desc`."

_STRICT: Final = ConfigDict(extra="forbid")

Text = Annotated[str, Field(max_length=MAX_CHARS)]
Size = Annotated[int, Field(ge=1, le=MAX_SIZE, description="Hits per page.")]
PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGE, description="From 1.")]
Texts = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=100)]
ItemId = Annotated[str, Path(description="Id of an item.", min_length=1, max_length=512)]
Ids = Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=1_000)]
Words = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=20)]


class FilterParameters(BaseModel):
    """Filters in an address; each may be repeated where it holds a list."""

    model_config = _STRICT

    brand: Texts = Field(default_factory=list, description="Any of these brands.")
    category: Texts = Field(
        default_factory=list, description="Any of these levels or paths, with what is below.", examples=[[]]
    )
    price_min: float | None = Field(default=None, allow_inf_nan=False, description="Lowest price, inclusive.")
    price_max: float | None = Field(default=None, allow_inf_nan=False, description="Highest price, likewise.")
    attribute: Texts = Field(default_factory=list, description="NAME=VALUE, such as `Colour=Red`.")
    number: Texts = Field(default_factory=list, description="NAME=LOW..HIGH, such as `Weight=0..5`.")
    in_stock: bool = Field(default=False, description="Only what can be bought now.")
    near: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="LAT,LON,KM, such as `52.52,13.40,10km`."
    )

    def filters(self) -> Filters:
        """The filters that they are.

        Raises:
            InputError: a text that is no pair or range.
            InvalidQuery: see `Filters`.
        """
        # A form sends its empty fields, too: they choose nothing.
        return Filters(
            brand=tuple(filter(None, self.brand)),
            category=tuple(filter(None, self.category)),
            price_min=self.price_min,
            price_max=self.price_max,
            attributes=attribute_values(self.attribute),
            numbers=number_ranges(self.number),
            in_stock=self.in_stock,
            near=self.near,
        )


class SearchParameters(FilterParameters):
    """A search in an address: what a page needs. A body can ask more, see `SearchBody`."""

    q: Text = Field(
        default="", description="What the shopper typed; without it all is listed that passes the filters."
    )
    size: Size = 10
    page: PageNumber = 1
    facets: int = Field(default=0, ge=0, le=1_000, description="Values to count per facet; 0: none.")
    facet: Words = Field(
        default_factory=list, description="Count these: brand, category, price, or an attribute's name."
    )
    sort: Annotated[str, Field(max_length=200)] | None = Field(default=None, description=_SORT)
    group: bool = Field(default=False, description="One hit per product, not per variant.")
    highlight: bool = Field(default=False, description="Say which words were found, in segments.")
    typos: bool | None = Field(default=None, description="Correct words that no item has.")

    def request(self, *, reranks: bool = False) -> SearchRequest:
        """The search that they ask; raises what `SearchRequest` and its parts raise.

        Args:
            reranks: whether the catalogue has a reranker.
        """
        facets: FacetOptions | int = self.facets
        if self.facet:
            facets = FacetOptions(self.facets or FacetOptions().size, tuple(self.facet))
        return SearchRequest(
            self.q,
            filters=self.filters(),
            size=self.size,
            page=self.page,
            facets=facets,
            sort=self.sort,
            browse=not self.q.strip(),
            rerank=RerankOptions() if reranks and self.q.strip() and self.sort is None else None,
            typos=self.typos,
            group=GroupOptions() if self.group else None,
            highlight=self.highlight,
        )


_EXAMPLES: Final[list[JsonValue]] = [
    {"text": "cordless drill", "size": 10, "filters": {"brand": ["Acme"], "price_max": 150}, "facets": 5},
    {"filters": {"category": ["Home > Kitchen"]}, "sort": "price", "group": {"size": 3}},
]


class WritableBody(BaseModel):
    """A body that can be written again as JSON: for OpenSearch, for the events, for a page's mark."""

    @model_validator(mode="before")
    @classmethod
    def _written(cls, given: Any) -> Any:
        try:
            orjson.dumps(given)
        except orjson.JSONEncodeError as error:
            # Half of a character, or a number of more than 64 bits.
            raise ValueError(f"what it says cannot be written as JSON: {error}") from None
        return given


class SearchBody(WritableBody):
    """A search; the parts are those of the Python client, and mean the same."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": _EXAMPLES})

    text: Text = Field(
        default="", description="What the shopper typed; without it all is listed that passes the filters."
    )
    filters: Filters | None = None
    size: Size = 10
    page: PageNumber = 1
    facets: Annotated[StrictInt, Field(ge=0, le=1_000)] | FacetOptions | None = Field(
        default=None, description="What to count; a number is the values per facet, of those chosen itself."
    )
    sort: Annotated[str, Field(max_length=200)] | None = Field(default=None, description=_SORT)
    legs: Annotated[tuple[str, ...], Field(max_length=5)] | None = Field(
        default=None, description="Ways to find candidates, such as bm25 and dense; those of the release."
    )
    least_similarity: float | None = Field(
        default=None, ge=-1, le=1, description="Cosine that a hit found by meaning alone has at least."
    )
    ranker: bool | None = Field(
        default=None, description="Whether a learned ranker orders the results; left out: if there is one."
    )
    rerank: bool | None = Field(
        default=None, description="Whether a reranker orders the best anew; left out: if there is one."
    )
    typos: bool | None = Field(default=None, description="Correct words that no item has; left out: yes.")
    exact: bool | None = Field(default=None, description="Items that are named by id or number come first.")
    negation: bool | None = Field(
        default=None, description="Leave out what `-word` takes out; left out: yes."
    )
    exclude: Annotated[tuple[str, ...], Field(max_length=10)] = Field(
        default=(), description="Words that no hit may have."
    )
    context: Annotated[tuple[str, ...], Field(max_length=20)] = Field(
        default=(), description="For rules that act in some contexts only, such as campaign."
    )
    group: GroupOptions | None = Field(default=None, description="One hit per product, not per variant.")
    highlight: bool = Field(default=False, description="Say which words were found, in segments.")
    diversity: float = Field(default=0.0, ge=0, le=1, description="How much unlike hits are moved up.")
    boosts: SignalBoosts | None = None

    def request(self, *, reranks: bool = False) -> SearchRequest:
        """The search that it asks; raises what `SearchRequest` and its parts raise.

        Args:
            reranks: whether the catalogue has a reranker.
        """
        by_relevance = bool(self.text.strip()) and self.sort is None
        rerank = (reranks and by_relevance) if self.rerank is None else self.rerank
        return SearchRequest(
            self.text,
            legs=self.legs,
            filters=self.filters,
            size=self.size,
            page=self.page,
            facets=self.facets,
            least_similarity=self.least_similarity,
            sort=self.sort,
            browse=not self.text.strip(),
            ranker=self.ranker,
            rerank=RerankOptions() if rerank else None,
            typos=self.typos,
            exact=self.exact,
            negation=self.negation,
            exclude=self.exclude,
            context=self.context,
            group=self.group,
            highlight=self.highlight,
            diversity=self.diversity,
            boosts=self.boosts,
        )
