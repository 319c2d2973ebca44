"""Assemble the node's folder (lib/, modules/, plugins/) from the locked files; verify it at each start."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cluster.components import MODULES
from cluster.download import download, maven_path
from cluster.exclusive import exclusive
from cluster.lock import Lock, LockedFile, load_lock
from cluster.node_files import module_descriptor
from records import AisleError, DiskFull, DownloadFailed
from records.paths import cache

LAYOUT = 1
"""Raised when the assembly below changes, so that an older folder is not taken for this one."""

MANIFEST = "manifest.json"
EMPTY_FOLDERS = ("bin", "agent")
Fetch = Callable[[Sequence[LockedFile], Path], None]


def ensure_distribution(
    root: Path, *, downloads: Path | None = None, lock: Lock | None = None, fetch: Fetch = download
) -> Path:
    """The folder of a complete, verified OpenSearch under ``root``, made if it is not there.

    Safe with several processes at once. An intact folder needs no network; a damaged one is made anew.

    Args:
        root: where assembled distributions live, readable to the user who runs the node.
        downloads: where jars are kept, default ``cache()/maven``.
        lock: which files, default the lock that ships with Aisle.
        fetch: makes files present under a folder.

    Raises:
        DownloadFailed: from ``fetch``, or the folders cannot be written.
        DiskFull: no space left.
    """
    lock = lock or load_lock()
    downloads = downloads or cache() / "maven"
    folder = root / f"opensearch-{lock.opensearch}-{lock.fingerprint}-{LAYOUT}"
    if not damaged(folder):
        return folder
    try:
        with exclusive(root / ".lock"), exclusive(downloads / ".lock"):
            # Another process may have made it while this one waited.
            if damaged(folder):
                fetch(lock.files, downloads)
                _replace(folder, lock, downloads)
    except OSError as error:
        raise _cannot_write(root, error) from error
    return folder


def _cannot_write(root: Path, error: OSError) -> AisleError:
    if error.errno == errno.ENOSPC:
        return DiskFull("no disk space left for OpenSearch's files", fix="free 300 MB, or move AISLE_CACHE")
    return DownloadFailed(
        f"cannot write OpenSearch's files under {root}: {error.strerror}",
        fix="set AISLE_CACHE to a folder that can be written",
    )


def damaged(folder: Path) -> list[str]:
    """Names of files that are missing or differ from the manifest; ``[MANIFEST]`` if there is none."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return [MANIFEST]
    digests: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    return [name for name, digest in digests.items() if _digest(folder / name) != digest]


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _replace(folder: Path, lock: Lock, downloads: Path) -> None:
    staging = Path(tempfile.mkdtemp(prefix=".assembling-", dir=folder.parent))
    try:
        _assemble(staging, lock, downloads)
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _assemble(staging: Path, lock: Lock, downloads: Path) -> None:
    # OpenSearch makes the folders it looks for, and the node's user may not write here.
    for name in EMPTY_FOLDERS:
        (staging / name).mkdir()
    for file in lock.files:
        target = staging / file.folder
        target.mkdir(parents=True, exist_ok=True)
        source = maven_path(downloads, file)
        if file.packaging == "zip":
            with zipfile.ZipFile(source) as archive:
                archive.extractall(target)
        else:
            shutil.copyfile(source, target / file.filename)
    for module in MODULES:
        descriptor = staging / "modules" / module.name / "plugin-descriptor.properties"
        descriptor.parent.mkdir(parents=True, exist_ok=True)
        descriptor.write_text(module_descriptor(module), encoding="utf-8")
    paths = sorted(path for path in staging.rglob("*") if path.is_file())
    digests = {path.relative_to(staging).as_posix(): _digest(path) for path in paths}
    (staging / MANIFEST).write_text(json.dumps(digests, indent=1), encoding="utf-8")
    for path in (staging, *staging.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
