"""What a watch remembers between its rounds, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aisle.errors import InputError
from aisle.evaluation.watch.alarms import Alarm
from aisle.evaluation.watch.figures import WatchFigures

_SCHEMA: Final = 1


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
        if isinstance(held, dict) and held.get("schema", _SCHEMA) != _SCHEMA:
            raise InputError(
                f"{source} is of another version of Aisle", fix="use that one, or another --state"
            )
        try:
            return cls(
                catalogue=held["catalogue"],
                at=held["at"],
                release=held["release"],
                problem=held["problem"],
                failures=held["failures"],
                alarms={name: Alarm(**one) for name, one in held["alarms"].items()},
                readings=tuple(held["readings"]),
                skipped=held["skipped"],
                baseline_at=held["baseline_at"],
                baseline=None if held["baseline"] is None else WatchFigures.from_json(held["baseline"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{source} is not the state of a watch ({error!r})", fix="name another file, or remove it"
            ) from error
