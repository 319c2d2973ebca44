"""What came of an experiment, of queries and events of User Behavior Insights. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aisle.evaluation.clicks.log import CLICKS, object_and_position
from aisle.evaluation.clicks.traffic import is_first_page
from aisle.evaluation.experiments.design import Experiment, Kind
from aisle.evaluation.experiments.inference import Rate, Wins, p_value, rate, wins
from aisle.evaluation.experiments.interleaving import Drafted, Team, preference

EXPERIMENT, SEARCH_CONFIG, TEAMS = "experiment", "search_config", "teams"
"""Attributes of a query: the experiment, the arm that answered, and the arm of each hit of a mixed list."""


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """What came of one arm of a split.

    Attributes:
        name: of it.
        shoppers, searches: how many.
        clicks: items that were clicked, each once for a search.
        ctr: CTR@k, the share of searches with a click among the first k.
        position: mean position of clicks, from 1; None without clicks.
        unmatched: share of searches of which no item has a word.
        p: two-sided p-value of its CTR being the control's; None for the control.
    """

    name: str
    shoppers: int
    searches: int
    clicks: int
    ctr: Rate
    position: float | None
    unmatched: float
    p: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an experiment.

    Attributes:
        experiment: which.
        depth: k of CTR@k.
        arms: of a split, the control first; empty for an interleaving.
        wins: of an interleaving; None for a split.
        searches: that took part, first pages alone.
        nameless: searches that did not, as nobody knows whose they are.
    """

    experiment: Experiment
    depth: int
    arms: tuple[ArmOutcome, ...]
    wins: Wins | None
    searches: int
    nameless: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "experiment": self.experiment.to_json(),
            "depth": self.depth,
            "searches": self.searches,
            "nameless": self.nameless,
            "arms": [{**asdict(arm), "ctr": arm.ctr.to_json()} for arm in self.arms],
            "wins": self.wins.to_json() if self.wins else None,
        }


@dataclass(slots=True)
class _Search:
    shopper: str
    config: str
    drafted: tuple[Drafted, ...]
    unmatched: bool
    clicked: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class OutcomeReader:
    """Takes queries, then events, and says at the end what came of them.

    A shopper is a client's id, else a session's. Searches without either are counted apart: many may be one
    shopper's, and as many shoppers they would make any difference look certain.

    Attributes:
        experiment: whose searches count.
    """

    experiment: Experiment
    _searches: dict[str, _Search] = field(default_factory=dict)
    _nameless: int = 0

    def query(self, source: Mapping[str, Any]) -> None:
        """Take a document of ``ubi_queries``; those of other experiments, and later pages, do not count."""
        identity, said = source.get("query_id"), source.get("query_attributes")
        if not isinstance(identity, str) or not isinstance(said, Mapping) or not is_first_page(said):
            return
        config = said.get(SEARCH_CONFIG)
        if said.get(EXPERIMENT) != self.experiment.name or not isinstance(config, str):
            return
        shopper = source.get("client_id") or source.get("session_id")
        if not shopper:
            self._nameless += 1
            return
        drafted = self._drafted(source.get("query_response_hit_ids"), said.get(TEAMS))
        unmatched = said.get("matched") in ("meaning", "nothing")
        self._searches[identity] = _Search(str(shopper), config, drafted, unmatched)

    def _drafted(self, hits: object, teams: object) -> tuple[Drafted, ...]:
        # One hit's team may have been stored as a text and not as a list of one.
        named = [teams] if isinstance(teams, str) else teams
        if not isinstance(hits, list) or not isinstance(named, list) or len(hits) != len(named):
            return ()
        of = {self.experiment.control.name: Team.CONTROL, self.experiment.arms[0].name: Team.ARM}
        return tuple(Drafted(str(id_), of[name]) for id_, name in zip(hits, named, strict=True) if name in of)

    def event(self, source: Mapping[str, Any]) -> None:
        """Take a document of ``ubi_events``."""
        identity = source.get("query_id")
        search = self._searches.get(identity) if isinstance(identity, str) else None
        item, position = object_and_position(source.get("event_attributes"))
        if search is not None and source.get("action_name") in CLICKS and item:
            # An interleaving needs no position: the item's team is known.
            search.clicked.setdefault(item, 0 if position is None else position + 1)

    def done(self, depth: int) -> Outcome:
        """What came of it.

        Args:
            depth: k of CTR@k.
        """
        if self.experiment.kind is Kind.INTERLEAVE:
            found = self._wins()
            return Outcome(self.experiment, depth, (), found, len(self._searches), self._nameless)
        control = self._arm(self.experiment.control.name, depth, None)
        arms = [self._arm(arm.name, depth, control.ctr) for arm in self.experiment.arms]
        return Outcome(self.experiment, depth, (control, *arms), None, len(self._searches), self._nameless)

    def _wins(self) -> Wins:
        by_shopper: dict[str, list[int]] = {}
        for search in self._searches.values():
            if search.clicked and search.drafted:
                found = preference(search.drafted, search.clicked.keys())
                by_shopper.setdefault(search.shopper, []).append(found)
        return wins(by_shopper.values())

    def _arm(self, name: str, depth: int, control: Rate | None) -> ArmOutcome:
        mine = [search for search in self._searches.values() if search.config == name]
        clicked: dict[str, int] = {}
        asked: dict[str, int] = {}
        for search in mine:
            asked[search.shopper] = asked.get(search.shopper, 0) + 1
            hit = any(0 < place <= depth for place in search.clicked.values())
            clicked[search.shopper] = clicked.get(search.shopper, 0) + hit
        places = [place for search in mine for place in search.clicked.values() if place]
        ctr = rate(clicked.values(), asked.values())
        return ArmOutcome(
            name=name,
            shoppers=len(asked),
            searches=len(mine),
            clicks=sum(len(search.clicked) for search in mine),
            ctr=ctr,
            position=sum(places) / len(places) if places else None,
            unmatched=sum(search.unmatched for search in mine) / len(mine) if mine else 0.0,
            p=None if control is None else p_value(control, ctr),
        )
