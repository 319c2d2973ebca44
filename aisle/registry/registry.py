"""A registry: release manifests, and whatever they bind, as objects of one store.

    artifacts/KIND/NAME-SHA12/...      as in every store of artifacts; a manifest.json makes it whole
    texts/SHA256                       rules and synonyms, named by what they hold
    releases/CATALOGUE/RELEASE-SHA12.json

What binds is written after what it binds, so whatever can be seen is whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from aisle.encoder.artifact import MANIFEST, Artifact, ArtifactStore, Manifest, parse_manifest
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, InputError, RegistryError
from aisle.registry.manifest import BoundArtifact, ReleaseManifest, read_release_manifest
from aisle.registry.objects import Objects, StoredObject, check_key
from aisle.registry.turns import pushing

ARTIFACTS: Final = "artifacts"
TEXTS: Final = "texts"
RELEASES: Final = "releases"
_LEAST_DIGITS: Final = 8
_AGAIN: Final = "push that release again where its artifacts are: aisle artifacts push NAME"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push has written.

    Attributes:
        manifest: of the release.
        written: names of what was not there before: artifacts, texts, the manifest.
        there: names of what was.
        size: bytes written.
    """

    manifest: ReleaseManifest
    written: tuple[str, ...]
    there: tuple[str, ...]
    size: int

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.manifest.release,
            "fingerprint": self.manifest.fingerprint,
            **{name: value for name, value in asdict(self).items() if name != "manifest"},
        }


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull has brought.

    Attributes:
        manifest: of the release.
        artifacts: role to the folder in this machine's store.
        fetched: roles of those that were not there before.
        texts: fingerprint to what it holds, rules as JSON and synonyms as lines.
    """

    manifest: ReleaseManifest
    artifacts: Mapping[str, Path]
    fetched: tuple[str, ...]
    texts: Mapping[str, bytes]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without what texts hold."""
        return {
            "manifest": {**self.manifest.model_dump(mode="json"), "fingerprint": self.manifest.fingerprint},
            "artifacts": {role: str(path) for role, path in self.artifacts.items()},
            "fetched": list(self.fetched),
            "texts": list(self.texts),
        }


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release on record.

    Attributes:
        key: of its manifest.
        manifest: what it binds; None if it cannot be read.
        problem: why it cannot be read, or what of it is missing; empty if all is well.
    """

    key: str
    manifest: ReleaseManifest | None
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        held = self.manifest
        content = held and {**held.model_dump(mode="json"), "fingerprint": held.fingerprint}
        return {"key": self.key, "manifest": content, "problem": self.problem}


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact of a registry.

    Attributes:
        folder: ``kind/name-sha12``.
        keys: of its objects, the one that makes it whole first, if that is there.
        size: bytes.
    """

    folder: str
    keys: tuple[str, ...]
    size: int

    @property
    def whole(self) -> bool:
        """Whether it was written to its end."""
        return self.keys[0].endswith(f"/{MANIFEST}")


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a registry holds.

    Attributes:
        releases: by key.
        artifacts: folder to artifact.
        texts: their keys.
    """

    releases: tuple[StoredRelease, ...]
    artifacts: Mapping[str, StoredArtifact]
    texts: tuple[str, ...]

    @property
    def problems(self) -> tuple[StoredRelease, ...]:
        """Releases that cannot be read, or of which something is gone."""
        return tuple(one for one in self.releases if one.problem)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "releases": [one.to_json() for one in self.releases],
            "artifacts": [
                {"folder": one.folder, "size": one.size, "whole": one.whole}
                for one in self.artifacts.values()
            ],
        }


class Registry:
    """The releases on record in one store.

    Args:
        objects: the store.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def push(
        self, manifest: ReleaseManifest, artifacts: Sequence[Artifact], texts: Mapping[str, bytes]
    ) -> Pushed:
        """Record a release with all that it binds. What is there already is not written again.

        Args:
            manifest: what it binds.
            artifacts: verified, one for each that it binds.
            texts: fingerprint to content, for each that it binds.

        Raises:
            InputError: an artifact or a text that it binds is not given.
            RegistryError: the store is full, read-only, away, or somebody removes from it. The release is
                not on record then.
        """
        _check_given(manifest, artifacts, texts)
        by_fingerprint = {artifact.fingerprint: artifact for artifact in artifacts}
        written: dict[str, int] = {}
        there: list[str] = []
        with pushing(self.objects):
            for bound in manifest.artifacts:
                if bound.folder in written or bound.folder in there:
                    continue
                artifact = by_fingerprint[bound.fingerprint]
                if self._is_whole(bound, artifact):
                    there.append(bound.folder)
                else:
                    written[bound.folder] = self._write_artifact(bound, artifact)
            for text in manifest.texts:
                key = f"{TEXTS}/{text.fingerprint}"
                self._create(key, texts[text.fingerprint], written, there)
            self._create(release_key(manifest), manifest.to_bytes(), written, there)
        return Pushed(manifest, tuple(written), tuple(there), sum(written.values()))

    def release(self, catalogue: str, release: str | None = None) -> ReleaseManifest:
        """What was recorded of a release; of several records of one release the newest.

        Args:
            catalogue: name.
            release: its index, or at least 8 digits of a record's fingerprint; None: what was recorded last.

        Raises:
            RegistryError: there is no such record, or it cannot be read.
        """
        keys = [one.key for one in self.objects.list(f"{RELEASES}/{check_key(catalogue)}")]
        if release is not None:
            known = ", ".join(dict.fromkeys(_named(key)[0] for key in keys))
            # Only those are read: another one that cannot be is in nobody's way.
            keys = [key for key in keys if _is_named(key, release)]
            if not keys and known:
                raise RegistryError(
                    f"{self.objects.location} has no release {release} of {catalogue}",
                    fix=f"choose from {known}",
                )
        found = [self._read(key) for key in keys]
        if not found:
            raise RegistryError(
                f"{self.objects.location} has no release of {catalogue}",
                fix="see what it has: aisle artifacts list",
            )
        return max(found, key=lambda one: (one.created, one.release))

    def pull(self, manifest: ReleaseManifest, store: ArtifactStore) -> Pulled:
        """Bring all that a release binds to this machine; every digest is checked before anything counts.

        Args:
            manifest: of the release.
            store: where artifacts go; those that it has already are not fetched.

        Raises:
            ArtifactCorrupt: what came is not what was pushed.
            RegistryError: something of it is gone from the registry, or the store does not answer.
        """
        paths: dict[str, Path] = {}
        fetched: list[str] = []
        for bound in manifest.artifacts:
            try:
                paths[bound.role] = store.resolve(bound.fingerprint, bound.kind)
            except ArtifactNotFound:
                paths[bound.role] = self._fetch(bound, store)
                fetched.append(bound.role)
        return Pulled(manifest, paths, tuple(fetched), self._texts(manifest))

    def contents(self) -> Contents:
        """All that is there.

        Raises:
            RegistryError: the store does not answer.
        """
        artifacts: dict[str, list[StoredObject]] = {}
        for one in self.objects.list(ARTIFACTS):
            folder = one.key.removeprefix(f"{ARTIFACTS}/").rpartition("/")[0]
            artifacts.setdefault(folder, []).append(one)
        texts = tuple(one.key for one in self.objects.list(TEXTS))
        stored = {folder: _stored(folder, those) for folder, those in artifacts.items()}
        releases = []
        for one in self.objects.list(RELEASES):
            try:
                found = self._read(one.key)
            except RegistryError as error:
                releases.append(StoredRelease(one.key, None, error.message))
                continue
            lost = [b.folder for b in found.artifacts if b.folder not in stored or not stored[b.folder].whole]
            lost += [text.fingerprint for text in found.texts if f"{TEXTS}/{text.fingerprint}" not in texts]
            releases.append(StoredRelease(one.key, found, f"{', '.join(lost)} is gone" if lost else ""))
        return Contents(tuple(releases), stored, texts)

    def _read(self, key: str) -> ReleaseManifest:
        return read_release_manifest(self._there(key), f"{self.objects.location}/{key}")

    def _create(self, key: str, content: bytes, written: dict[str, int], there: list[str]) -> None:
        """Write what is not there yet; what was damaged there is written again."""
        if not self.objects.create(key, content):
            if self._is_sound(key):
                there.append(key)
                return
            self.objects.write(key, content)
        written[key] = len(content)

    def _is_sound(self, key: str) -> bool:
        """Whether a text or a manifest still is what its name says."""
        held = self.objects.read(key) or b""
        if key.startswith(f"{TEXTS}/"):
            return hashlib.sha256(held).hexdigest() == key.removeprefix(f"{TEXTS}/")
        try:
            return release_key(read_release_manifest(held, key)) == key
        except RegistryError:
            return False

    def _is_whole(self, bound: BoundArtifact, artifact: Artifact) -> bool:
        """Whether an artifact is there with every file; one that lost some, or parts, is written again."""
        prefix = _artifact_prefix(bound)
        sizes = {one.key.removeprefix(f"{prefix}/"): one.size for one in self.objects.list(prefix)}
        if any(sizes.get(name) != (artifact.path / name).stat().st_size for name in artifact.manifest.files):
            return False
        try:
            return MANIFEST in sizes and self._manifest(bound).fingerprint == bound.fingerprint
        except ArtifactCorrupt:
            return False

    def _write_artifact(self, bound: BoundArtifact, artifact: Artifact) -> int:
        prefix = _artifact_prefix(bound)
        size = 0
        # The manifest comes last: without it nobody takes the rest for an artifact.
        for name in (*artifact.manifest.files, MANIFEST):
            path = artifact.path / name
            self.objects.write(f"{prefix}/{name}", path)
            size += path.stat().st_size
        return size

    def _manifest(self, bound: BoundArtifact) -> Manifest:
        key = f"{_artifact_prefix(bound)}/{MANIFEST}"
        return parse_manifest(self._there(key), f"{self.objects.location}/{key}")

    def _there(self, key: str) -> bytes:
        content = self.objects.read(key)
        if content is None:
            raise self._gone(key)
        return content

    def _gone(self, key: str) -> RegistryError:
        return RegistryError(f"{self.objects.location}/{key} is gone", fix=_AGAIN)

    def _fetch(self, bound: BoundArtifact, store: ArtifactStore) -> Path:
        with store.staging() as folder:
            manifest = self._manifest(bound)
            if manifest.fingerprint != bound.fingerprint:
                raise ArtifactCorrupt(
                    f"{self.objects.location}/{_artifact_prefix(bound)} is another artifact than"
                    f" {bound.fingerprint[:12]}",
                    fix=_AGAIN,
                )
            for name, expected in manifest.files.items():
                key = f"{_artifact_prefix(bound)}/{check_key(name)}"
                found = self.objects.fetch(key, folder / name)
                if found is None:
                    raise self._gone(key)
                if found != expected:
                    raise ArtifactCorrupt(
                        f"{self.objects.location}/{key} was changed: its sha256 is not that of the manifest",
                        fix=f"delete {key} there; then {_AGAIN}",
                    )
            (folder / MANIFEST).write_bytes(manifest.to_bytes())
            return store.add(folder)

    def _texts(self, manifest: ReleaseManifest) -> dict[str, bytes]:
        found = {}
        for text in manifest.texts:
            key = f"{TEXTS}/{text.fingerprint}"
            content = self._there(key)
            if hashlib.sha256(content).hexdigest() != text.fingerprint:
                raise RegistryError(f"{self.objects.location}/{key} was changed", fix=_AGAIN)
            found[text.fingerprint] = content
        return found


