"""The rules that are live, read again every few seconds and never for each search."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Final

from aisle.cluster import Cluster
from aisle.errors import AisleError
from aisle.search.rules.effects import RuleEffects, effects_of
from aisle.search.rules.matching import RuleBook, Situation
from aisle.search.rules.store import RulesHistory, RuleStore

EVERY_S: Final = 10.0
"""How old rules may be."""

# A search waits for no more: those that were read before are good enough.
_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class LiveRules:
    """A catalogue's rules as they were last read.

    Attributes:
        version: of them; 0 if there are none.
        book: the rules.
        problem: why they could not be read again since; empty if they were.
    """

    version: int
    book: RuleBook
    problem: str = ""

    def of(self, situation: Situation) -> RuleEffects:
        """What they make of a search."""
        found = effects_of(self.book.acting(situation), situation.text)
        return replace(found, version=self.version, problem=self.problem)


@dataclass(frozen=True, slots=True)
class FixedRules:
    """The same rules whatever is live, in the place of a `RulesReader`.

    Attributes:
        rules: that act.
    """

    rules: LiveRules

    def effects(self, _name: str, situation: Situation) -> RuleEffects:
        """What they make of a search of any catalogue."""
        return self.rules.of(situation)


@dataclass(frozen=True, slots=True)
class _Look:
    live: LiveRules
    history: RulesHistory
    due: float


_NONE: Final = LiveRules(0, RuleBook())


class RulesReader:
    """Hands out the live rules of catalogues. It may be used from several threads.

    What costs a search a request once in a while is one small document; the rules themselves are read when
    there is a new version of them.

    Args:
        cluster: connection.
        every_s: how old rules may be, in seconds.
    """

    def __init__(self, cluster: Cluster, every_s: float = EVERY_S) -> None:
        self._cluster = cluster
        self._every_s = every_s
        self._looks: dict[str, _Look] = {}
        self._lock = threading.Lock()

    def current(self, name: str) -> LiveRules:
        """A catalogue's rules, at most ``every_s`` old.

        Rules that cannot be read stay as they were, and say so: a search goes on without news.
        """
        look = self._looks.get(name)
        if look is None:
            with self._lock:
                # Another thread may have looked meanwhile.
                return self._looks[name].live if name in self._looks else self._again(name, None).live
        if time.monotonic() >= look.due and self._lock.acquire(blocking=False):
            # One search pays; the others meanwhile go on with what there is.
            try:
                return self._again(name, look).live
            finally:
                self._lock.release()
        return look.live

    def effects(self, name: str, situation: Situation) -> RuleEffects:
        """What a catalogue's rules make of a search."""
        return self.current(name).of(situation)

    def _again(self, name: str, last: _Look | None) -> _Look:
        history = last.history if last else RulesHistory()
        live = last.live if last else _NONE
        try:
            found = RuleStore(self._cluster, name, _TIMEOUT_S).history()
            if found != history or live.problem:
                live, history = self._read(name, found), found
        except AisleError as error:
            live = replace(live, problem=f"the rules could not be read: {error.message}")
        look = self._looks[name] = _Look(live, history, time.monotonic() + self._every_s)
        return look

    def _read(self, name: str, history: RulesHistory) -> LiveRules:
        if history.live is None:
            return _NONE
        rules = RuleStore(self._cluster, name, _TIMEOUT_S).rules(history.live)
        return LiveRules(history.live.version, RuleBook(rules.rules))
