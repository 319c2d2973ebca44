"""Requests of Algolia's clients: their parameters within bounds, and what they ask of a catalogue. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel

from aisle.search import FacetOptions, GroupOptions, RerankOptions, SearchRequest
from aisle.service.instantsearch.conditions import Condition, FacetName, conditions_of, filters_of
from aisle.service.parameters import MAX_PAGE, MAX_SIZE, Text, Words

MAX_REQUESTS: Final = 50
_SORT: Final = "/sort/"
# What says how answers are counted or shown, and not what is in them.
_WITHOUT_EFFECT: Final = frozenset(
    {
        *("analytics", "analyticsTags", "clickAnalytics", "enableABTest", "enablePersonalization"),
        *("userToken", "attributesToHighlight", "attributesToRetrieve", "restrictHighlightAndSnippetArrays"),
        *("percentileComputation", "replaceSynonymsInHighlight", "responseFields", "snippetEllipsisText"),
        *("sortFacetValuesBy", "facetingAfterDistinct", "queryLanguages", "explain", "synonyms"),
    }
)

_Tag = Annotated[str, Field(max_length=100)]
_Conditions = (
    Text | Annotated[list[Text | Annotated[list[Text], Field(max_length=1_000)]], Field(max_length=1_000)]
)


class IndexRequest(BaseModel):
    """One request of a batch; what it asks may stand in ``params``, or beside it as newer clients write."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, validate_by_name=False, validate_by_alias=True
    )

    index_name: Annotated[str, Field(max_length=500)] = Field(
        description="Name of a catalogue, `shop`, or of an order of it, `shop/sort/price:asc`.",
        examples=["shop"],
    )
    params: dict[str, JsonValue] | Text | None = Field(
        default=None, description="What follows, as an object or as in an address."
    )
    type: Literal["default", "facet"] = "default"
    query: Text = ""
    page: int = Field(default=0, ge=0, lt=MAX_PAGE, description="From 0.")
    hits_per_page: int = Field(default=20, ge=0, le=MAX_SIZE)
    facets: Words | _Tag = Field(default_factory=list, description="`*` for those that tell results apart.")
    max_values_per_facet: int = Field(default=100, ge=1, le=1_000)
    facet_filters: _Conditions = Field(default_factory=list, examples=[[["brand:Acme", "brand:Corvo"]]])
    numeric_filters: _Conditions = Field(default_factory=list, examples=[["price>=10", "price<=50"]])
    filters: Text = Field(default="", examples=["brand:Acme AND price < 50"])
    tag_filters: Literal[""] | Annotated[list[JsonValue], Field(max_length=0)] = ""
    distinct: bool | Annotated[int, Field(ge=0, le=4)] = False
    typo_tolerance: bool | Literal["min", "strict"] | None = None
    rule_contexts: Words = Field(default_factory=list)
    enable_rules: bool | None = None
    highlight_pre_tag: _Tag = "<em>"
    highlight_post_tag: _Tag = "</em>"
    attributes_to_snippet: Words = Field(default_factory=list)
    get_ranking_info: bool = False
    facet: _Tag = Field(default="", description="Whose values are searched for, where the type is facet.")
    facet_query: Text = ""
    max_facet_hits: int = Field(default=10, ge=1, le=100)

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        params = given.get("params")
        inner = _in_address(params) if isinstance(params, str) else params
        if not isinstance(inner, Mapping | None):
            return given
        # What clients call the facet in the request itself they call facetName in its parameters.
        inner = {"facet" if name == "facetName" else name: value for name, value in (inner or {}).items()}
        flat = {**inner, **{name: value for name, value in given.items() if name != "params"}}
        return {name: value for name, value in flat.items() if name not in _WITHOUT_EFFECT}


