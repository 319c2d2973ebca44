"""A release whose vectors are of faiss, on a node that cannot load it: to ask it would end the node."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import aisle
from aisle.cluster import Cluster, ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.cluster.node.embedded import faiss_releases
from aisle.cluster.node.libraries import NATIVE_VARIABLE
from aisle.errors import CapabilityMissing, NodeStartFailed
from aisle.indexer.run import index_catalogue
from aisle.search import SearchClient, read_live
from tests.support.hash_vector_catalogue import HashEncoder
from tests.support.indexing import ENCODER, items, options
from tests.support.proxies.faulty import Answer, FaultyProxy
from tests.support.three_nodes import node_home
from tests.support.update_stream import content, load, update, write_lines


@pytest.fixture
def faiss_release(client: Cluster, name: str, engine: str) -> str:
    """A live one that says so; what it really has the session's node can load, so that it survives a test."""
    if engine == "faiss":
        pytest.skip("this node has the libraries")
    load(client, name)
    meta = client.indices.get(index=name)[f"{name}-v0001"]["mappings"]["_meta"]
    meta["aisle"]["engine"] = "faiss"
    client.indices.put_mapping(index=name, body={"_meta": meta})
    return name


def test_its_vectors_are_neither_searched_nor_changed(
    client: Cluster, shaky: Cluster, proxy: FaultyProxy, faiss_release: str, tmp_path: Path
) -> None:
    shop = SearchClient(client, faiss_release, HashEncoder())
    for legs in (["dense"], ["bm25", "dense"]):
        with pytest.raises(
            CapabilityMissing, match=f"faiss, which {client.info()['name']} cannot load"
        ) as caught:
            shop.search("shoe", legs=legs)
        assert "AISLE_KNN_LIB" in caught.value.fix and "--legs bm25" in caught.value.fix
    assert len(shop.search("shoe", legs=["bm25"]).hits) == 10
    before = content(client, faiss_release)
    changes = write_lines(tmp_path / "changes.jsonl", [{"id": "new", "title": "boot"}])
    with pytest.raises(CapabilityMissing, match="AISLE_KNN_LIB"):
        update(client, faiss_release, changes, folder=tmp_path)
    assert content(client, faiss_release) == before
    # Who may only search is not told what the nodes are, on official distributions, which have faiss.
    proxy.plan = lambda request: Answer(403) if request.path.startswith("/_nodes") else None
    assert SearchClient(shaky, faiss_release, HashEncoder()).search("shoe", legs=["dense"]).hits


def test_it_is_neither_checked_nor_gone_back_to(client: Cluster, name: str, faiss_release: str) -> None:
    with pytest.raises(CapabilityMissing, match="AISLE_KNN_LIB"):
        aisle.check_vectors(name, cluster=client)
    load(client, name)
    now = read_live(client, name).meta.release
    assert now != f"{name}-v0001"
    for dry_run in (True, False):
        with pytest.raises(CapabilityMissing, match=f"{name}-v0001 has vectors of the k-NN engine faiss"):
            aisle.rollback(name, cluster=client, dry_run=dry_run)
    assert read_live(client, name).meta.release == now


def test_it_is_not_promoted_and_a_dry_run_says_so(client: Cluster, name: str, engine: str) -> None:
    if engine == "faiss":
        pytest.skip("this node has the libraries")
    load(client, name)
    new = index_catalogue(client, items(20), ENCODER, options(name, stage=True)).release
    meta = client.indices.get(index=new)[new]["mappings"]["_meta"]
    meta["aisle"]["engine"] = "faiss"
    client.indices.put_mapping(index=new, body={"_meta": meta})
    for dry_run in (True, False):
        with pytest.raises(CapabilityMissing, match=f"{new} has vectors of the k-NN engine faiss"):
            aisle.promote(name, cluster=client, dry_run=dry_run)
    assert read_live(client, name).meta.release == f"{name}-v0001"


def test_a_node_names_its_releases_of_faiss(client: Cluster, faiss_release: str, name: str) -> None:
    words = f"{name}-words"
    no_vectors = {"aisle": {"engine": "faiss", "spaces": {}}}
    client.indices.create(index=words, body={"mappings": {"_meta": no_vectors}})
    port = urlsplit(client.transport.get_connection().host).port
    assert port is not None
    found = faiss_releases(port)
    assert f"{faiss_release}-v0001" in found and words not in found
    assert faiss_releases(1) == []


def test_lucene_costs_no_request(client: Cluster, shaky: Cluster, proxy: FaultyProxy, name: str) -> None:
    load(client, name)
    if client.indices.get(index=name)[f"{name}-v0001"]["mappings"]["_meta"]["aisle"]["engine"] == "faiss":
        pytest.skip("this node takes faiss")
    assert SearchClient(shaky, name, HashEncoder()).search("shoe", legs=["dense"]).hits
    assert not [request for request in proxy.requests if request.path.startswith("/_nodes")]


@pytest.mark.native
def test_a_node_comes_back_with_its_libraries_and_not_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with node_home() as folder:
        options = NodeOptions(name="lost", heap_mib=512, folder=folder / "lost")
        with EmbeddedNode.start(options) as node, connect(ClusterSettings(url=node.url)) as first:
            load(first, "shop")
        with monkeypatch.context() as patch:
            libraries = Path(os.environ[NATIVE_VARIABLE]).expanduser().resolve()
            patch.delenv(NATIVE_VARIABLE)
            with pytest.raises(NodeStartFailed, match="node lost has faiss indexes") as caught:
                EmbeddedNode.start(options)
            assert f"set {NATIVE_VARIABLE}={libraries}, or" in caught.value.fix
        with EmbeddedNode.start(options) as node, connect(ClusterSettings(url=node.url)) as again:
            assert SearchClient(again, "shop", HashEncoder()).search("shoe", legs=["dense"]).hits
            changes = write_lines(tmp_path / "changes.jsonl", [{"id": "new", "title": "boot"}])
            update(again, "shop", changes, folder=tmp_path)
            assert "new" in content(again, "shop")
