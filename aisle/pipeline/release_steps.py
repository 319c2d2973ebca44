"""Steps of a release: made, bound to what orders it, measured, and live."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import aisle
from aisle._item_fields import NONE
from aisle.encoder.artifact import read_manifest
from aisle.errors import AisleError, InputError
from aisle.indexer.progress import Progress as IndexProgress
from aisle.pipeline.report import NOTE
from aisle.pipeline.settings import CATALOGUE, JUDGED
from aisle.pipeline.step import (
    ARTIFACT_KINDS,
    BIND,
    EVALUATE,
    EXPORT,
    GATE,
    INDEX,
    PROMOTE,
    RECORD,
    STOPPED,
    TRAIN_RANKER,
    Step,
    Workplace,
    index_uuid,
    named_files,
    release_exists,
)
from aisle.search import read_live
from aisle.training.common.progress import Progress

_SECONDS_BETWEEN_NOTES: Final = 10.0


@dataclass(frozen=True, slots=True)
class Index(Step):
    """Makes a release and stages it."""

    name: ClassVar[str] = INDEX

    def files(self) -> tuple[Path, ...]:
        """The catalogue, the artifacts, files that options name, and what a ranker learns."""
        return (
            self.at.work.source(CATALOGUE),
            self.at.work.result(EXPORT),
            *([self.at.work.source(JUDGED)] if self.at.settings.ranker is not None else []),
            *named_files({k: v for k, v in self.at.settings.index.items() if k not in ARTIFACT_KINDS}),
        )

    def decided(self) -> Mapping[str, Any]:
        """Its options; and what is to order it, as nothing else may change of a release that is live."""
        return {**self.at.settings.index, "what is bound": self._bound()}

    def _bound(self) -> dict[str, Any]:
        bound = {**self.at.settings.bind, "trained": self.at.settings.ranker}
        for kind in ("ranker", "preferences"):
            if bound.get(kind, NONE) != NONE:
                bound[kind] = read_manifest(self.at.store.resolve(bound[kind], kind)).fingerprint
        return bound

    def stale(self) -> str:
        """The release may be gone, or the cluster be another one."""
        made = self.at.result(self.name)
        # What somebody went back from is not made again because it was cleaned up since.
        if made and not self.at.held and not release_exists(self.at, made):
            return f"{made['release']} is gone"
        return ""

    def run(self) -> Mapping[str, Any]:
        """Index; a run that was broken off goes on if all is as it was."""
        at = self.at
        attempt, inputs = at.work.path / "index-attempt", self.inputs()
        resume = attempt.is_file() and attempt.read_text() == inputs
        attempt.write_text(inputs)
        made = {kind: record["fingerprint"] for kind, record in at.result(EXPORT).items()}
        options = {**at.settings.index, **made}
        if options.get("encoder") == NONE:
            options["encoder"] = None
        report = aisle.index(
            at.source(CATALOGUE),
            at.settings.name,
            stage=True,
            resume=resume,
            dead_letters=at.work.path / "dead-letters.jsonl",
            cluster=at.cluster,
            store=at.store,
            progress=_IndexNotes(at.progress).told,
            **options,
        )
        attempt.unlink()
        return {
            "release": report.release,
            "uuid": index_uuid(at.cluster, report.release),
            "documents": report.documents,
            "dead_letters": dict(report.dead_letters),
        }


class _IndexNotes:
    """A note of how far indexing is, every few seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._next = time.monotonic() + _SECONDS_BETWEEN_NOTES

    def told(self, now: IndexProgress) -> None:
        """Say it if it is time."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_NOTES
            self._progress.note(f"{now.accepted:,} items are in the index after {now.seconds:.0f} s")


@dataclass(frozen=True, slots=True)
class Bind(Step):
    """Makes the models that order what is found part of the release."""

    name: ClassVar[str] = BIND

    def files(self) -> tuple[Path, ...]:
        """The release, and the ranker that was trained on it."""
        ranker = [self.at.work.result(TRAIN_RANKER)] if self.at.settings.ranker is not None else []
        return (self.at.work.result(INDEX), *ranker)

    def run(self) -> Mapping[str, Any]:
        """Bind them, as long as nobody searches the release."""
        at, release = self.at, self.at.result(INDEX)["release"]
        options = dict(at.settings.bind)
        if trained := at.result(TRAIN_RANKER).get("fingerprint") if at.settings.ranker is not None else None:
            options["ranker"] = trained
        if not options:
            # No ranker was made: what the release has is what it was made with, as what is live has it.
            models = list(read_live(at.cluster, release).meta.ordering.texts)
            said = f"nothing new; ordered as what was live: {', '.join(models) or 'by the fusion'}"
            return {"release": release, "models": models, NOTE: said}
        if release in at.inventory().live:
            raise InputError(
                f"{release} is live, and what orders it is bound before the gate", fix="add --again index"
            )
        done = aisle.bind_models(release, cluster=at.cluster, store=at.store, **options)
        return {"release": release, "models": list(done.after.texts)}


def _refuse_rolled_back(at: Workplace, release: str) -> None:
    """A rollback was somebody's decision: nothing but a change of what the release is made of undoes it.

    Raises:
        InputError: the release was live, and is not any more.
    """
    now = at.inventory()
    if release in now.live or release in now.staged:
        return
    held = at.held or f"somebody went back to {''.join(now.live) or 'nothing'}"
    back = f"; or bring it back: aisle releases rollback {at.settings.name} --to {release}"
    raise InputError(
        f"{release} was live, and {held}: that holds until what it was made of changes",
        fix=f"change that, or make it anew with --again index{back if release in now.releases else ''}",
    )


@dataclass(frozen=True, slots=True)
class Evaluate(Step):
    """Measures the staged release beside the live one, and holds it to the policy."""

    name: ClassVar[str] = EVALUATE

    def files(self) -> tuple[Path, ...]:
        """The release, the judgments, and files that options name."""
        return (
            self.at.work.result(INDEX),
            *([self.at.work.result(BIND)] if self.at.settings.binds else []),
            *([self.at.work.source(JUDGED)] if JUDGED in self.at.settings.sources else []),
            *named_files(self.at.settings.gate),
        )

    def decided(self) -> Mapping[str, Any]:
        """The gate's options, and what is live."""
        return {"options": dict(self.at.settings.gate), "against": self._against()}

    def _against(self) -> str:
        """What is live; once the release itself is, what was live before it."""
        live = "".join(self.at.inventory().live)
        if live and live == self.at.result(INDEX).get("release"):
            return str(self.at.result(self.name).get("live", ""))
        return live

    def run(self) -> Mapping[str, Any]:
        """Measure, and write the report as Markdown, too."""
        at, release = self.at, self.at.result(INDEX)["release"]
        _refuse_rolled_back(at, release)
        if release in at.inventory().live:
            return {
                "passed": True,
                "candidate": release,
                "live": self._against(),
                NOTE: "it is live already",
            }
        report = aisle.gate_release(
            release,
            self._against() or None,
            judged=at.source(JUDGED) if JUDGED in at.settings.sources else None,
            cluster=at.cluster,
            store=at.store,
            progress=at.progress.note,
            **at.settings.gate,
        )
        (at.work.path / "gate.md").write_text(report.to_markdown())
        return report.to_json()


