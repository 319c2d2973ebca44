"""The steps of a pipeline: what each reads, what else decides its result, and what it does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import aisle
from aisle._artifacts import export_once, verified_artifact
from aisle._environment import optional
from aisle._index_run import USUAL_ENCODER
from aisle._item_fields import NONE
from aisle.catalogue.fetch import is_url
from aisle.encoder.artifact import read_manifest
from aisle.errors import ArtifactNotFound, InputError
from aisle.indexer.progress import Progress as IndexProgress
from aisle.pipeline.prepare import copy_sources, source_files
from aisle.pipeline.settings import CATALOGUE, JUDGED, ORDERS, TRAININGS
from aisle.pipeline.step import (
    ARTIFACT_KINDS,
    Step,
    Workplace,
    artifact_record,
    gone,
    index_uuid,
    named_files,
    release_exists,
)
from aisle.pipeline.work import read_record
from aisle.training.common.progress import Progress

_SECONDS_BETWEEN_NOTES: Final = 10.0
PREPARE, EXPORT, INDEX, BIND, EVALUATE, GATE, PROMOTE, RECORD = (
    *("prepare", "export", "index", "bind", "evaluate", "gate", "promote", "record"),
)
STOPPED: Final = "stopped"
"""Key of a result that says why the pipeline ends there."""


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
        return {"sources": dict(self.at.settings.sources), "split": self.at.settings.split}

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
        if self.at.settings.registry:
            optional("obstore", extra="registry")
        return copy_sources(self.at.settings, self.at.work)


@dataclass(frozen=True, slots=True)
class Train(Step):
    """Trains one model and exports it as an artifact.

    Attributes:
        kind: one of `TRAININGS`.
    """

    kind: str

    @property
    def name(self) -> str:
        """Such as ``train-encoder``."""
        return train_step(self.kind)

    @property
    def _options(self) -> Mapping[str, Any]:
        return self.at.settings.train[self.kind]

    def files(self) -> tuple[Path, ...]:
        """Of the sources, and of what is trained before it and read by it."""
        roles = [JUDGED] if self.kind in ("encoder", "sparse") else [CATALOGUE, ORDERS]
        read = {
            "recommender": ("encoder",),
            "codes": ("encoder",),
            "item_to_item": ("encoder",),
            "router": ("recommender", "codes"),
        }
        earlier = [kind for kind in read.get(self.kind, ()) if kind in self.at.settings.train]
        if self.at.settings.export is not None and "encoder" in read.get(self.kind, ()):
            earlier.append(EXPORT)
        return (
            *(self.at.work.source(role) for role in roles if role in self.at.settings.sources),
            *(self.at.work.result(one if one == EXPORT else train_step(one)) for one in earlier),
            *named_files(self._options),
        )

    def decided(self) -> Mapping[str, Any]:
        """Its options."""
        return dict(self._options)

    def stale(self) -> str:
        """Its artifact may have been deleted."""
        return gone(self.at, [self.at.result(self.name)])

    def run(self) -> Mapping[str, Any]:
        """Train; a training that was broken off goes on."""
        at, options = self.at, {"name": self.at.settings.name, **self._options}
        if options.get("encoder") == NONE:
            options["encoder"] = None
        if self.kind in ("encoder", "sparse"):
            judged = at.source(JUDGED)
            # What the gate asks is not learned.
            if (Path(judged) / "qrels" / f"{at.settings.split}.tsv").is_file():
                options["held_out"] = judged
            work = at.work.training(self.kind, self.inputs())
            options |= {"data": judged, "work": work, "resume": True, "progress": at.progress}
        else:
            options["catalogue"] = at.source(CATALOGUE)
            options["data"] = at.source(ORDERS) if ORDERS in at.settings.sources else None
            options["progress"] = at.progress.note if self.kind == "recommender" else at.progress
            if self.kind != "router" and (made := self._made("encoder")) and "encoder" not in self._options:
                options["encoder"] = made
            if self.kind == "router":
                options |= {"recommender": self._made("recommender"), "codes": self._made("codes")}
        getattr(aisle, TRAININGS[self.kind].function)(store=at.store, **options)
        return artifact_record(at.store, options["name"], self.kind)

    def _made(self, kind: str) -> str | None:
        return self.at.result(train_step(kind)).get("fingerprint") if kind in self.at.settings.train else None


@dataclass(frozen=True, slots=True)
class Export(Step):
    """Exports the encoder if that is asked for, and verifies every artifact of the release here."""

    name: ClassVar[str] = EXPORT

    def files(self) -> tuple[Path, ...]:
        """What is trained."""
        return (
            *(self.at.work.result(train_step(kind)) for kind in self.at.settings.train),
            *named_files(self.at.settings.export or {}, self._refs()),
        )

    def _refs(self) -> dict[str, str]:
        """Option of `aisle.index` to an artifact that is named in the file."""
        index = self.at.settings.index
        named = {kind: index[kind] for kind in ARTIFACT_KINDS if index.get(kind, NONE) != NONE}
        made = "encoder" in self.at.settings.train or self.at.settings.export is not None
        if not made and "encoder" not in index:
            named["encoder"] = USUAL_ENCODER
        return named

    def decided(self) -> Mapping[str, Any]:
        """The export's options, and fingerprints of what is named."""
        found = {}
        for kind, ref in self._refs().items():
            try:
                found[kind] = artifact_record(self.at.store, ref, kind)["fingerprint"]
            except ArtifactNotFound:
                found[kind] = f"{ref} is not here"
        return {"options": self.at.settings.export, "named": found}

    def stale(self) -> str:
        """One may have been deleted."""
        return gone(self.at, self.at.result(self.name).values())

    def run(self) -> Mapping[str, Any]:
        """Export what is asked for, and verify all."""
        at, found = self.at, {}
        if at.settings.export is not None:
            options = {"name": at.settings.name, **at.settings.export}
            report = aisle.export_encoder(**options, store=at.store, progress=at.progress.note)
            found["encoder"] = artifact_record(at.store, report.manifest.fingerprint, "encoder")
        for kind, ref in self._refs().items():
            if (kind, ref) == ("encoder", USUAL_ENCODER):
                export_once(USUAL_ENCODER, at.store, at.progress.note)
            found[kind] = artifact_record(at.store, ref, kind)
        for kind in at.settings.train:
            found[kind] = at.result(train_step(kind))
        for record in found.values():
            verified_artifact(record["fingerprint"], store=at.store)
        return found


