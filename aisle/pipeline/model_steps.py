"""Steps that make models: trained before the release, or by asking it, and exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import aisle
from aisle._artifacts import export_once, verified_artifact
from aisle._index_run import USUAL_ENCODER
from aisle._item_fields import NONE
from aisle.errors import ArtifactNotFound, NoBetterRanker
from aisle.pipeline.report import NOTE
from aisle.pipeline.settings import CATALOGUE, JUDGED, ORDERS, TRAININGS
from aisle.pipeline.step import (
    ARTIFACT_KINDS,
    EXPORT,
    INDEX,
    TRAIN_RANKER,
    Step,
    artifact_record,
    gone,
    named_files,
    train_step,
)


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
class TrainRanker(Step):
    """Trains a ranker by asking the staged release."""

    name: ClassVar[str] = TRAIN_RANKER

    def files(self) -> tuple[Path, ...]:
        """The release and the judgments."""
        return (self.at.work.result(INDEX), self.at.work.source(JUDGED))

    def decided(self) -> Mapping[str, Any]:
        """Its options."""
        return dict(self.at.settings.ranker or {})

    def stale(self) -> str:
        """Its artifact may have been deleted, if one was made."""
        made = self.at.result(self.name)
        return gone(self.at, [made] if made.get("fingerprint") else [])

    def run(self) -> Mapping[str, Any]:
        """Train; if that is no better than the fusion, the release goes on without a new ranker."""
        at = self.at
        options = {"name": at.settings.name, **self.decided()}
        try:
            aisle.train_ranker(
                at.result(INDEX)["release"],
                at.source(JUDGED),
                cluster=at.cluster,
                store=at.store,
                progress=at.progress,
                **options,
            )
        except NoBetterRanker as refusal:
            note = f"no new ranker: {refusal.message}"
            at.progress.note(note)
            return {"fingerprint": None, NOTE: note}
        return artifact_record(at.store, options["name"], "ranker")
