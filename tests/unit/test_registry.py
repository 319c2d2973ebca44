"""Releases on record: in a folder and in an S3-compatible store, and what happens when either fails."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from aisle.encoder.artifact import ArtifactStore, load_artifact
from aisle.errors import ArtifactCorrupt, InputError, RegistryError
from aisle.registry.collection import KnownReleases, collect
from aisle.registry.manifest import read_release_manifest
from aisle.registry.objects import Objects
from aisle.registry.registry import Registry
from aisle.registry.turns import TURNS, pushing, removing
from tests.support.proxies.faulty import Answer, Down, FaultyProxy, Request
from tests.support.registry import CLUSTER, given, manifest_of, objects_in, s3, small_artifact, use_s3

TEXTS = (b'[{"id":"week"}]', b"sofa, couch")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a registry is: its location, and the folder behind it if it is one."""

    location: str
    folder: Path | None = None

    def registry(self) -> Registry:
        return Registry(Objects.open(self.location, make=True))


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "folder":
        yield Place(str(tmp_path / "registry"), tmp_path / "registry")
        return
    with s3(monkeypatch):
        yield Place("s3://models/aisle")


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "registry"), tmp_path / "registry")


def test_what_is_pushed_comes_back_on_another_machine(
    place: Place, store: ArtifactStore, tmp_path: Path
) -> None:
    artifacts = [small_artifact(store, "shop"), small_artifact(store, "shop-sparse", kind="sparse")]
    manifest = manifest_of("shop-v0007", artifacts, texts=TEXTS)
    done = place.registry().push(manifest, artifacts, given(TEXTS))
    assert [name.split("/")[0] for name in done.written] == ["dense", "sparse", "texts", "texts", "releases"]
    elsewhere = ArtifactStore(tmp_path / "elsewhere")
    found = place.registry().release("shop")
    assert found == manifest and found.fingerprint == manifest.fingerprint
    pulled = place.registry().pull(found, elsewhere)
    assert pulled.fetched == ("encoder 0", "encoder 1") and dict(pulled.texts) == given(TEXTS)
    for artifact, path in zip(artifacts, pulled.artifacts.values(), strict=True):
        copied = load_artifact(path)
        assert copied.fingerprint == artifact.fingerprint and path.is_relative_to(elsewhere.home)
        assert copied.manifest == artifact.manifest
    # Nobody is told that it comes again what is there.
    again = place.registry().push(manifest, artifacts, given(TEXTS))
    assert again.written == () and again.size == 0 and len(again.there) == 5
    assert place.registry().pull(found, elsewhere).fetched == ()


def test_of_two_releases_each_is_found_and_the_newest_by_default(place: Place, store: ArtifactStore) -> None:
    artifact = small_artifact(store, "shop")
    old = manifest_of("shop-v0006", [artifact], created="2026-11-01T00:00:00.000+00:00")
    new = manifest_of("shop-v0007", [artifact])
    registry = place.registry()
    for one in (new, old):
        registry.push(one, [artifact], {})
    assert registry.release("shop") == new
    assert registry.release("shop", "shop-v0006") == old
    assert registry.release("shop", old.fingerprint[:8]) == old
    assert registry.release("shop", old.fingerprint) == old
    with pytest.raises(
        RegistryError, match=r"no release shop-v0001 of shop. Fix: choose from shop-v0006, shop-v0007"
    ):
        registry.release("shop", "shop-v0001")
    with pytest.raises(RegistryError, match="no release of outlet"):
        registry.release("outlet")
    held = registry.contents()
    assert [one.manifest for one in held.releases] == [old, new] and held.problems == ()
    assert set(held.artifacts) == {f"dense/shop-{artifact.fingerprint[:12]}"}


def test_a_record_never_changes(folder: Place, store: ArtifactStore) -> None:
    artifact = small_artifact(store, "shop")
    registry = folder.registry()
    first = manifest_of("shop-v0001", [artifact])
    registry.push(first, [artifact], {})
    # The same again, later: the first record stays.
    registry.push(first.model_copy(update={"created": "2027", "documents": 9}), [artifact], {})
    assert registry.release("shop") == first
    # Served with something else it is another record.
    other = manifest_of("shop-v0001", [artifact], fusion={"legs": ["bm25"]}, created="2027")
    registry.push(other, [artifact], {})
    assert registry.release("shop") == other and len(registry.contents().releases) == 2