@dataclass(frozen=True, slots=True)
class Gate(Step):
    """Ends the pipeline if the release may not go live."""

    name: ClassVar[str] = GATE

    def files(self) -> tuple[Path, ...]:
        """What was measured."""
        return (self.at.work.result(EVALUATE),)

    def run(self) -> Mapping[str, Any]:
        """Decide."""
        found = self.at.result(EVALUATE)
        if found["passed"]:
            return {"passed": True, "release": found["candidate"]}
        failed = [one["name"] for one in found["failures"]] or ["nothing could be checked"]
        return {STOPPED: f"{found['candidate']} may not go live: {', '.join(failed)}"}


@dataclass(frozen=True, slots=True)
class Promote(Step):
    """Makes the release live."""

    name: ClassVar[str] = PROMOTE

    def files(self) -> tuple[Path, ...]:
        """The release, and that it passed."""
        return (self.at.work.result(INDEX), self.at.work.result(GATE))

    def stale(self) -> str:
        """Something else may be live by now."""
        release, live = self.at.result(INDEX).get("release"), self.at.inventory().live
        return "" if release in live else self.at.held or f"{''.join(live) or 'nothing'} is live"

    def run(self) -> Mapping[str, Any]:
        """Promote what was measured against what is still live; then older releases go but those to keep."""
        at, release = self.at, self.at.result(INDEX)["release"]
        _refuse_rolled_back(at, release)
        now, against = at.inventory(), self.at.result(EVALUATE)["live"]
        if release in now.live:
            return {"live": release, "replaced": against, "deleted": self._pruned()}
        if "".join(now.live) != against:
            raise InputError(
                f"{''.join(now.live) or 'nothing'} is live by now, and {release} was held against"
                f" {against or 'nothing'}",
                fix="run the pipeline again",
            )
        done = aisle.promote(at.settings.name, release, replacing=against, cluster=at.cluster)
        return {"live": done.live, "replaced": done.replaced, "deleted": self._pruned()}

    def _pruned(self) -> list[str]:
        """Without this a shop that makes a release every night would fill its cluster."""
        at = self.at
        try:
            return list(aisle.prune_releases(at.settings.name, at.settings.keep, cluster=at.cluster).deleted)
        except AisleError as error:
            # The release is live, and the next one that goes live prunes for both.
            at.progress.note(f"older releases stay: {error.message}")
            return []


@dataclass(frozen=True, slots=True)
class Record(Step):
    """Puts what went live on record."""

    name: ClassVar[str] = RECORD

    def files(self) -> tuple[Path, ...]:
        """What is live."""
        return (self.at.work.result(PROMOTE),)

    def decided(self) -> Mapping[str, Any]:
        """Where."""
        return {"registry": self.at.settings.registry}

    def run(self) -> Mapping[str, Any]:
        """Push."""
        at = self.at
        release = at.result(PROMOTE)["live"]
        done = aisle.push_release(
            at.settings.name, at.settings.registry, release=release, cluster=at.cluster, store=at.store
        )
        return {"release": release, "record": done.manifest.fingerprint}
