"""What a run of a pipeline did, or would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

NOTE: Final = "note"
"""Key of a result that says to people what else came of a step."""


class StepState(StrEnum):
    """What became of a step."""

    DONE = "done"
    KEPT = "up to date"
    STOPPED = "stopped"
    FAILED = "failed"
    LEFT = "not reached"
    WOULD = "would run"
    PERHAPS = "depends"


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step of a run.

    Attributes:
        step: its name.
        state: what became of it.
        why: it was run, or would be, or ended there.
        seconds: that it took.
        result: what it made, as plain JSON.
    """

    step: str
    state: StepState
    why: str = ""
    seconds: float = 0.0
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What else came of it, in its result; empty of a step that has not come so far."""
        finished = self.state in (StepState.DONE, StepState.KEPT)
        return str(self.result.get(NOTE, "")) if finished else ""


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """A run of a pipeline.

    Attributes:
        name: of the catalogue.
        work: folder of results.
        steps: in order.
        dry_run: whether nothing was done.
    """

    name: str
    work: Path
    steps: tuple[StepReport, ...]
    dry_run: bool = False

    @property
    def stopped(self) -> str:
        """Why it ended before its last step; empty if it did not."""
        return next((one.why for one in self.steps if one.state is StepState.STOPPED), "")

    @property
    def live(self) -> str:
        """The release that it made live, now or in an earlier run; empty if it ended before."""
        return next((str(one.result.get("live", "")) for one in self.steps if one.step == "promote"), "")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "name": self.name,
            "live": self.live,
            "stopped": self.stopped,
            "dry_run": self.dry_run,
            "work": str(self.work),
            "steps": [{**asdict(one), "seconds": round(one.seconds, 2)} for one in self.steps],
        }
