"""An artifact on disk: a folder whose files are exactly those that its manifest names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from encoder.manifest import MANIFEST, Manifest, read_manifest
from records import ArtifactCorrupt, ArtifactNotFound


@dataclass(frozen=True, slots=True)
class Artifact:
    """A verified folder and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def fingerprint(self) -> str:
        """64 hex digits, see ``Manifest.fingerprint``."""
        return self.manifest.fingerprint

    def file(self, name: str) -> Path:
        """Path of one of its files.

        Raises:
            ArtifactCorrupt: the manifest does not name it.
        """
        if name not in self.manifest.files:
            raise ArtifactCorrupt(f"{self.path} has no {name}", fix="export the model again")
        return self.path / name

    def require(self, kind: str, what: str, fix: str) -> None:
        """Refuse a model of another kind.

        Args:
            kind: that is needed.
            what: its name in a sentence.
            fix: what to name instead.

        Raises:
            ArtifactCorrupt: it is another kind.
        """
        if self.manifest.kind != kind:
            raise ArtifactCorrupt(f"{self.path} is a {self.manifest.kind} model, not {what}", fix=fix)


def load_artifact(path: Path) -> Artifact:
    """Read the manifest and check every file's sha256. The model's own ``load`` replays the golden texts.

    Raises:
        ArtifactNotFound: no such folder.
        ArtifactCorrupt: names the file that is missing, was changed, or has no business there.
    """
    if not path.is_dir():
        raise ArtifactNotFound(f"no artifact at {path}", fix="list artifacts with `aisle encoder list`")
    manifest = read_manifest(path)
    for name, expected in manifest.files.items():
        if Path(name).name != name:
            raise ArtifactCorrupt(
                f"{path}: the manifest names {name!r}, not a plain file", fix="export it again"
            )
        _check(path / name, expected)
    unknown = sorted({entry.name for entry in path.iterdir()} - set(manifest.files) - {MANIFEST})
    if unknown:
        raise ArtifactCorrupt(
            f"{path} holds {unknown[0]}, which its manifest does not name", fix="remove the file"
        )
    return Artifact(path, manifest)


def sha256_of(path: Path) -> str:
    """sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, expected: str) -> None:
    fix = "export the model again with `aisle encoder export`"
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error.strerror}", fix=fix) from error
    if found != expected:
        raise ArtifactCorrupt(f"{path} was changed: its sha256 is not the one in the manifest", fix=fix)
