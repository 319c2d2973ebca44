"""What a watch remembers between its rounds, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError

from aisle.errors import InputError
from aisle.evaluation.watch.alarms import Alarm
from aisle.evaluation.watch.figures import WatchFigures

_SCHEMA: Final = 2
# What the first schema knew of was done by all actions there are, or by none.
_ACTIONS: Final = ("command", "webhook")


@dataclass(frozen=True, slots=True)
class WatchState:
    """Attributes:
    catalogue: that is watched.
    at: when the last round was, ISO 8601; empty before the first.
    release: that was live then.
    problem: why nothing could be measured then; empty if all went well.
    failures: rounds in a row that had a problem.
    alarms: trigger to what is known of it.
    readings: of the last round that had some, as plain JSON.
    skipped: what it could not measure, to why not.
    baseline_at: when the baseline was measured.
    baseline: what figures are held against; None before the first.
    """

    catalogue: str
    at: str = ""
    release: str = ""
    problem: str = ""
    failures: int = 0
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    readings: tuple[Mapping[str, Any], ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    baseline_at: str = ""
    baseline: WatchFigures | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "schema": _SCHEMA,
            **self.status(),
            "baseline": self.baseline.to_json() if self.baseline else None,
        }

    def status(self) -> dict[str, Any]:
        """What others are told: all of it but the baseline, which holds words that shoppers typed."""
        return {
            "catalogue": self.catalogue,
            "at": self.at,
            "release": self.release,
            "problem": self.problem,
            "failures": self.failures,
            "alarms": {name: alarm.to_json() for name, alarm in self.alarms.items()},
            "readings": [dict(one) for one in self.readings],
            "skipped": dict(self.skipped),
            "baseline_at": self.baseline_at,
        }

    @classmethod
    def from_json(cls, held: Any, source: str) -> Self:
        """What `to_json` gave.

        Args:
            held: JSON.
            source: where it is from, for errors.

        Raises:
            InputError: it is not the state of a watch, or that of a later version.
        """
        if isinstance(held, dict) and held.get("schema", _SCHEMA) == 1:
            held = _of_schema_1(held)
        if isinstance(held, dict) and held.get("schema", _SCHEMA) != _SCHEMA:
            raise InputError(
                f"{source} is of another version of Aisle", fix="use that one, or another --state"
            )
        try:
            found = TypeAdapter(cls).validate_python(held)
            # A default is for a first round, not for what was lost.
            if lost := [one.name for one in fields(cls) if one.name not in held]:
                raise ValueError(f"it lacks {lost[0]}")
            for alarm in found.alarms.values():
                times = (alarm.since, *(at for one in alarm.acted.values() for at in (one.at, one.until)))
                for at in filter(None, times):
                    if datetime.fromisoformat(at).tzinfo is None:
                        raise ValueError(f"{at} has no time zone")
        except ValueError as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise InputError(
                f"{source} is not the state of a watch ({reason})", fix="name another file, or remove it"
            ) from error
        return found


def _of_schema_1(held: Mapping[str, Any]) -> dict[str, Any]:
    """One that knew when a trigger was acted on, and not by which action; what is no state stays none."""
    alarms = held.get("alarms")
    if isinstance(alarms, dict):
        alarms = {name: _alarm_of_schema_1(one) for name, one in alarms.items()}
    return {**held, "schema": _SCHEMA, "alarms": alarms}


def _alarm_of_schema_1(held: Any) -> Any:
    if not isinstance(held, dict):
        return held
    at = held.get("acted")
    return {**held, "acted": {action: {"at": at} for action in _ACTIONS} if at else {}}
