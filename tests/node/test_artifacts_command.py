"""A live release goes on record as it is served, and comes back elsewhere: on a real node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

import aisle
from aisle._registry import VARIABLE
from aisle.cluster import Cluster
from aisle.encoder.artifact import ArtifactStore
from aisle.errors import ArtifactNotFound, IndexNotFound, InputError
from aisle.indexer.releases.rollback import rollback
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import ItemEncoder, without_vectors
from aisle.mappings import VectorSpace, fields
from aisle.mappings.meta import Lineage
from aisle.mappings.synonyms import Synonyms
from tests.support.command import Done, failure, here
from tests.support.indexing import DIMS, items, options, vectors
from tests.support.proxies.faulty import FaultyProxy, Request
from tests.support.registry import objects_in, s3, small_artifact, use_s3

Command = Callable[..., Done]
RULES = [{"id": "week", "when": {"query": "shoe"}, "then": {"pin": [{"id": "id-3", "at": 1}]}}]
LINEAGE = Lineage(data="d" * 64, commit="c" * 40, aisle="0.1")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "home" / "artifacts")


@pytest.fixture
def encoder(store: ArtifactStore) -> ItemEncoder:
    """Vectors that an artifact of the store is said to have made."""
    artifact = small_artifact(store, "shop-encoder")
    return ItemEncoder({fields.DENSE: VectorSpace(artifact.fingerprint, "shop-encoder", DIMS)}, vectors)


@pytest.fixture
def command(
    node_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """``aisle artifacts ...`` with a registry of this test."""
    settings = {
        "AISLE_URL": node_url,
        "AISLE_HOME": str(tmp_path / "home"),
        VARIABLE: str(tmp_path / "registry"),
    }
    return lambda *arguments, **env: here(monkeypatch, capfd, "artifacts", *arguments, **settings | env)


def test_a_release_is_recorded_as_it_is_served(
    client: Cluster, name: str, encoder: ItemEncoder, store: ArtifactStore, tmp_path: Path
) -> None:
    registry = str(tmp_path / "registry")
    index_catalogue(client, items(20), without_vectors(), options(name))
    index_catalogue(
        client, items(30), encoder, options(name, lineage=LINEAGE, synonyms=Synonyms(("sofa, couch",)))
    )
    bare = aisle.push_release(name, registry, cluster=client, store=store).manifest
    assert (bare.release, bare.documents, bare.rules) == (f"{name}-v0002", 30, None)
    assert [(one.role, one.name) for one in bare.artifacts] == [("encoder", "shop-encoder")]
    assert bare.synonyms is not None and bare.synonyms.lines == 1
    assert bare.lineage.model_dump() == {
        "data": "d" * 64,
        "commit": "c" * 40,
        "aisle": "0.1",
        "parent": f"{name}-v0001",
    }
    # Pushed again nothing is new, though a document more is there.
    client.index(
        index=f"{name}-v0002", id="x", body={"id": "x", "title": "a lamp"}, params={"refresh": "true"}
    )
    again = aisle.push_release(name, registry, cluster=client, store=store)
    assert again.written == () and again.manifest.fingerprint == bare.fingerprint
    # Rules are part of what is served: with others it is another record.
    aisle.put_rules(name, RULES, cluster=client)
    ruled = aisle.push_release(name, registry, cluster=client, store=store).manifest
    assert ruled.fingerprint != bare.fingerprint and ruled.rules is not None and ruled.rules.lines == 1
    # What was live before is recorded with the rules of its time, which had none.
    earlier = aisle.push_release(
        name, registry, release=f"{name}-v0001", cluster=client, store=store
    ).manifest
    assert (earlier.artifacts, earlier.rules, earlier.lineage.parent) == ((), None, "")
    assert {one.manifest.release for one in aisle.list_registry(registry).releases if one.manifest} == {
        f"{name}-v0001",
        f"{name}-v0002",
    }


def test_another_machine_gets_what_the_release_needs_and_its_texts(
    client: Cluster, name: str, encoder: ItemEncoder, store: ArtifactStore, tmp_path: Path, command: Command
) -> None:
    index_catalogue(
        client, items(20), encoder, options(name, synonyms=Synonyms(("sofa, couch", "tv, telly")))
    )
    aisle.put_rules(name, RULES, cluster=client)
    done = command("push", name)
    assert done.code == 0 and f"{name}-v0001 is on record as " in done.out
    assert "encoder: shop-encoder" in done.out and "synonyms: 2 " in done.out and "rules: 1 " in done.out
    assert "4 written" in done.out
    elsewhere = str(tmp_path / "elsewhere")
    pulled = command("pull", name, "--texts", str(tmp_path / "texts"), "--json", AISLE_HOME=elsewhere)
    told = orjson.loads(pulled.out)
    assert told["fetched"] == ["encoder"] and told["manifest"]["release"] == f"{name}-v0001"
    ((path, manifest),) = ArtifactStore(Path(elsewhere) / "artifacts").list()
    assert manifest.fingerprint == encoder.spaces[fields.DENSE].fingerprint
    assert told["artifacts"] == {"encoder": str(path)}
    assert (tmp_path / "texts" / "synonyms.txt").read_text() == "sofa, couch\ntv, telly\n"
    # What comes back can be put: it is what it was.
    fingerprint = aisle.list_rules(name, cluster=client)[-1].fingerprint
    assert (
        aisle.put_rules(name, tmp_path / "texts" / "rules.json", cluster=client).live.fingerprint
        == fingerprint
    )
    listed = command("list")
    assert listed.code == 0 and f"{name}-v0001" in listed.out and "shop-encoder" in listed.out
    # Of an artifact that the registry lost a list tells, and ends with 1.
    for lost in (tmp_path / "registry" / "artifacts").rglob("manifest.json"):
        lost.unlink()
    listed = command("list", "--json")
    assert listed.code == 1 and "is gone" in orjson.loads(listed.out)["releases"][0]["problem"]


def test_cleaning_up_keeps_what_is_live_and_what_a_rollback_could_go_to(
    client: Cluster, name: str, encoder: ItemEncoder, store: ArtifactStore, tmp_path: Path, command: Command
) -> None:
    registry = str(tmp_path / "registry")
    for number in (10, 11, 12, 13):
        index_catalogue(client, items(number), encoder, options(name, keep=9))
        aisle.push_release(name, registry, cluster=client, store=store)
    rollback(client, name)
    client.indices.delete(index=f"{name}-v0001")
    before = objects_in(tmp_path / "registry")
    would = command("gc", "--keep", "0", "--dry-run")
    assert f"would remove releases/{name}/{name}-v0001-" in would.out and "3 releases stay" in would.out
    assert objects_in(tmp_path / "registry") == before
    assert "0 releases, 0 artifacts" in command("gc", "--keep", "1").out
    told = orjson.loads(command("gc", "--keep", "0", "--json").out)
    assert len(told["releases"]) == 1 and told["artifacts"] == [] and told["done"]
    # Live, older, and withdrawn: any of these can become live again.
    for number in (2, 3, 4):
        assert command("pull", name, "--release", f"{name}-v{number:04d}").code == 0
    # Whatever somebody deleted by hand: what was live last stays on record, as it may be all that is left.
    client.indices.delete(index=f"{name}-v*")
    left = command("gc", "--keep", "0")
    assert "2 releases, 0 artifacts (0.0 MB), 0 texts removed; 1 release stays" in left.out
    assert f"releases/{name}/{name}-v0003-" in left.err and "it was live last" in left.err
    assert command("pull", name, "--release", f"{name}-v0003").code == 0
    # With another one live it is a release like others.
    index_catalogue(client, items(14), encoder, options(name))
    assert "1 release, 1 artifact (" in command("gc", "--keep", "0").out
    assert objects_in(tmp_path / "registry") == {}


def test_what_is_recorded_while_somebody_begins_to_clean_up_stays(
    client: Cluster,
    name: str,
    encoder: ItemEncoder,
    store: ArtifactStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = "s3://models/aisle"
    with s3(monkeypatch) as address, FaultyProxy(address) as proxy:
        index_catalogue(client, items(10), encoder, options(name, keep=9))
        aisle.push_release(name, registry, cluster=client, store=store)
        once = threading.Lock()

        def meanwhile(request: Request) -> None:
            # Until it says that it is there, whoever cleans up stops nobody.
            if "removing.json" in request.path and once.acquire(blocking=False):
                index_catalogue(client, items(11), encoder, options(name, keep=9))
                aisle.push_release(name, registry, cluster=client, store=store)

        proxy.plan = meanwhile
        use_s3(monkeypatch, proxy.url)
        assert aisle.clean_registry(registry, keep=0, cluster=client).releases == ()
        recorded = [one.manifest.release for one in aisle.list_registry(registry).releases if one.manifest]
    assert sorted(recorded) == [f"{name}-v0001", f"{name}-v0002"]


def test_what_cannot_be_pushed_is_told_and_leaves_nothing(
    client: Cluster, name: str, encoder: ItemEncoder, tmp_path: Path, command: Command
) -> None:
    registry = str(tmp_path / "registry")
    with pytest.raises(IndexNotFound, match="has no releases"):
        aisle.push_release(f"{name}-typo", registry, cluster=client)
    index_catalogue(client, items(20), encoder, options(name))
    with pytest.raises(InputError, match="no finished release"):
        aisle.push_release(name, registry, release=f"{name}-v0009", cluster=client)
    with pytest.raises(ArtifactNotFound, match=r"the encoder of .* is not on this machine"):
        aisle.push_release(name, registry, cluster=client, store=ArtifactStore(tmp_path / "empty"))
    refused = command("push", name, **{VARIABLE: ""})
    assert refused.code == 1 and "no registry is named" in failure(refused)
    missing = command("pull", name)
    assert missing.code == 1 and "there is no registry at" in failure(missing)
    assert not (tmp_path / "registry").exists()
