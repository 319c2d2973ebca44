"""Releases on record: push what is served together, pull it elsewhere, see what is there, clean up."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import orjson
from opensearchpy import OpenSearch

from aisle._files import whole_file
from aisle._ordering import reranker_stages
from aisle._recommendations import release_artifacts
from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore, CrossEncoder
from aisle.encoder.artifact import load_artifact
from aisle.errors import InputError
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.log import live_last
from aisle.registry.collection import Collected, KnownReleases, collect
from aisle.registry.manifest import ReleaseManifest
from aisle.registry.objects import Objects
from aisle.registry.registry import Contents, Pulled, Pushed, Registry
from aisle.registry.served import RERANKER, ServedWith, read_served, release_of
from aisle.search import read_live

__all__ = [
    "USUAL_KEEP",
    "Collected",
    "Contents",
    "Pulled",
    "Pushed",
    "ReleaseManifest",
    "clean_registry",
    "list_registry",
    "pull_release",
    "push_release",
]

VARIABLE = "AISLE_REGISTRY"
USUAL_KEEP = 5


def push_release(
    name: str,
    registry: str | None = None,
    *,
    release: str | None = None,
    reranker: str | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> Pushed:
    """Record what a release is served with, and copy all of it that is not there yet.

    The record is read from the live release: its encoders, recommender, codes and the like by fingerprint,
    its fusion, its catalogue's rules, its synonyms and suggestions, the index itself, and its lineage.

    Example:
        >>> aisle.push_release("shop", "s3://models/aisle").manifest.release
        'shop-v0007'

    Args:
        name: of the catalogue.
        registry: a folder, or ``s3://bucket/path``; None: that of ``AISLE_REGISTRY``.
        release: one of its finished releases; None: the live one.
        reranker: as `aisle.serve` is given it; None: the one that the release names, if it does.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        MissingExtra: the extra ``registry`` is not installed.
        InputError: no registry, or no such release.
        IndexNotFound, ForeignIndex: there is no such catalogue of Aisle.
        ArtifactNotFound, ArtifactCorrupt: an artifact is not on this machine, or not what was built.
        RegistryError: the registry is full, read-only, away, or being cleaned up; nothing is on record then.
        ClusterError: the cluster does not answer.
    """
    location = _location(registry)
    client, store = connected(cluster), store or ArtifactStore.default()
    chosen = release_of(client, name, release)
    served = read_served(client, name, chosen, store, _beside(client, chosen, store, reranker))
    return Registry(Objects.open(location, make=True)).push(served.manifest, served.artifacts, served.texts)


def pull_release(
    name: str,
    registry: str | None = None,
    *,
    release: str | None = None,
    texts: str | Path | None = None,
    store: ArtifactStore | None = None,
) -> Pulled:
    """Bring the artifacts of a release on record to this machine; every digest is checked.

    Example:
        >>> sorted(aisle.pull_release("shop", "s3://models/aisle").artifacts)
        ['encoder', 'recommender']

    Args:
        name: of the catalogue.
        registry: a folder, or ``s3://bucket/path``; None: that of ``AISLE_REGISTRY``.
        release: one that is on record, or 8 digits or more of a record's fingerprint; None: the newest.
        texts: folder for ``manifest.json``, and for ``rules.json`` and ``synonyms.txt`` if it has them; None
            writes none.
        store: where artifacts go; None: the one under ``AISLE_HOME``.

    Raises:
        MissingExtra: the extra ``registry`` is not installed.
        InputError: no registry, or the folder cannot be written.
        ArtifactCorrupt: what came is not what was pushed.
        RegistryError: there is no such record, something of it is gone, or the registry does not answer.
    """
    found = Registry(Objects.open(_location(registry)))
    pulled = found.pull(found.release(name, release), store or ArtifactStore.default())
    if texts is not None:
        _write_texts(pulled, Path(texts))
    return pulled


def list_registry(registry: str | None = None) -> Contents:
    """What a registry holds: releases, artifacts, and what of a release is gone.

    Example:
        >>> [one.manifest.release for one in aisle.list_registry("s3://models/aisle").releases]
        ['shop-v0006', 'shop-v0007']

    Args:
        registry: a folder, or ``s3://bucket/path``; None: that of ``AISLE_REGISTRY``.

    Raises:
        MissingExtra: the extra ``registry`` is not installed.
        InputError: no registry.
        RegistryError: it does not answer.
    """
    return Registry(Objects.open(_location(registry))).contents()


def clean_registry(
    registry: str | None = None,
    *,
    keep: int = USUAL_KEEP,
    dry_run: bool = False,
    cluster: OpenSearch | None = None,
) -> Collected:
    """Remove releases on record that the cluster no longer holds, and what only they were served with.

    What is live, and whatever a rollback could go to, stays, and what was live last where nothing is; so do
    releases of other clusters, which cannot be judged from here.

    Example:
        >>> aisle.clean_registry("s3://models/aisle", keep=2, dry_run=True).releases
        ('releases/shop/shop-v0001-9c1e44a0b7d2.json',)

    Args:
        registry: a folder, or ``s3://bucket/path``; None: that of ``AISLE_REGISTRY``.
        keep: of each catalogue, so many of the others stay, the newest.
        dry_run: change nothing, say what would be removed.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        MissingExtra: the extra ``registry`` is not installed.
        InputError: no registry, a negative ``keep``, or a record that cannot be read.
        RegistryError: the registry is read-only or away, or somebody pushes to it.
        ClusterError: the cluster does not answer: nobody knows what it holds.
    """
    found = Registry(Objects.open(_location(registry)))
    return collect(found, _OfCluster(connected(cluster)), keep, dry_run=dry_run)


def _location(registry: str | None) -> str:
    location = registry or os.environ.get(VARIABLE, "")
    if not location:
        raise InputError(
            "no registry is named",
            fix=f"give a folder or s3://bucket/path with --registry, or set {VARIABLE}",
        )
    return location


def _beside(client: Cluster, release: str, store: ArtifactStore, reranker: str | None) -> list[ServedWith]:
    """What answers beside what a release names: preferences by their recommender's name, another reranker."""
    found: list[ServedWith] = []
    meta = read_live(client, release).meta
    if meta.item_spaces.recommends and meta.ordering.preferences is None:
        preferences = release_artifacts(meta, store).recommender.preferences
        if preferences is not None:
            found.append(ServedWith("preferences", preferences.artifact))
    for number, stage in enumerate(reranker_stages(reranker or ""), 1):
        artifact = load_artifact(store.resolve(stage.ref, CrossEncoder.kind))
        found.append(ServedWith(f"{RERANKER} {number}", artifact))
    return found


@dataclass(frozen=True, slots=True)
class _OfCluster:
    """Says what a cluster holds."""

    client: Cluster

    def known(self, catalogues: Collection[str]) -> KnownReleases:
        """Its releases of these catalogues, as they are now."""
        there = {name: read_inventory(self.client, name) for name in catalogues}
        lost = {name: live_last(self.client, name) for name, now in there.items() if not now.live}
        releases = {name: frozenset(now.releases) for name, now in there.items()}
        return KnownReleases(self.client.info()["cluster_uuid"], releases, lost)


def _write_texts(pulled: Pulled, folder: Path) -> None:
    manifest = pulled.manifest
    with whole_file(folder / "manifest.json") as file:
        file.write(manifest.to_bytes())
    if manifest.rules:
        rows = orjson.loads(pulled.texts[manifest.rules.fingerprint])
        with whole_file(folder / "rules.json") as file:
            file.write(orjson.dumps({"rules": rows}, option=orjson.OPT_INDENT_2))
    if manifest.synonyms:
        with whole_file(folder / "synonyms.txt") as file:
            file.write(pulled.texts[manifest.synonyms.fingerprint] + b"\n")
