"""Releases in which nothing changed: how often a gate stops one all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scipy.stats import beta

from aisle.indexer.releases.delete import delete_release
from benchmarks.harness.command_line import say
from benchmarks.releases.shop import DrillShop

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What the gates made of releases of the same catalogue, exported in another order each time.

    Attributes:
        releases: how many.
        alarms: those that were stopped, each with what stopped it.
    """

    releases: int
    alarms: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Alarms a release."""
        return len(self.alarms) / self.releases

    @property
    def interval(self) -> tuple[float, float]:
        """Of the rate, 95 %, after Clopper and Pearson (Biometrika 1934)."""
        alarms, quiet, tail = len(self.alarms), self.releases - len(self.alarms), (1 - CONFIDENCE) / 2
        low = float(beta.ppf(tail, alarms, quiet + 1)) if alarms else 0.0
        high = float(beta.ppf(1 - tail, alarms + 1, quiet)) if quiet else 1.0
        return low, high


def release_unchanged(shop: DrillShop, releases: int) -> Unchanged:
    """Stage and gate so many releases."""
    alarms = []
    for number in range(releases):
        release = shop.stage(shop.shuffled(number))
        report = shop.gate(release)
        if not report.passed:
            failed = "; ".join(
                f"{one.gate.value}: {one.check.name} {one.check.value:.4g} (limit {one.check.limit:.4g})"
                for one in report.failures
            )
            say(f"release {number}: {failed}")
            alarms.append(failed)
        delete_release(shop.client, release)
        if number % 10 == 9:
            say(f"{number + 1} of {releases} releases, {len(alarms)} stopped")
    return Unchanged(releases, tuple(alarms))
