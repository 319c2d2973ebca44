"""When a watch raises an alarm: one small TOML file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from aisle.errors import InputError
from aisle.evaluation.limits import check_count, check_number, read_limits, write_limits
from aisle.evaluation.metrics import DEFAULT_METRICS

_YEAR_H: Final = 24 * 366


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """Triggers of a watch; a baseline is what was measured when the watch began.

    The usual values of ``metric_drop`` and ``codes_used`` are those that are published for retraining.

    Attributes:
        metric: that is measured on judged queries.
        metric_drop: share of the baseline's mean that it may lose, 0 to 1.
        codes_used: share of the codes of each level that some item must have, 0 to 1.
        shrink: share of the baseline's documents that may be missing, 0 to 1.
        unmatched_rise: how much larger the share of searches may be of which no word is found, 0 to 1.
        ctr_depth: CTR@k is the share of searches with a click among so many first.
        ctr_drop: share of the baseline's CTR that may be lost, 0 to 1.
        click_position_rise: how much further down the mean click may be, as a share of the baseline's.
        query_drift, item_drift: largest population stability index of what is asked, and of the items.
        unreachable: rounds in a row that may fail before that is an alarm.
        significance: figures of what shoppers do, and drift, count only if chance alone explains them with
            a smaller probability.
        least_searches: fewer searches tell nothing.
        window_hours: searches of so many last hours count.
        recovery: an alarm that is raised ends when its figure is back within this share of the limit, 0 to 1.
        confirm: rounds in a row that a figure must be beyond its limit to raise an alarm.
        cooldown_hours: least hours between two actions of one trigger.

    Raises:
        InputError: a limit that means nothing.
    """

    metric: str = "R@10"
    metric_drop: float = 0.02
    codes_used: float = 0.8
    shrink: float = 0.2
    unmatched_rise: float = 0.05
    ctr_depth: int = 10
    ctr_drop: float = 0.1
    click_position_rise: float = 0.2
    query_drift: float = 0.25
    item_drift: float = 0.25
    unreachable: int = 3
    significance: float = 0.001
    least_searches: int = 500
    window_hours: float = 24.0
    recovery: float = 0.75
    confirm: int = 1
    cooldown_hours: float = 24.0

    def __post_init__(self) -> None:
        if self.metric not in DEFAULT_METRICS:
            raise InputError(
                f"a watch knows no metric {self.metric!r}", fix=f"choose from {', '.join(DEFAULT_METRICS)}"
            )
        for name in ("metric_drop", "codes_used", "shrink", "unmatched_rise", "ctr_drop", "recovery"):
            check_number(name, getattr(self, name), 0, 1)
        check_number("significance", self.significance, 1e-12, 1)
        for name in ("click_position_rise", "query_drift", "item_drift"):
            check_number(name, getattr(self, name), 0, float("inf"))
        check_number("window_hours", self.window_hours, 0.01, _YEAR_H)
        check_number("cooldown_hours", self.cooldown_hours, 0, _YEAR_H)
        for name in ("ctr_depth", "unreachable", "least_searches", "confirm"):
            check_count(name, getattr(self, name))

    def to_toml(self) -> str:
        """The file that says all of it; read again it is the same."""
        return write_limits(self)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


_NAMES: Final = tuple(one.name for one in fields(WatchPolicy))


def read_watch_policy(path: Path) -> WatchPolicy:
    """The policy of a file; what it leaves out is as usual.

    Raises:
        InputError: it cannot be read, is no TOML, names what there is not, or see `WatchPolicy`.
    """
    try:
        return WatchPolicy(**read_limits(_NAMES, (), path, "a watch"))
    except InputError as error:
        raise InputError(
            error.message if str(path) in error.message else f"{path}: {error.message}", fix=error.fix
        ) from None
