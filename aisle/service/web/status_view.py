"""What a catalogue's status page shows: what is live, what was done, and what the watch found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from aisle.evaluation.watch.alarms import Acted
from aisle.evaluation.watch.state import WatchState
from aisle.indexer.releases.log import MOVES, LogEntry
from aisle.mappings import IndexMeta

SHOWN: Final = 20
"""Entries of the log."""


@dataclass(frozen=True, slots=True)
class StatusView:
    """What the page shows.

    Attributes:
        release: that is live.
        since: when it became so, ISO 8601; empty if the log does not say.
        models: a line of each that it is served with; empty: it searches by words alone.
        entries: of the log, the newest first.
        checks: readings of the watch, each with whether it is an alarm ("since ..."), and a line of each
            action that was done for it.
    """

    release: str
    since: str
    models: tuple[str, ...]
    entries: tuple[LogEntry, ...]
    checks: tuple[dict[str, Any], ...]


def status_view(meta: IndexMeta, log: tuple[LogEntry, ...], state: WatchState | None) -> StatusView:
    """The same from what the release, the log (oldest first) and the watch say."""
    made = [one.at for one in log if one.release == meta.release and one.action in MOVES]
    spaces = [f"{field}: {one.name} {one.fingerprint[:12]}" for field, one in meta.spaces.items()]
    return StatusView(
        meta.release,
        made[-1] if made else "",
        (*spaces, *meta.ordering.texts),
        tuple(reversed(log))[:SHOWN],
        _checks(state) if state is not None else (),
    )


def _checks(state: WatchState) -> tuple[dict[str, Any], ...]:
    known = {str(one["name"]): one for one in state.readings}
    # An alarm stays one while its figure cannot be measured.
    unread = {name: {"name": name} for name, alarm in state.alarms.items() if alarm.raised} | known
    return tuple(
        {
            "name": name,
            "value": one.get("value"),
            "limit": one.get("limit"),
            "note": one.get("note", ""),
            "since": alarm.since if (alarm := state.alarms.get(name)) and alarm.raised else None,
            "acted": [_acted(*one) for one in alarm.acted.items()] if alarm else [],
        }
        for name, one in unread.items()
    )


def _acted(action: str, done: Acted) -> str:
    what = f"{action} failed {done.failed} in a row, last" if done.failed else action
    then = f"not again before {done.until}" if done.until else "tried again in the next round"
    return f"{what} {done.at}, {then}"
