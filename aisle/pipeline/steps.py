"""All steps of a pipeline, in order, and the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from aisle._environment import optional
from aisle.catalogue.fetch import is_url
from aisle.pipeline.model_steps import Export, Train, TrainRanker
from aisle.pipeline.prepare import copy_sources, source_files
from aisle.pipeline.release_steps import Bind, Evaluate, Gate, Index, Promote, Record
from aisle.pipeline.step import (
    PREPARE,
    Step,
    Workplace,
)
from aisle.pipeline.work import read_record


@dataclass(frozen=True, slots=True)
class Prepare(Step):
    """Copies what is read, and looks into it."""

    name: ClassVar[str] = PREPARE

    def files(self) -> tuple[Path, ...]:
        """The user's."""
        return tuple(
            dict.fromkeys(file for one in self.at.settings.sources.values() for file in source_files(one))
        )

    def decided(self) -> Mapping[str, Any]:
        """Where they are, and the split that is looked for."""
        settings = self.at.settings
        splits = {"split": settings.split, "split of the ranker": settings.ranker_split}
        return {"sources": dict(settings.sources), **splits}

    def stale(self) -> str:
        """What is on the web is fetched at every run."""
        for role, address in self.at.settings.sources.items():
            if is_url(address):
                return f"{role} is fetched from the web"
            path = read_record(self.at.work.source(role)).get("path", "")
            if not Path(path).exists():
                return f"the copy of {role} is gone"
        return ""

    def run(self) -> Mapping[str, Any]:
        """Copy, after a look at whether later steps could work at all."""
        if set(self.at.settings.train) - {"recommender"}:
            optional("torch", extra="train")
        if (ranker := self.at.settings.ranker) is not None and ranker.get("model") != "linear":
            optional("lightgbm", extra="train")
        if self.at.settings.registry:
            optional("obstore", extra="registry")
        return copy_sources(self.at.settings, self.at.work)


def steps_of(at: Workplace) -> tuple[Step, ...]:
    """All steps, in order."""
    return (
        Prepare(at),
        *(Train(at, kind) for kind in at.settings.train),
        Export(at),
        Index(at),
        *([TrainRanker(at)] if at.settings.ranker is not None else []),
        *([Bind(at)] if at.settings.binds else []),
        Evaluate(at),
        Gate(at),
        Promote(at),
        *([Record(at)] if at.settings.registry else []),
    )
