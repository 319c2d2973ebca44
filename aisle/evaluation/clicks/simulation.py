"""Shoppers by a known click model, so that a correction can be held to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError
from aisle.mappings.ubi import Action

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """A shop that is not there.

    Attributes:
        queries, items: how many queries, and items of each.
        searches: how many in all; frequent queries are asked more often than rare ones (Zipf).
        size: results of a page.
        bias: position p, from 1, is looked at with probability 1 / p^bias.
        noise: of the ranking, in grades: how far it is from the truth; half of it changes with each search.
        stray: probability that an item of grade 0 is clicked when it is looked at.
        clients: different visitors.
        seed: any whole number from 0.
    """

    queries: int = 40
    items: int = 20
    searches: int = 10_000
    size: int = 10
    bias: float = 1.0
    noise: float = 3.0
    stray: float = 0.05
    clients: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        whole = (self.queries, self.items, self.searches, self.size, self.clients)
        if min(whole) < 1 or self.seed < 0 or max(whole) > 10_000_000:
            raise InputError("a simulation needs some of everything", fix="use counts from 1, a seed from 0")
        if not (0 <= self.bias <= 10 and 0 <= self.noise <= 100 and 0 <= self.stray < 1):
            raise InputError(
                f"bias {self.bias:g}, noise {self.noise:g} and stray {self.stray:g} cannot be",
                fix="use a bias of 0 to 10, noise from 0 to 100, stray from 0 and under 1",
            )


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the shop is truly like, and what its shoppers do.

    Attributes:
        options: that it was made with.
        grades: float64 [queries, items], whole numbers from 0 to 3.
        examined: float64 [size], probability that a position is looked at.
    """

    options: SimulationOptions
    grades: Floats
    examined: Floats

    @property
    def wanted(self) -> Floats:
        """Probability of a click on an item that is looked at, [queries, items] (Chapelle et al. 2009)."""
        return self.options.stray + (1 - self.options.stray) * (2**self.grades - 1) / 8

    def text(self, query: int) -> str:
        """Of a query."""
        return f"query {query}"

    def item(self, query: int, item: int) -> str:
        """Id of an item."""
        return f"{query}-{item}"

    def qrels(self) -> dict[str, dict[str, float]]:
        """Text of each query to its items' true grades."""
        return {
            self.text(query): {self.item(query, item): int(grade) for item, grade in enumerate(row)}
            for query, row in enumerate(self.grades)
        }

    def searches(self) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Yield (document of ``ubi_queries``, documents of ``ubi_events``) of one search after another."""
        how = self.options
        rng = np.random.default_rng([how.seed, 1])
        popularity = 1 / np.arange(1, how.queries + 1)
        asked = rng.choice(how.queries, size=how.searches, p=popularity / popularity.sum())
        clients = rng.integers(how.clients, size=how.searches)
        ranking = self.grades + how.noise * rng.standard_normal(self.grades.shape)
        wanted, size = self.wanted, min(how.size, how.items)
        begun = datetime(2026, 1, 1, tzinfo=UTC)
        for number, (query, client) in enumerate(zip(asked.tolist(), clients.tolist(), strict=True)):
            today = ranking[query] + how.noise / 2 * rng.standard_normal(how.items)
            shown = np.argsort(-today, kind="stable")[:size]
            clicked = rng.random(size) < self.examined[:size] * wanted[query, shown]
            common = {
                "query_id": f"s{number}",
                "user_query": self.text(query),
                "client_id": f"c{client}",
                "application": "simulation",
                "timestamp": (begun + timedelta(seconds=number)).isoformat(timespec="milliseconds"),
            }
            ids = [self.item(query, int(item)) for item in shown]
            events = [
                _event(common, action, item, position)
                for position, item in enumerate(ids, 1)
                for action in (
                    [Action.IMPRESSION, Action.CLICK] if clicked[position - 1] else [Action.IMPRESSION]
                )
            ]
            yield {**common, "query_response_hit_ids": ids}, events


def _event(common: dict[str, Any], action: Action, item: str, position: int) -> dict[str, Any]:
    attributes = {"object": {"object_id": item}, "position": {"ordinal": position}}
    return {**common, "action_name": action.value, "event_attributes": attributes}


def simulate(options: SimulationOptions) -> Simulation:
    """Draw a shop."""
    rng = np.random.default_rng([options.seed, 0])
    # Most items of a query answer it badly.
    grades = rng.choice(4, size=(options.queries, options.items), p=[0.5, 0.25, 0.15, 0.1])
    places = np.arange(1, options.size + 1)
    return Simulation(options, grades.astype(np.float64), 1 / places**options.bias)
