"""What one search asks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from aisle._arguments import check_kind, check_moment, check_real, check_text, check_whole
from aisle.errors import InputError, InvalidQuery
from aisle.mappings import FusionSpec
from aisle.mappings.signals import SignalBoosts
from aisle.search.facets.options import FacetOptions
from aisle.search.filters import Filters
from aisle.search.groups import GroupOptions
from aisle.search.legs import checked_question
from aisle.search.negation import MAX_EXCLUDED, MAX_EXCLUDED_CHARS
from aisle.search.rank import RerankOptions
from aisle.search.sorting import Sort


class SearchOptions(TypedDict, total=False):
    """The keywords that a search takes beside its text: what they mean is said at `SearchRequest`."""

    legs: tuple[str, ...] | list[str] | None
    fusion: FusionSpec | None
    filters: Filters | None
    size: int
    page: int
    facets: int | FacetOptions | None
    least_similarity: float | None
    sort: Sort | str | None
    cursor: str | None
    ranker: bool | None
    rerank: RerankOptions | None
    typos: bool | None
    exact: bool | None
    negation: bool | None
    exclude: tuple[str, ...] | list[str] | str
    rules: bool | None
    context: tuple[str, ...] | list[str]
    at: datetime | None
    group: GroupOptions | None
    highlight: bool
    diversity: float
    boosts: SignalBoosts | None


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the words, how they are searched for, and which page of the results is wanted.

    Attributes:
        text: what the shopper typed. Never parsed as query syntax.
        legs: names of the legs to ask; None asks those of the release's tuned fusion, or all.
        fusion: how to fuse the legs, which are then those of the fusion. None takes the fusion that the
            release was tuned to if ``legs`` is None too, else ``mappings.default_fusion``.
        filters: brand, category, price, attributes and more; None for none.
        size: hits per page, 1 or more.
        page: 1-based; a page past ``Page.reachable`` is empty.
        facets: what to count beside the results; a number is the values per facet, of facets that are chosen
            automatically, and 0 or None counts none.
        least_similarity: cosine, -1 to 1: results that only the leg of meaning found are left out below it.
            None keeps them all.
        sort: another order than that of relevance; a text such as ``price`` or ``rating:asc`` will do.
        cursor: ``*`` for the first page of a list, then the ``cursor`` of the page before: pages that go to
            the end, however far, of an exhaustive sort or while browsing.
        browse: list everything that passes the filters; there is no text then.
        ranker: let the client's ranker order the candidates; None: if it has one. What is sorted it leaves.
        rerank: how to rerank the candidates before the page is cut; None keeps the fused order.
        typos: correct words that no item has; None leaves it to the client.
        exact: items that the text names by id or part number come first; None leaves it to the client.
        negation: leave out what the text takes out, "-leather" and "without leather"; None leaves it to the
            client.
        exclude: words that no result may have; at most 10.
        rules: the catalogue's rules act; None leaves it to the client.
        context: for rules that act in some contexts only, such as ``campaign``.
        at: moment for which rules act and items are new or not, with its time zone; None: now.
        group: one hit per product, with how many of its variants; None shows variants one by one.
        diversity: how much the first results are to differ from each other, 0 (not at all) to 1, see
            ``aisle.search.diversity``; about 0.3 keeps the best on top.
        boosts: how much business signals count. None takes what the release was tuned to if ``legs`` and
            ``fusion`` are None too, else nothing; ``SignalBoosts()`` is none of them.
        highlight: say which words of title and text were searched, see ``Hit.highlights``.

    Raises:
        InvalidQuery: the text is empty or too long, a value is of another type, or a number is out of range.
        InputError: ``legs`` and ``fusion`` contradict each other.
    """

    text: str
    legs: tuple[str, ...] | list[str] | None = None
    fusion: FusionSpec | None = None
    filters: Filters | None = None
    size: int = 10
    page: int = 1
    facets: int | FacetOptions | None = None
    least_similarity: float | None = None
    sort: Sort | str | None = None
    cursor: str | None = None
    browse: bool = False
    ranker: bool | None = None
    rerank: RerankOptions | None = None
    typos: bool | None = None
    exact: bool | None = None
    negation: bool | None = None
    exclude: tuple[str, ...] | list[str] | str = ()
    rules: bool | None = None
    context: tuple[str, ...] | list[str] = ()
    at: datetime | None = None
    group: GroupOptions | None = None
    highlight: bool = False
    diversity: float = 0.0
    boosts: SignalBoosts | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        if not self.browse:
            checked_question(self.text)
        self._check_order()
        if self.legs is not None:
            # A list is compared with the fusion's tuple, and hashed with it.
            object.__setattr__(self, "legs", tuple(self.legs))
        object.__setattr__(
            self, "context", (self.context,) if isinstance(self.context, str) else tuple(self.context)
        )
        # A string is one word, and not its letters.
        words = (self.exclude,) if isinstance(self.exclude, str) else tuple(self.exclude)
        object.__setattr__(self, "exclude", words)
        if len(words) > MAX_EXCLUDED:
            raise InvalidQuery(
                f"{len(words)} words cannot be excluded", fix=f"exclude at most {MAX_EXCLUDED}"
            )
        if any(len(word) > MAX_EXCLUDED_CHARS for word in words):
            raise InvalidQuery(
                f"a text of {max(map(len, words)):,} letters cannot be excluded",
                fix=f"exclude words and short phrases, of at most {MAX_EXCLUDED_CHARS} letters",
            )
        if self.size < 1 or self.page < 1:
            raise InvalidQuery(
                f"page {self.page} of size {self.size} does not exist", fix="count both from 1"
            )
        if not 0 <= self.diversity <= 1:
            raise InvalidQuery(f"a diversity of {self.diversity} cannot be", fix="use 0 to 1, such as 0.3")
        FacetOptions.of(self.facets)
        if self.least_similarity is not None and not -1 <= self.least_similarity <= 1:
            raise InvalidQuery(
                f"{self.least_similarity} is no least similarity: cosines are from -1 to 1",
                fix="use a number such as 0.3",
            )
        if self.legs is not None and self.fusion is not None and self.legs != self.fusion.legs:
            raise InputError(
                f"legs {list(self.legs)} are not those of the fusion, {list(self.fusion.legs)}",
                fix="give one or the other",
            )

    def _check_kinds(self) -> None:
        check_text(text=self.text)
        check_kind(Filters, filters=self.filters)
        check_kind(RerankOptions, rerank=self.rerank)
        check_kind(GroupOptions, group=self.group)
        check_kind(SignalBoosts, boosts=self.boosts)
        check_whole(size=self.size, page=self.page)
        check_real(diversity=self.diversity)
        if self.least_similarity is not None:
            check_real(least_similarity=self.least_similarity)
        check_moment(at=self.at)

    def _check_order(self) -> None:
        order = Sort.of(self.sort)
        listed = self.browse or (order is not None and order.exhaustive)
        if self.browse and self.text.strip():
            raise InvalidQuery("a category page has no query", fix="search for it, or leave the text empty")
        if self.rerank is not None and (order is not None or self.browse):
            raise InvalidQuery("what is sorted is not reranked", fix="ask for one or the other")
        if self.ranker and (order is not None or self.browse):
            raise InvalidQuery("what is sorted no ranker orders", fix="ask for one or the other")
        if self.diversity and (order is not None or self.browse):
            raise InvalidQuery("what is sorted is not moved for diversity", fix="ask for one or the other")
        if self.cursor is None:
            return
        if not listed:
            raise InvalidQuery(
                "only an exhaustive sort and browsing go by cursor",
                fix="sort with --exhaustive (Sort(..., exhaustive=True)), or browse, or ask for pages",
            )
        if self.page != 1 or self.group is not None:
            raise InvalidQuery(
                "a cursor goes with neither page numbers nor groups", fix="leave cursor= or these out"
            )

    @property
    def first(self) -> int:
        """How many results stand before the page."""
        return (self.page - 1) * self.size

    def clauses(self) -> list[dict[str, Any]]:
        """Filter clauses, empty without filters."""
        return self.filters.clauses() if self.filters else []
