"""A figure against its limit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """A figure and its limit.

    Attributes:
        name: what is checked.
        value: the figure.
        limit: that it must not be over, or not under.
        at_most: whether the limit is the most that is allowed, else the least.
    """

    name: str
    value: float
    limit: float
    at_most: bool

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit; one that is no number is not."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "name": self.name,
            "value": round(self.value, 5),
            "limit": self.limit,
            "at_most": self.at_most,
            "met": self.met,
        }