def test_what_a_manifest_binds_has_to_be_given(folder: Place, store: ArtifactStore) -> None:
    artifact = small_artifact(store, "shop")
    with pytest.raises(InputError, match=r"the encoder 0 .* of shop-v0001 is not given"):
        folder.registry().push(manifest_of("shop-v0001", [artifact]), [], {})
    with pytest.raises(InputError, match=r"the text .* is not given"):
        folder.registry().push(manifest_of("shop-v0001", texts=TEXTS), [], {})
    assert folder.folder is not None and objects_in(folder.folder) == {}


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("model.onnx", "model.onnx is gone"),
        ("manifest.json", "manifest.json is gone"),
        ("texts", "is gone"),
    ],
)
def test_a_registry_that_lost_something_says_what_and_is_mended_by_a_push(
    folder: Place, store: ArtifactStore, tmp_path: Path, lost: str, said: str
) -> None:
    artifact = small_artifact(store, "shop")
    manifest = manifest_of("shop-v0001", [artifact], texts=TEXTS)
    registry = folder.registry()
    registry.push(manifest, [artifact], given(TEXTS))
    assert folder.folder is not None
    victim = next(path for path in folder.folder.rglob("*") if path.is_file() and lost in str(path))
    victim.unlink()
    elsewhere = ArtifactStore(tmp_path / "elsewhere")
    with pytest.raises(RegistryError, match=said):
        registry.pull(manifest, elsewhere)
    assert lost == "texts" or elsewhere.list() == ()
    if lost != "model.onnx":
        (problem,) = registry.contents().problems
        assert "is gone" in problem.problem
    done = registry.push(manifest, [artifact], given(TEXTS))
    assert len(done.written) == 1
    assert registry.pull(manifest, ArtifactStore(tmp_path / "third")).fetched == ("encoder 0",)


@pytest.mark.parametrize("damaged", ["model.onnx", "manifest.json", "texts/", "releases/"])
def test_what_broke_off_in_the_registry_is_written_again_by_a_push(
    folder: Place, store: ArtifactStore, tmp_path: Path, damaged: str
) -> None:
    artifact = small_artifact(store, "shop")
    manifest = manifest_of("shop-v0001", [artifact], texts=TEXTS)
    registry = folder.registry()
    registry.push(manifest, [artifact], given(TEXTS))
    assert folder.folder is not None
    victim = next(path for path in folder.folder.rglob("*") if path.is_file() and damaged in str(path))
    victim.write_bytes(victim.read_bytes()[:-1])
    done = registry.push(manifest, [artifact], given(TEXTS))
    assert len(done.written) == 1
    found = registry.pull(registry.release("shop"), ArtifactStore(tmp_path / "elsewhere"))
    assert found.fetched == ("encoder 0",) and registry.contents().problems == ()
    assert registry.push(manifest, [artifact], given(TEXTS)).written == ()


@pytest.mark.parametrize("changed", ["model.onnx", "texts/", "releases/"])
def test_what_was_changed_in_the_registry_is_refused(
    folder: Place, store: ArtifactStore, tmp_path: Path, changed: str
) -> None:
    artifact = small_artifact(store, "shop")
    registry = folder.registry()
    registry.push(manifest_of("shop-v0001", [artifact], texts=TEXTS), [artifact], given(TEXTS))
    assert folder.folder is not None
    victim = next(path for path in folder.folder.rglob("*") if path.is_file() and changed in str(path))
    victim.write_bytes(victim.read_bytes().replace(b"shop-v0001", b"shop-v0002") + b" ")
    elsewhere = ArtifactStore(tmp_path / "elsewhere")
    if changed == "releases/":
        # White space is no change; another release under the same fingerprint is.
        with pytest.raises(RegistryError, match="was changed: its fingerprint is another one"):
            registry.release("shop")
        assert "was changed" in registry.contents().problems[0].problem
        return
    with pytest.raises((ArtifactCorrupt, RegistryError), match="was changed"):
        registry.pull(registry.release("shop"), elsewhere)
    assert changed == "texts/" or elsewhere.list() == ()
    assert not [path for path in elsewhere.home.iterdir() if path.name.startswith(".staging")]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'{"fingerprint": 1}', b"\xff", b'{"schema_version": 1}']
)
def test_what_is_no_manifest_is_told(content: bytes) -> None:
    with pytest.raises(RegistryError, match="somewhere"):
        read_release_manifest(content, "somewhere")


def test_a_manifest_of_a_later_aisle_is_told_as_such() -> None:
    held = orjson.loads(manifest_of("shop-v0001").to_bytes()) | {"schema_version": 2}
    with pytest.raises(RegistryError, match=r"schema_version 2; this Aisle reads 1"):
        read_release_manifest(orjson.dumps(held), "somewhere")


def test_a_name_that_leads_elsewhere_is_refused(folder: Place, store: ArtifactStore) -> None:
    for catalogue in ("../shop", "a/b", "", ".."):
        with pytest.raises(RegistryError, match="no name in a registry"):
            folder.registry().release(catalogue)


