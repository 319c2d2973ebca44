"""What requests for items take that are no searches: how many, which, and what changes their order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypedDict

from aisle.errors import InvalidQuery
from aisle.mappings.signals import SignalBoosts
from aisle.recommendation.recommender import listed_ids
from aisle.search.filters import Filters

MAX_BUDGET: Final = 5_000
MAX_IDS: Final = 10_000
"""Of a history, and of what is excluded: each id is a term of every channel's filter."""


class ItemsOptions(TypedDict, total=False):
    """The keywords that these requests have in common: see `ItemsRequest`."""

    size: int
    filters: Filters | None
    exclude: Iterable[str]
    budget: int | None
    boosts: SignalBoosts | None
    rules: bool | None
    context: tuple[str, ...] | list[str]
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsRequest:
    """How many items, of which, and what changes their order.

    Attributes:
        size: most items that come back, 1 or more.
        filters: as in a search; they hold before the best are taken, in every channel.
        exclude: ids that are left out, likewise.
        budget: candidates among which the answer is found, ``size`` or more; None: the usual number, or the
            size if that is more.
        boosts: how much business signals count; None for none.
        rules: the catalogue's rules act; None leaves it to the client.
        context: for rules that act in some contexts only.
        at: moment for which rules act and items are new or not, with its time zone; None: now.
        usual_budget: of this kind of request.

    Raises:
        InvalidQuery: one text instead of a list of ids, too many of them, or a number out of range.
    """

    usual_budget: ClassVar[int] = 500

    size: int = 10
    filters: Filters | None = None
    exclude: tuple[str, ...] = ()
    budget: int | None = None
    boosts: SignalBoosts | None = None
    rules: bool | None = None
    context: tuple[str, ...] = ()
    at: datetime | None = None

    def __post_init__(self) -> None:
        self._list_ids("exclude", "context")
        for name, kind in (("filters", Filters), ("boosts", SignalBoosts)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise InvalidQuery(
                    f"{name}= is a {type(value).__name__}, not {kind.__name__}",
                    fix=f"write {name}=aisle.{kind.__name__}(...)",
                )
        if self.size < 1:
            raise InvalidQuery(f"a size of {self.size} asks for nothing", fix="use 1 or more")
        if self.size > MAX_BUDGET:
            raise InvalidQuery(
                f"{self.size:,} items are more than one recommendation gives",
                fix=f"use a size up to {MAX_BUDGET:,}",
            )
        if not self.size <= self.pool_size <= MAX_BUDGET:
            raise InvalidQuery(
                f"a pool of {self.pool_size:,} candidates cannot be, for {self.size:,} items",
                fix=f"use a budget from the size up to {MAX_BUDGET:,}",
            )
        if self.at is not None and self.at.tzinfo is None:
            raise InvalidQuery(f"{self.at} has no time zone", fix="give at= one, such as datetime.UTC")

    def _list_ids(self, *names: str) -> None:
        for name in names:
            listed = listed_ids(name, getattr(self, name))
            if len(listed) > MAX_IDS:
                raise InvalidQuery(
                    f"{len(listed):,} ids are more than {name}= takes", fix=f"give the latest {MAX_IDS:,}"
                )
            object.__setattr__(self, name, listed)

    @property
    def pool_size(self) -> int:
        """Candidates among which the answer is found."""
        return max(self.usual_budget, self.size) if self.budget is None else self.budget
