"""What a registry may forget: releases that are nowhere any more, and what only they were served with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from aisle.errors import InputError
from aisle.registry.manifest import ReleaseManifest
from aisle.registry.registry import TEXTS, Contents, Registry
from aisle.registry.turns import removing


@dataclass(frozen=True, slots=True)
class KnownReleases:
    """Which releases one cluster holds: live ones, and all that could become live again.

    Attributes:
        cluster: its uuid.
        releases: catalogue to its releases.
        lost: catalogue of which nothing is live to the release that was live last: its index was deleted, and
            its record is all that is left to make it again.
    """

    cluster: str
    releases: Mapping[str, Set[str]]
    lost: Mapping[str, str] = field(default_factory=dict)

    def known(self, catalogues: Collection[str]) -> KnownReleases:  # noqa: ARG002
        """These: they were asked for already."""
        return self

    def holds(self, manifest: ReleaseManifest) -> bool:
        """Whether the release is there, or nobody can tell: of another cluster, or not asked for."""
        if manifest.cluster != self.cluster or manifest.catalogue not in self.releases:
            return True
        return manifest.release in self.releases[manifest.catalogue] or self.is_lost(manifest)

    def is_lost(self, manifest: ReleaseManifest) -> bool:
        """Whether the release was live last, and its index is gone."""
        return manifest.cluster == self.cluster and self.lost.get(manifest.catalogue) == manifest.release


class Holder(Protocol):
    """Who can say what a cluster holds."""

    def known(self, catalogues: Collection[str], /) -> KnownReleases:
        """Its releases of these catalogues, as they are now."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What was removed, or would be.

    Attributes:
        releases: keys of manifests.
        artifacts: folders.
        texts: keys.
        kept: how many releases stay.
        size: bytes of the artifacts that go.
        done: False for a dry run.
        lost: keys of manifests that stay though their index is gone, as they were live last.
    """

    releases: tuple[str, ...]
    artifacts: tuple[str, ...]
    texts: tuple[str, ...]
    kept: int
    size: int
    done: bool
    lost: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def choose_collected(contents: Contents, known: KnownReleases, keep: int) -> Collected:
    """What may go. A release that the cluster holds stays with all that it binds, and so do the newest.

    What cannot be judged stays: releases of another cluster. While a manifest cannot be read, nobody knows
    what it binds, and nothing may go.

    Args:
        contents: of the registry.
        known: releases that are live, or could be.
        keep: of each catalogue, so many of those that are nowhere any more stay, the newest.

    Raises:
        InputError: a negative ``keep``, or a manifest that cannot be read.
    """
    if keep < 0:
        raise InputError(f"{keep} releases cannot be kept", fix="give 0 or more")
    manifests: dict[str, ReleaseManifest] = {}
    for stored in contents.releases:
        if stored.manifest is None:
            raise InputError(
                f"nothing is removed while a release cannot be read: {stored.problem}",
                fix=f"delete {stored.key} there if nobody needs it",
            )
        manifests[stored.key] = stored.manifest
    gone: dict[str, list[str]] = {}
    for key, manifest in manifests.items():
        if not known.holds(manifest):
            gone.setdefault(manifest.catalogue, []).append(key)
    doomed: list[str] = []
    for keys in gone.values():
        keys.sort(key=lambda key: (manifests[key].created, key), reverse=True)
        doomed += keys[keep:]
    kept = [manifest for key, manifest in manifests.items() if key not in doomed]
    needed = {bound.folder for manifest in kept for bound in manifest.artifacts}
    texts = {f"{TEXTS}/{text.fingerprint}" for manifest in kept for text in manifest.texts}
    artifacts = tuple(sorted(set(contents.artifacts) - needed))
    return Collected(
        tuple(sorted(doomed)),
        artifacts,
        tuple(sorted(set(contents.texts) - texts)),
        len(kept),
        sum(contents.artifacts[folder].size for folder in artifacts),
        done=False,
        lost=tuple(sorted(key for key, manifest in manifests.items() if known.is_lost(manifest))),
    )


def collect(registry: Registry, holder: Holder, keep: int, *, dry_run: bool = False) -> Collected:
    """Remove what `choose_collected` names. Whoever pushes meanwhile is refused, and the other way round.

    Args:
        registry: to clean up.
        holder: is asked once nobody can push any more: what was recorded before that is known to it.
        keep: see `choose_collected`.
        dry_run: change nothing.

    Raises:
        InputError: see `choose_collected`.
        RegistryError: the store is read-only or away, or somebody writes to it. What is left over then is
            removed by the next run.
    """
    if dry_run:
        return _chosen(registry.contents(), holder, keep)
    with removing(registry.objects):
        contents = registry.contents()
        chosen = _chosen(contents, holder, keep)
        # What binds goes first, and an artifact's manifest before its files: what can be seen stays whole.
        registry.objects.delete(chosen.releases)
        for folder in chosen.artifacts:
            registry.objects.delete(contents.artifacts[folder].keys)
        registry.objects.delete(chosen.texts)
    return replace(chosen, done=True)


def _chosen(contents: Contents, holder: Holder, keep: int) -> Collected:
    names = {one.manifest.catalogue for one in contents.releases if one.manifest}
    return choose_collected(contents, holder.known(names), keep)
