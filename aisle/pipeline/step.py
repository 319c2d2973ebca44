"""What steps of a pipeline stand on: where they work, and what makes one be done again."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import ITEM_CODES, ITEM_TO_ITEM, RANKER, RECOMMENDER, ROUTER, read_manifest
from aisle.errors import ArtifactNotFound, InputError
from aisle.indexer.releases.inventory import ReleaseInventory, read_inventory
from aisle.indexer.releases.log import MOVES, read_log
from aisle.pipeline.prepare import source_files
from aisle.pipeline.settings import PipelineSettings
from aisle.pipeline.work import WorkFolder, read_record
from aisle.training.common.progress import Progress

PREPARE, EXPORT, INDEX, TRAIN_RANKER, BIND, EVALUATE, GATE, PROMOTE, RECORD = (
    *("prepare", "export", "index", "train-ranker", "bind", "evaluate", "gate", "promote", "record"),
)
STOPPED: Final = "stopped"
"""Key of a result that says why the pipeline ends there."""
ARTIFACT_KINDS: Final = MappingProxyType(
    {
        "encoder": "dense",
        "sparse": "sparse",
        "recommender": RECOMMENDER,
        "codes": ITEM_CODES,
        "router": ROUTER,
        "item_to_item": ITEM_TO_ITEM,
        "ranker": RANKER,
    }
)
"""The option of `aisle.index` or `aisle.bind_models` that takes what is trained, to its kind of artifact."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What steps work with.

    Attributes:
        settings: of the pipeline.
        work: its folder.
        cluster: connection.
        store: of artifacts.
        progress: is told of what goes on within a step.
        held: what somebody went back from, and to what, see `rolled_back`; empty if nobody did.
    """

    settings: PipelineSettings
    work: WorkFolder
    cluster: Cluster
    store: ArtifactStore
    progress: Progress
    held: str = ""

    def inventory(self) -> ReleaseInventory:
        """The releases of the catalogue now."""
        return read_inventory(self.cluster, self.settings.name)

    def result(self, step: str) -> dict[str, Any]:
        """What a step made; empty if it has not been done."""
        return read_record(self.work.result(step))

    def source(self, role: str) -> str:
        """The copy of a source."""
        return str(read_record(self.work.source(role))["path"])


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """One step. It is done again if a file of `files`, something of `decided`, or `stale` says so.

    Attributes:
        at: what it works with.
    """

    at: Workplace

    @property
    @abstractmethod
    def name(self) -> str:
        """As it is called in reports."""

    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """What it reads: files of the user, or results of earlier steps."""

    def decided(self) -> Mapping[str, Any]:
        """What else decides its result: plain JSON."""
        return {}

    def stale(self) -> str:
        """Why its result does not hold any more, whatever it was made of; empty if it does."""
        return ""

    @abstractmethod
    def run(self) -> Mapping[str, Any]:
        """Do it; its result, as plain JSON."""

    def inputs(self) -> str:
        """Digest of all that decides its result."""
        digest = hashlib.sha256(orjson.dumps(self.decided(), option=orjson.OPT_SORT_KEYS, default=str))
        for file in sorted(self.files()):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def rolled_back(at: Workplace) -> str:
    """Who went back from the release that the pipeline made live last, for people; empty if nobody did.

    It holds until another release goes live, and is not forgotten when what was gone back from is deleted.

    Raises:
        ClusterError: the cluster does not answer.
    """
    now = at.inventory()
    # Also what went live by a run that was killed before it could write that down.
    made = {at.result(PROMOTE).get("live", ""), at.result(INDEX).get("release", "")} - {"", *now.live}
    if not made:
        return ""
    try:
        moves = [one for one in read_log(at.cluster, at.settings.name) if one.action in MOVES]
    except InputError:
        # Somebody else wrote it; the alias of what was withdrawn says the same as long as that exists.
        moves = []
        if left := made.intersection(now.withdrawn):
            return f"somebody went back from {max(left)} to {''.join(now.live) or 'nothing'}"
    for move in reversed(moves):
        if move.action != "rollback":
            break
        if move.before in made:
            return f"{move.by or 'somebody'} went back from {move.before} to {''.join(now.live)} ({move.at})"
    return ""


def named_files(*tables: Mapping[str, Any]) -> tuple[Path, ...]:
    """Files, and those of folders, that options name by a whole path."""
    paths = (value for table in tables for value in table.values() if isinstance(value, str))
    return tuple(file for one in paths if one.startswith("/") for file in source_files(one))


def artifact_record(store: ArtifactStore, ref: str, kind: str) -> dict[str, Any]:
    """Which artifact that is, and its figures.

    Args:
        store: where it is.
        ref: path, name or fingerprint.
        kind: the option that takes it.

    Raises:
        ArtifactNotFound: there is none.
    """
    path = store.resolve(ref, ARTIFACT_KINDS[kind])
    manifest = read_manifest(path)
    return {
        "artifact": f"{manifest.kind}/{path.name}",
        "fingerprint": manifest.fingerprint,
        "metrics": dict(manifest.metrics),
    }


def gone(at: Workplace, records: Iterable[Mapping[str, Any]]) -> str:
    for record in records:
        if record:
            try:
                at.store.resolve(record["fingerprint"])
            except ArtifactNotFound:
                return f"{record['artifact']} is gone"
    return ""


def release_exists(at: Workplace, made: Mapping[str, Any]) -> bool:
    now = at.inventory()
    there = made["release"] in now.releases and made["release"] not in now.unfinished
    return there and index_uuid(at.cluster, made["release"]) == made["uuid"]


def index_uuid(cluster: Cluster, release: str) -> str:
    """Of the index: a release of that name on another cluster, or a later one, is another index."""
    settings = cluster.indices.get_settings(index=release, params={"flat_settings": "true"})
    return str(settings[release]["settings"]["index.uuid"])


def train_step(kind: str) -> str:
    """The name of the step that trains it."""
    return f"train-{kind.replace('_', '-')}"