def release_key(manifest: ReleaseManifest) -> str:
    """Where a manifest is recorded: no two that differ share a place."""
    name = f"{check_key(manifest.release)}-{manifest.fingerprint[:12]}.json"
    return f"{RELEASES}/{check_key(manifest.catalogue)}/{name}"


def _named(key: str) -> tuple[str, str]:
    """The release and the first digits of the fingerprint that a manifest's key names."""
    release, _, digits = key.rpartition("/")[2].removesuffix(".json").rpartition("-")
    return release, digits


def _is_named(key: str, wanted: str) -> bool:
    release, digits = _named(key)
    is_fingerprint = len(wanted) >= _LEAST_DIGITS and digits.startswith(wanted[: len(digits)])
    return wanted == release or is_fingerprint


def _artifact_prefix(bound: BoundArtifact) -> str:
    return f"{ARTIFACTS}/{bound.folder}"


def _stored(folder: str, objects: Sequence[StoredObject]) -> StoredArtifact:
    ordered = sorted(objects, key=lambda one: (not one.key.endswith(f"/{MANIFEST}"), one.key))
    return StoredArtifact(folder, tuple(one.key for one in ordered), sum(one.size for one in objects))


def _check_given(
    manifest: ReleaseManifest, artifacts: Sequence[Artifact], texts: Mapping[str, bytes]
) -> None:
    given = {artifact.fingerprint for artifact in artifacts} | set(texts)
    bound = [(one.role, one.fingerprint) for one in manifest.artifacts]
    bound += [("text", text.fingerprint) for text in manifest.texts]
    for role, fingerprint in bound:
        if fingerprint not in given:
            raise InputError(
                f"the {role} {fingerprint[:12]} of {manifest.release} is not given",
                fix="give all that it binds",
            )
