"""What requests for items take that are no searches: how many, which, and what changes their order. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypedDict

from aisle._arguments import check_kind, check_moment, check_whole, listed_ids
from aisle.errors import InvalidQuery
from aisle.mappings.signals import SignalBoosts
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
        InvalidQuery: a value of another type, one text instead of a list of ids, too many of them, or a
            number out of range.
    """

    usual_budget: ClassVar[int]

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
        check_kind(Filters, filters=self.filters)
        check_kind(SignalBoosts, boosts=self.boosts)
        check_whole(size=self.size, budget=self.usual_budget if self.budget is None else self.budget)
        check_moment(at=self.at)
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