@dataclass(frozen=True, slots=True)
class Index(Step):
    """Makes a release and stages it."""

    name: ClassVar[str] = INDEX

    def files(self) -> tuple[Path, ...]:
        """The catalogue, the artifacts, and files that options name."""
        return (
            self.at.work.source(CATALOGUE),
            self.at.work.result(EXPORT),
            *named_files({k: v for k, v in self.at.settings.index.items() if k not in ARTIFACT_KINDS}),
        )

    def decided(self) -> Mapping[str, Any]:
        """Its options; and what is to order it, as nothing else may change of a release that is live."""
        return {**self.at.settings.index, "what is bound": self._bound()}

    def _bound(self) -> dict[str, str]:
        bound = dict(self.at.settings.bind)
        for kind in ("ranker", "preferences"):
            if bound.get(kind, NONE) != NONE:
                bound[kind] = read_manifest(self.at.store.resolve(bound[kind], kind)).fingerprint
        return bound

    def stale(self) -> str:
        """The release may be gone, or the cluster be another one."""
        made = self.at.result(self.name)
        if made and not release_exists(self.at, made):
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
        """The release."""
        return (self.at.work.result(INDEX),)

    def run(self) -> Mapping[str, Any]:
        """Bind them, as long as nobody searches the release."""
        at, release = self.at, self.at.result(INDEX)["release"]
        if release in at.inventory().live:
            raise InputError(
                f"{release} is live, and what orders it is bound before the gate", fix="add --again index"
            )
        done = aisle.bind_models(release, cluster=at.cluster, store=at.store, **at.settings.bind)
        return {"release": release, "models": list(done.after.texts)}


@dataclass(frozen=True, slots=True)
class Evaluate(Step):
    """Measures the staged release beside the live one, and holds it to the policy."""

    name: ClassVar[str] = EVALUATE

    def files(self) -> tuple[Path, ...]:
        """The release, the judgments, and files that options name."""
        return (
            self.at.work.result(INDEX),
            *([self.at.work.result(BIND)] if self.at.settings.bind else []),
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
        if release in at.inventory().live:
            return {
                "passed": True,
                "candidate": release,
                "live": self._against(),
                "note": "it is live already",
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
        return "" if release in live else f"{''.join(live) or 'nothing'} is live"

    def run(self) -> Mapping[str, Any]:
        """Promote what was measured against what is still live."""
        at, release = self.at, self.at.result(INDEX)["release"]
        now, against = at.inventory(), self.at.result(EVALUATE)["live"]
        if release in now.live:
            return {"live": release, "replaced": against}
        if release not in now.staged:
            raise InputError(
                f"{release} was live, and somebody went back to {''.join(now.live)}",
                fix="change what it was made of, make it anew with --again index, or promote it by hand",
            )
        if "".join(now.live) != against:
            raise InputError(
                f"{''.join(now.live) or 'nothing'} is live by now, and {release} was held against"
                f" {against or 'nothing'}",
                fix="run the pipeline again",
            )
        done = aisle.promote(at.settings.name, release, cluster=at.cluster)
        return {"live": done.live, "replaced": done.replaced}


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


def train_step(kind: str) -> str:
    """The name of the step that trains it."""
    return f"train-{kind.replace('_', '-')}"


def steps_of(at: Workplace) -> tuple[Step, ...]:
    """All steps, in order."""
    return (
        Prepare(at),
        *(Train(at, kind) for kind in at.settings.train),
        Export(at),
        Index(at),
        *([Bind(at)] if at.settings.bind else []),
        Evaluate(at),
        Gate(at),
        Promote(at),
        *([Record(at)] if at.settings.registry else []),
    )
