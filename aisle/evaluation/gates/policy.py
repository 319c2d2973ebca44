"""What a release must reach, and may cost, to go live: one small TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from aisle.errors import InputError
from aisle.evaluation.limits import check_count, check_number, parse_limits, read_limits, write_limits
from aisle.evaluation.metrics import DEFAULT_METRICS
from aisle.evaluation.seen import Seen

_USUAL_DROPS: Final = MappingProxyType({"nDCG@10": 0.01, "R@10": 0.02, "R@200": 0.02})


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Limits of a release against the live one.

    Attributes:
        least: metric to the least mean that a release must reach, whatever is live, 0 to 1.
        drop: metric to how much less than the live release's the mean may be, 0 to 1.
        significance: a mean below the live one's, however little, stops a release if the paired randomisation
            test gives less than this p-value; 0 leaves the test out.
        tested: metric that the test, and segments, are about.
        segment_drop: how much less than the live one's the mean of a segment may be, 0 to 1.
        segment_queries: queries that a segment must have to count: fewer tell nothing.
        golden: share of the golden queries that must find their item, 0 to 1.
        golden_depth: among so many first.
        smoke: share of sampled items that must be found by their own title, and by their own vector.
        vector_cosine: least mean cosine of sampled items' vectors with those that the encoder makes of them
            now, 0 to 1: what was made by another encoder, or of other texts, is none that a query meets.
        seen: share of the judged queries that a model of the release may have learned from, 0 to 1: what it
            learned by heart, it is too good at.
        seen_queries: of so many a model must be able to tell, for its share to count.
        utilisation: share of the codes of each level that some item must have, 0 to 1.
        int8_cosine: least mean cosine of an INT8 encoder with the model that it was made of, 0 to 1.
        coverage_drop: share of the live release's coverage that a field may lose, 0 to 1.
        shrink: share of the live release's documents by which there may be fewer, 0 to 1.
        size: most bytes a document, as a multiple of the live release's.
        size_slack_mb: megabytes in all that are too few to count as larger, as segments have some.
        latency: most milliseconds a query, as a multiple of the live release's median; the release's are that
            median and the median of what each query takes longer, both asked in turn.
        latency_slack_ms: milliseconds that are too few to count as slower.

    Raises:
        InputError: a limit that means nothing.
    """

    least: Mapping[str, float] = field(default_factory=dict)
    drop: Mapping[str, float] = field(default_factory=lambda: _USUAL_DROPS)
    significance: float = 0.01
    tested: str = "nDCG@10"
    segment_drop: float = 0.05
    segment_queries: int = 20
    golden: float = 1.0
    golden_depth: int = 10
    smoke: float = 0.95
    vector_cosine: float = 0.98
    seen: float = 0.1
    seen_queries: int = 10
    utilisation: float = 0.8
    int8_cosine: float = 0.98
    coverage_drop: float = 0.2
    shrink: float = 0.2
    size: float = 1.5
    size_slack_mb: float = 10.0
    latency: float = 1.5
    latency_slack_ms: float = 5.0

    def __post_init__(self) -> None:
        for name in (*self.least, *self.drop, self.tested):
            if name not in DEFAULT_METRICS:
                raise InputError(
                    f"a gate knows no metric {name!r}", fix=f"choose from {', '.join(DEFAULT_METRICS)}"
                )
        shares = {
            **{f"least.{name}": value for name, value in self.least.items()},
            **{f"drop.{name}": value for name, value in self.drop.items()},
            **{name: getattr(self, name) for name in _SHARES},
        }
        for name, value in shares.items():
            check_number(name, value, 0, 1)
        for name in ("size", "size_slack_mb", "latency", "latency_slack_ms"):
            check_number(name, getattr(self, name), 0, float("inf"))
        for name in ("segment_queries", "golden_depth", "seen_queries"):
            check_count(name, getattr(self, name))

    def knowing_too_many(self, models: Mapping[str, Seen]) -> dict[str, Seen]:
        """The models that learned from so many of the judged queries that they look better than they are."""
        return {
            model: seen
            for model, seen in models.items()
            if seen.asked >= self.seen_queries and seen.share > self.seen
        }

    @classmethod
    def from_toml(cls, text: str, source: str) -> Self:
        """A policy from a file's content; what it leaves out is as usual.

        Args:
            text: TOML.
            source: where it is from, for errors.

        Raises:
            InputError: it is no TOML, names what there is not, or see `GatePolicy`.
        """
        return cls._of(parse_limits(_names(cls), _TABLES, text, source, _WHOSE), source)

    @classmethod
    def _of(cls, held: Mapping[str, Any], source: str) -> Self:
        if not isinstance(held.get("tested", ""), str):
            raise InputError(f"{source}: tested is no metric", fix='write tested = "nDCG@10"')
        try:
            return cls(**held)
        except InputError as error:
            raise InputError(f"{source}: {error.message}", fix=error.fix) from None

    def to_toml(self) -> str:
        """The file that says all of it; read again it is the same."""
        return write_limits(self)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            one.name: dict(value) if isinstance(value := getattr(self, one.name), Mapping) else value
            for one in fields(self)
        }


_TABLES: Final = ("least", "drop")
_SHARES: Final = (
    *("significance", "segment_drop", "golden", "smoke", "vector_cosine", "seen"),
    *("utilisation", "int8_cosine", "coverage_drop", "shrink"),
)


_WHOSE: Final = "a gate"


def _names(policy: type[GatePolicy]) -> list[str]:
    return [one.name for one in fields(policy)]


def read_policy(path: Path) -> GatePolicy:
    """The policy of a file.

    Raises:
        InputError: it cannot be read, or see `GatePolicy.from_toml`.
    """
    return GatePolicy._of(read_limits(_names(GatePolicy), _TABLES, path, _WHOSE), str(path))
