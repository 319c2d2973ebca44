"""Which alarms are raised, and which are due to be acted on. Pure.

An alarm has two thresholds (hysteresis, as Schmitt's trigger has): it is raised beyond the limit, and ends
only when the figure is back within a share of it, so that a figure which hovers at its limit raises it once.
What was acted on is not acted on again before the cooldown is over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aisle.evaluation.watch.policy import WatchPolicy
from aisle.evaluation.watch.readings import Reading


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is known of one trigger.

    Attributes:
        raised: whether it is an alarm now.
        since: when it was raised, ISO 8601; None if it is not.
        rounds: in a row beyond the limit, up to now.
        acted: when somebody was last told of it, ISO 8601; None: never.
    """

    raised: bool = False
    since: str | None = None
    rounds: int = 0
    acted: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a round came to.

    Attributes:
        alarms: trigger to what is known of it now.
        raised: triggers of new alarms.
        ended: those whose alarm has ended.
        due: those to be acted on now: raised, and not acted on within the cooldown.
    """

    alarms: Mapping[str, Alarm]
    raised: tuple[str, ...]
    ended: tuple[str, ...]
    due: tuple[str, ...]

    @property
    def active(self) -> tuple[str, ...]:
        """Triggers that are alarms now."""
        return tuple(name for name, alarm in self.alarms.items() if alarm.raised)


def decide(
    alarms: Mapping[str, Alarm], found: Sequence[Reading], policy: WatchPolicy, now: datetime
) -> Decision:
    """Which alarms there are after a round.

    Args:
        alarms: trigger to what was known of it.
        found: this round's readings; a trigger without one stays as it was, and is not acted on.
        policy: the limits.
        now: with its time zone.
    """
    after = dict(alarms)
    raised, ended, due = [], [], []
    for reading in found:
        before = after.get(reading.name, Alarm())
        rounds = before.rounds + 1 if reading.beyond else 0
        if before.raised:
            is_raised = reading.value > policy.recovery * reading.limit
        else:
            is_raised = rounds >= policy.confirm
        since = before.since if before.raised else now.isoformat(timespec="seconds")
        after[reading.name] = replace(
            before, raised=is_raised, since=since if is_raised else None, rounds=rounds
        )
        if is_raised and not before.raised:
            raised.append(reading.name)
        if before.raised and not is_raised:
            ended.append(reading.name)
        if is_raised and _cooled(before.acted, now, policy):
            due.append(reading.name)
    return Decision(after, tuple(raised), tuple(ended), tuple(due))


def acted(alarms: Mapping[str, Alarm], names: Collection[str], now: datetime) -> dict[str, Alarm]:
    """The alarms, some of which were acted on now."""
    at = now.isoformat(timespec="seconds")
    return {name: replace(alarm, acted=at) if name in names else alarm for name, alarm in alarms.items()}


def _cooled(at: str | None, now: datetime, policy: WatchPolicy) -> bool:
    return at is None or now - datetime.fromisoformat(at) >= timedelta(hours=policy.cooldown_hours)