def _in_address(params: str) -> dict[str, Any]:
    """Parameters as older clients write them; lists are JSON there."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(params, keep_blank_values=True, max_num_fields=100):
        try:
            found[name] = orjson.loads(value) if value.startswith("[") else value
        except orjson.JSONDecodeError:
            found[name] = value
    return found


class InstantSearchBody(BaseModel):
    """What a client asks at once."""

    model_config = ConfigDict(extra="ignore")

    requests: Annotated[list[IndexRequest], Field(max_length=MAX_REQUESTS)] = Field(
        examples=[
            [
                {
                    "indexName": "shop",
                    "params": {"query": "drill", "facets": ["brand"], "facetFilters": [["brand:Acme"]]},
                }
            ]
        ]
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks of a catalogue.

    Attributes:
        catalogue: its name.
        sort: another order than that of relevance; None for relevance.
        facets: to count; of a search for values the one that has them.
        conditions: that results meet.
        sent: the request itself.
    """

    catalogue: str
    sort: str | None
    facets: tuple[FacetName, ...]
    conditions: tuple[Condition, ...]
    sent: IndexRequest

    @classmethod
    def of(cls, sent: IndexRequest) -> Asked:
        """What a request asks.

        Raises:
            InvalidQuery: see `conditions_of` and `FacetName`.
        """
        catalogue, _, sort = sent.index_name.partition(_SORT)
        names = [sent.facets] if isinstance(sent.facets, str) else sent.facets
        if sent.type == "facet":
            names = [sent.facet]
        conditions = conditions_of(sent.facet_filters, sent.numeric_filters, sent.filters)
        return cls(catalogue, sort or None, tuple(map(FacetName.of, names)), conditions, sent)

    @property
    def chooses_facets(self) -> bool:
        """Whether the facets are to be chosen, and not named."""
        return any(facet.asked == "*" for facet in self.facets)

    @property
    def counts_only(self) -> bool:
        """Whether no hits are wanted."""
        return self.sent.type == "facet" or self.sent.hits_per_page == 0

    @property
    def others(self) -> tuple[object, ...]:
        """What decides its results, but for conditions: those with the same may be answered together."""
        sent = self.sent
        told = (sent.query.strip(), bool(sent.distinct), str(sent.typo_tolerance), tuple(sent.rule_contexts))
        return (sent.type, self.catalogue, self.sort, sent.enable_rules, *told, sent.max_values_per_facet)

    def request(self, ignoring: frozenset[str], *, reranks: bool) -> SearchRequest:
        """The search that answers it; raises what `SearchRequest` and its parts raise.

        Args:
            ignoring: facets that ignore their own conditions.
            reranks: whether the catalogue has a reranker.
        """
        sent = self.sent
        searched = bool(sent.query.strip())
        shown = not self.counts_only
        return SearchRequest(
            sent.query,
            filters=filters_of(self.conditions, ignoring or None),
            size=sent.hits_per_page if shown else 1,
            page=sent.page + 1 if shown else 1,
            facets=self._facets(disjunctive=bool(ignoring)),
            sort=self.sort,
            browse=not searched,
            rerank=RerankOptions() if reranks and shown and searched and self.sort is None else None,
            typos=sent.typo_tolerance if isinstance(sent.typo_tolerance, bool) else None,
            rules=False if sent.enable_rules is False else None,
            context=tuple(sent.rule_contexts),
            group=GroupOptions() if sent.distinct else None,
            highlight=shown and searched,
        )

    def _facets(self, *, disjunctive: bool) -> FacetOptions | None:
        if not self.facets:
            return None
        sent = self.sent
        if sent.type == "facet":
            (facet,) = self.facets
            search = {facet.field: sent.facet_query} if sent.facet_query.strip() else {}
            return FacetOptions(sent.max_facet_hits, (facet.field,), disjunctive=False, search=search)
        fields = None if self.chooses_facets else tuple(dict.fromkeys(each.field for each in self.facets))
        return FacetOptions(sent.max_values_per_facet, fields, disjunctive=disjunctive)
