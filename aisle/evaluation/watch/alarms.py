"""Which alarms are raised, and which are due to be acted on. Pure.

An alarm has two thresholds (hysteresis, as Schmitt's trigger has): it is raised beyond the limit, and ends
only when the figure is back within a share of it, so that a figure which hovers at its limit raises it once.
What was acted on is not acted on again before the cooldown is over. Each action, a command or a webhook, has
a cooldown of its own: one that fails is tried again, and one that was done meanwhile is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from aisle.evaluation.watch.policy import WatchPolicy
from aisle.evaluation.watch.readings import Reading

TRIES: Final = 3
"""So often an action that fails is tried in a row, a round each; then it waits for the cooldown, too."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What is known of one action for one trigger.

    Attributes:
        at: when it was done or tried last, ISO 8601.
        failed: how often in a row it failed; 0: it was done.
        until: when its cooldown ends, ISO 8601; None: it is tried again in the next round.
    """

    at: str
    failed: int = 0
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is known of one trigger.

    Attributes:
        raised: whether it is an alarm now.
        since: when it was raised, ISO 8601; None if it is not.
        rounds: in a row beyond the limit, up to now.
        acted: action, such as ``command``, to when it was done last.
    """

    raised: bool = False
    since: str | None = None
    rounds: int = 0
    acted: Mapping[str, Acted] = field(default_factory=dict)

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
        due: action to what it is to be done for now: raised, and not done for within the cooldown.
    """

    alarms: Mapping[str, Alarm]
    raised: tuple[str, ...]
    ended: tuple[str, ...]
    due: Mapping[str, tuple[str, ...]]

    @property
    def active(self) -> tuple[str, ...]:
        """Triggers that are alarms now."""
        return tuple(name for name, alarm in self.alarms.items() if alarm.raised)


def decide(
    alarms: Mapping[str, Alarm],
    found: Sequence[Reading],
    policy: WatchPolicy,
    now: datetime,
    actions: Sequence[str] = (),
) -> Decision:
    """Which alarms there are after a round.

    Args:
        alarms: trigger to what was known of it.
        found: this round's readings; a trigger without one stays as it was, and is not acted on.
        policy: the limits.
        now: with its time zone.
        actions: names of those that there are.
    """
    after = dict(alarms)
    raised, ended = [], []
    due: dict[str, list[str]] = {action: [] for action in actions}
    for reading in found:
        before = after.get(reading.name, Alarm())
        rounds = before.rounds + 1 if reading.beyond else 0
        if before.raised:
            is_raised = reading.value > policy.recovery * reading.limit
        else:
            is_raised = rounds >= policy.confirm
        since = before.since if before.raised else now.isoformat(timespec="seconds")
        after[reading.name] = replace(
            before,
            raised=is_raised,
            since=since if is_raised else None,
            rounds=rounds,
            # What failed for an alarm that has ended is no reason to be slow with the next one.
            acted={
                action: _timed(one, policy)
                for action, one in before.acted.items()
                if is_raised or not one.failed
            },
        )
        if is_raised and not before.raised:
            raised.append(reading.name)
        if before.raised and not is_raised:
            ended.append(reading.name)
        for action in actions if is_raised else ():
            if _due(before.acted.get(action), now, policy):
                due[action].append(reading.name)
    named = {action: tuple(names) for action, names in due.items() if names}
    return Decision(after, tuple(raised), tuple(ended), named)


def acted(
    alarms: Mapping[str, Alarm],
    names: Collection[str],
    action: str,
    policy: WatchPolicy,
    now: datetime,
    *,
    failed: bool = False,
) -> dict[str, Alarm]:
    """The alarms, for some of which an action was done now, or tried."""
    after = dict(alarms)
    for name in names:
        before = alarms[name].acted.get(action)
        times = (before.failed if before else 0) + 1 if failed else 0
        done = _timed(Acted(now.isoformat(timespec="seconds"), times), policy)
        after[name] = replace(alarms[name], acted={**alarms[name].acted, action: done})
    return after


def _timed(done: Acted, policy: WatchPolicy) -> Acted:
    """With the end of the cooldown, which another policy may have moved."""
    if 0 < done.failed < TRIES:
        return replace(done, until=None)
    end = datetime.fromisoformat(done.at) + timedelta(hours=policy.cooldown_hours)
    return replace(done, until=end.isoformat(timespec="seconds"))


def _due(done: Acted | None, now: datetime, policy: WatchPolicy) -> bool:
    if done is None or 0 < done.failed < TRIES:
        return True
    # A clock that was ahead by months, and was set right, must not silence a trigger until then.
    return abs(now - datetime.fromisoformat(done.at)) >= timedelta(hours=policy.cooldown_hours)
