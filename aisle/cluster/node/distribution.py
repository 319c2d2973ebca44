"""Assemble the node's folder (lib/, modules/, plugins/) from the locked files; verify it at each start."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from aisle._environment import cache
from aisle.cluster.node.files import module_descriptor
from aisle.cluster.node.folder import lock_at
from aisle.cluster.node.lock import MODULES, Lock, LockedFile, load_lock
from aisle.errors import AisleError, DiskFull, DownloadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ATTEMPTS = 3
AT_ONCE = 8
TIMEOUT_S = 30


def maven_path(folder: Path, file: LockedFile) -> Path:
    """Where jgo keeps the artifact under its repository folder."""
    return folder.joinpath(*file.group.split("."), file.artifact, file.version, file.filename)


def intact(path: Path, file: LockedFile) -> bool:
    """Is the file there, with the size and the hash of the lock?"""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


def download(files: Sequence[LockedFile], folder: Path) -> None:
    """Make every file present and intact under ``folder``, a Maven repository folder.

    Raises:
        DownloadFailed: a file could not be fetched, or what came is not what the lock names.
    """
    missing = [file for file in files if not intact(maven_path(folder, file), file)]
    if not missing:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("OpenSearch", total=sum(file.size for file in missing))

        @contextmanager
        def counted(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
            yield lambda count: progress.advance(task, count)

        context = MavenContext(
            resolver=PythonResolver(progress_callback=counted), repo_cache=folder, timeout=TIMEOUT_S
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:
            # Largest first: a big file that starts last would finish alone.
            ordered = sorted(missing, key=lambda file: -file.size)
            futures = {pool.submit(_fetch, context, file, folder): file for file in ordered}
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                # Also on Ctrl-C: what has not begun does not begin.
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _fetch(context: MavenContext, file: LockedFile, folder: Path) -> None:
    path = maven_path(folder, file)
    artifact = context.project(file.group, file.artifact).at_version(file.version)
    # jgo raises RuntimeError for "not found" and for a wrong checksum; requests' errors are OSErrors.
    retrying = Retrying(
        retry=retry_if_exception_type((OSError, RuntimeError)),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    try:
        for attempt in retrying:
            with attempt:
                # jgo writes in place and takes any file there for whole, so a leftover goes first.
                path.unlink(missing_ok=True)
                artifact.artifact(packaging=file.packaging).resolve()
    except (OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        reason = type(error).__name__
        raise DownloadFailed(
            f"could not download {file.filename} ({reason})",
            fix="check the network and the proxy settings, then run the same command again",
        ) from error
    if not intact(path, file):
        path.unlink(missing_ok=True)
        raise DownloadFailed(
            f"{file.filename} is not the file that the lock names (sha256 differs)",
            fix="something between here and the Maven repository changes files; try another network",
        )


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
        with lock_at(root / ".lock"), lock_at(downloads / ".lock"):
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
