"""What one recommendation asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict

from aisle.errors import InvalidQuery
from aisle.mappings.signals import SignalBoosts
from aisle.recommendation.recommender import listed_ids
from aisle.search.filters import Filters

BUDGET: Final = 500
MAX_BUDGET: Final = 5_000
MAX_IDS: Final = 10_000
"""Of a history, and of what is excluded: each id is a term of every channel's filter."""


class RecommendationOptions(TypedDict, total=False):
    """The keywords that a recommendation takes beside its history: see `RecommendationRequest`."""

    size: int
    filters: Filters | None
    exclude: Iterable[str]
    exclude_bought: bool
    budget: int | None
    boosts: SignalBoosts | None
    rules: bool | None
    context: tuple[str, ...] | list[str]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """One recommendation: the history, what may come up, and how much of it.

    Attributes:
        history: ids of items, oldest first; may be empty. Ids that are not known are skipped and reported.
        size: most items that come back, 1 or more.
        filters: as in a search; they hold before the best are taken, in every channel.
        exclude: ids that are not recommended, likewise.
        exclude_bought: leave out what is in the history, likewise; False where things are bought again.
        budget: candidates in the pool, of all channels together, ``size`` or more; None: 500, or the size
            if that is more.
        boosts: how much business signals count; None for none.
        rules: the catalogue's rules act; None leaves it to the client.
        context: for rules that act in some contexts only; ``recommendations`` is always among them.
        at: moment for which rules act and items are new or not, with its time zone; None: now.

    Raises:
        InvalidQuery: one text instead of a list of ids, too many of them, or a number out of range.
    """

    history: tuple[str, ...] = ()
    size: int = 10
    filters: Filters | None = None
    exclude: tuple[str, ...] = ()
    exclude_bought: bool = True
    budget: int | None = None
    boosts: SignalBoosts | None = None
    rules: bool | None = None
    context: tuple[str, ...] = ()
    at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("history", "exclude", "context"):
            listed = listed_ids(name, getattr(self, name))
            if len(listed) > MAX_IDS:
                raise InvalidQuery(
                    f"{len(listed):,} ids are more than {name}= takes", fix=f"give the latest {MAX_IDS:,}"
                )
            object.__setattr__(self, name, listed)
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

    @property
    def pool_size(self) -> int:
        """Candidates in the pool."""
        return max(BUDGET, self.size) if self.budget is None else self.budget
