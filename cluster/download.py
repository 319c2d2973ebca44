"""Fetch locked files with jgo's defaults: several at a time, with progress, each verified by its hash."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from cluster.lock import LockedFile
from records import DownloadFailed

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
