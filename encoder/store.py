"""Artifacts on this machine: ``<home>/artifacts/<kind>/<name>-<sha12>/``."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from encoder.artifact import load_artifact
from encoder.manifest import MANIFEST, Manifest, read_manifest
from records import ArtifactCorrupt, ArtifactNotFound, paths

_HEX = re.compile(r"^[0-9a-f]{8,64}$")


@dataclass(frozen=True, slots=True)
class ArtifactStore:
    """A folder of artifacts. ``ArtifactStore.default()`` is the one under ``AISLE_HOME``."""

    home: Path

    @staticmethod
    def default() -> ArtifactStore:
        """The store of this machine's user."""
        return ArtifactStore(paths.home() / "artifacts")

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A temporary folder on the store's own disk; whatever is left of it at the end is removed."""
        self.home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=self.home))
        try:
            # mkdtemp makes a private folder; an artifact is as readable as the store it is in.
            folder.chmod(self.home.stat().st_mode & 0o777)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, staged: Path) -> Path:
        """Verify a finished folder and move it to its place. The same artifact, added twice, stands once.

        Raises:
            ArtifactCorrupt: the folder is not what its manifest says.
        """
        manifest = load_artifact(staged).manifest
        place = self.home / manifest.kind / f"{manifest.name}-{manifest.fingerprint[:12]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        with self.staging() as attic:
            if place.exists():
                place.rename(attic / "old")
            staged.rename(place)
        return place

    def list(self) -> tuple[tuple[Path, Manifest], ...]:
        """Every artifact with a readable manifest, newest first."""
        found = []
        for path in self.home.glob(f"[!.]*/[!.]*/{MANIFEST}"):
            try:
                found.append((path.parent, read_manifest(path.parent)))
            except ArtifactCorrupt:
                continue
        return tuple(sorted(found, key=lambda entry: (entry[1].created, entry[0].name), reverse=True))

    def resolve(self, ref: str | Path, kind: str = "") -> Path:
        """The folder that ``ref`` names.

        Args:
            ref: a path; a ``name`` or ``kind/name`` (the newest of them); a folder's own
                ``[kind/]name-sha12``; or a fingerprint, at least its first 8 hex digits.
            kind: of two artifacts of that name, the one of this kind is meant.

        Raises:
            ArtifactNotFound: nothing, or more than one artifact for a short fingerprint, goes by it.
        """
        path = Path(ref).expanduser()
        if (path / MANIFEST).is_file():
            return path
        wanted = str(ref)
        known = sorted(self.list(), key=lambda entry: entry[1].kind != kind) if kind else self.list()
        for folder, manifest in known:
            names = (manifest.name, folder.name)
            if wanted in names or wanted in [f"{manifest.kind}/{name}" for name in names]:
                return folder
        if _HEX.match(wanted):
            matching = {m.fingerprint: folder for folder, m in known if m.fingerprint.startswith(wanted)}
            # Two folders of one fingerprint are one model, exported under two names.
            if len(matching) == 1:
                return next(iter(matching.values()))
        there = ", ".join(dict.fromkeys(f"{m.kind}/{m.name}" for _, m in known)) or "none"
        raise ArtifactNotFound(
            f"no single artifact {wanted!r} (there: {there})",
            fix="make one with `aisle encoder export`, or see `aisle encoder list`",
        )