PUSH = """
import resource, signal, sys
from pathlib import Path
from aisle.encoder.artifact import ArtifactStore
from aisle.errors import RegistryError
from aisle.registry.objects import Objects
from aisle.registry.registry import Registry
from tests.support.registry import manifest_of, small_artifact
artifact = small_artifact(ArtifactStore(Path(sys.argv[2])), "shop", b"w" * 200_000)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    Registry(Objects.open(sys.argv[1], make=True)).push(manifest_of("shop-v0001", [artifact]), [artifact], {})
except RegistryError as error:
    print(error)
    sys.exit(3)
"""


def test_a_folder_that_is_full_takes_nothing_by_halves(folder: Place, tmp_path: Path) -> None:
    """A limit on the size of a file stands for the full disk."""
    done = subprocess.run(
        [sys.executable, "-c", PUSH, folder.location, str(tmp_path / "artifacts")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "make room there" in done.stdout and "nothing was half-written" in done.stdout
    held = folder.registry().contents()
    assert held.releases == () and not any(one.whole for one in held.artifacts.values())
    assert folder.folder is not None
    assert not [name for name in objects_in(folder.folder) if "model.onnx" in name or name.startswith(TURNS)]
    # Room was made: the same push goes through.
    artifact = small_artifact(ArtifactStore(tmp_path / "artifacts"), "shop", b"w" * 200_000)
    folder.registry().push(manifest_of("shop-v0001", [artifact]), [artifact], {})
    assert folder.registry().release("shop").artifacts[0].fingerprint == artifact.fingerprint


@pytest.mark.parametrize(
    ("status", "code", "fix"),
    [(403, "AccessDenied", "may be written"), (507, "InsufficientStorage", "make room there")],
)
def test_a_store_that_takes_no_writes_says_so_and_has_no_release(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, status: int, code: str, fix: str
) -> None:
    """Read-only, and full, at every write of a push in turn; pulling goes on."""
    artifact = small_artifact(store, "shop")
    first, second = manifest_of("shop-v0001", [artifact]), manifest_of("shop-v0002", [artifact], texts=TEXTS)
    body = f"<Error><Code>{code}</Code></Error>".encode()
    with s3(monkeypatch) as address, FaultyProxy(address) as proxy:
        use_s3(monkeypatch, proxy.url)
        registry = Registry(Objects.open("s3://models/aisle-507-403"))
        registry.push(first, [artifact], {})
        for allowed in range(4):
            writes: list[Request] = []

            def refuse(
                request: Request, allowed: int = allowed, writes: list[Request] = writes
            ) -> Answer | None:
                if request.method != "PUT":
                    return None
                writes.append(request)
                return Answer(status, body) if len(writes) > allowed else None

            proxy.plan = refuse
            with pytest.raises(RegistryError, match=fix) as refused:
                registry.push(second, [artifact], given(TEXTS))
            assert "not-a-secret" not in str(refused.value)
            assert registry.release("shop") == first
            assert registry.pull(first, store).manifest == first
        proxy.plan = lambda _: None
        registry.push(second, [artifact], given(TEXTS))
        assert registry.release("shop", "shop-v0002") == second


def test_a_store_that_is_away_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3(monkeypatch) as address, FaultyProxy(address) as proxy:
        proxy.plan = lambda _: Down()
        use_s3(monkeypatch, proxy.url)
        with pytest.raises(RegistryError, match="s3://models/aisle"):
            Registry(Objects.open("s3://models/aisle")).contents()
        use_s3(monkeypatch, address)
        with pytest.raises(RegistryError, match="there is no bucket"):
            Registry(Objects.open("s3://no-such-bucket/aisle")).push(manifest_of("shop-v0001"), [], {})


def test_reading_makes_no_folder_and_a_strange_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no registry at"):
        Objects.open(str(tmp_path / "typo"))
    assert list(tmp_path.iterdir()) == []
    for strange in ("", "ftp://somewhere", "http://somewhere/models"):
        with pytest.raises(InputError, match="is no registry"):
            Objects.open(strange)


def test_nobody_pushes_while_somebody_removes(place: Place) -> None:
    registry, known = place.registry(), KnownReleases(CLUSTER, {})
    with removing(registry.objects):
        with pytest.raises(RegistryError, match=r"is being cleaned up by process \d+ on"):
            registry.push(manifest_of("shop-v0001"), [], {})
        with pytest.raises(RegistryError, match="is being cleaned up"):
            collect(registry, known, 0)
    with pushing(registry.objects):
        registry.push(manifest_of("shop-v0001"), [], {})
        with pytest.raises(RegistryError, match="is being written to"):
            collect(registry, known, 0)
    assert collect(registry, known, 0).kept == 1
    assert registry.objects.list(TURNS) == ()
