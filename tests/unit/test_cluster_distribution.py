"""Assembling, verifying and repairing, on a tiny lock."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from aisle.cluster.node import distribution
from aisle.cluster.node.distribution import damaged, download, ensure_distribution, intact, maven_path
from aisle.cluster.node.lock import Lock, LockedFile
from aisle.errors import DownloadFailed


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("plugin-descriptor.properties", "name=p\n")
    return data.getvalue()


CONTENT = {"core": b"core jar", "plugin": archive()}


def locked(folder: str, artifact: str, packaging: str) -> LockedFile:
    data = CONTENT[artifact]
    return LockedFile(
        folder, "org.example", artifact, "1", packaging, len(data), hashlib.sha256(data).hexdigest()
    )


LOCK = Lock("1", (locked("lib", "core", "jar"), locked("plugins/p", "plugin", "zip")))


class Source:
    """Stands where the network is; counts what it had to give."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def fetch(self, files: Sequence[LockedFile], folder: Path) -> None:
        for file in files:
            path = maven_path(folder, file)
            if not intact(path, file):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(CONTENT[file.artifact])
                self.given.append(file.artifact)


def ensure(tmp_path: Path, source: Source) -> Path:
    return ensure_distribution(tmp_path / "root", downloads=tmp_path / "maven", lock=LOCK, fetch=source.fetch)


def test_assembles_and_a_second_start_needs_no_network(tmp_path: Path) -> None:
    folder = ensure(tmp_path, Source())
    assert (folder / "lib" / "core-1.jar").read_bytes() == CONTENT["core"]
    assert (folder / "plugins" / "p" / "plugin-descriptor.properties").read_text() == "name=p\n"
    assert (folder / "modules" / "transport-grpc" / "plugin-descriptor.properties").is_file()

    def never(files: Sequence[LockedFile], where: Path) -> None:
        pytest.fail("asked the network")

    again = ensure_distribution(tmp_path / "root", downloads=tmp_path / "maven", lock=LOCK, fetch=never)
    assert again == folder


def test_readable_to_another_user_whatever_the_umask(tmp_path: Path) -> None:
    import os

    before = os.umask(0o077)
    try:
        folder = ensure(tmp_path, Source())
    finally:
        os.umask(before)
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o755
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "lib" / "core-1.jar").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("harm", ["change", "delete"])
def test_damaged_jar_is_found_and_mended_from_the_downloads(tmp_path: Path, harm: str) -> None:
    source = Source()
    folder = ensure(tmp_path, source)
    jar = folder / "lib" / "core-1.jar"
    if harm == "change":
        jar.write_bytes(b"core jaR")
    else:
        jar.unlink()
    assert damaged(folder) == ["lib/core-1.jar"]
    ensure(tmp_path, source)
    assert jar.read_bytes() == CONTENT["core"]
    assert source.given == ["core", "plugin"]


def test_damaged_download_is_fetched_again(tmp_path: Path) -> None:
    source = Source()
    folder = ensure(tmp_path, source)
    (folder / "lib" / "core-1.jar").write_bytes(b"")
    maven_path(tmp_path / "maven", LOCK.files[0]).write_bytes(b"cut")
    ensure(tmp_path, source)
    assert source.given == ["core", "plugin", "core"]


def test_failed_assembly_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("stop here")

    monkeypatch.setattr(distribution, "module_descriptor", broken)
    with pytest.raises(RuntimeError, match="stop here"):
        ensure(tmp_path, Source())
    assert [path.name for path in (tmp_path / "root").iterdir()] == [".lock"]


def test_several_at_once_assemble_once(tmp_path: Path) -> None:
    source, folders = Source(), list[Path]()
    threads = [threading.Thread(target=lambda: folders.append(ensure(tmp_path, source))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folders) == 4
    assert len(set(folders)) == 1
    assert source.given == ["core", "plugin"]


def test_unwritable_cache_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file where a folder should be")
    with pytest.raises(DownloadFailed, match="cannot write") as caught:
        ensure(tmp_path, Source())
    assert "AISLE_CACHE" in caught.value.fix


def test_no_network_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aisle.cluster.node.distribution.ATTEMPTS", 1)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(DownloadFailed, match=r"could not download core-1\.jar"):
        download(LOCK.files[:1], tmp_path)
    assert not maven_path(tmp_path, LOCK.files[0]).exists()
