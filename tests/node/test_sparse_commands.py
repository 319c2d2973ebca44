"""The sparse leg as its users run it: train, index, search, explain, update, eval."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from aisle.encoder import SparseEncoder
from aisle.mappings import fields
from tests.support.command import Done, failure, here, open_folder
from tests.support.tiny_catalogue import catalogue, write_beir
from tests.support.tiny_sparse import shared_artifact

NAME = "test-sparse-commands"
Run = Callable[..., Done]


@dataclass(frozen=True, slots=True)
class Shop:
    """A folder with a catalogue, and the environment of its commands."""

    folder: Path
    env: dict[str, str]


@pytest.fixture(scope="module")
def shop(client: Cluster, node_url: str) -> Iterator[Shop]:
    client.indices.delete(index=f"{NAME}-v*", ignore_unavailable=True)
    with open_folder() as folder:
        write_beir(folder / "shop")
        kind = folder / "home" / "artifacts" / "sparse"
        kind.mkdir(parents=True)
        (kind / shared_artifact().name).symlink_to(shared_artifact())
        yield Shop(folder, {"AISLE_URL": node_url, "AISLE_HOME": str(folder / "home")})
    client.indices.delete(index=f"{NAME}-v*")


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(shop.folder)

    def command(*arguments: str) -> Done:
        return here(monkeypatch, capfd, *arguments, **shop.env)

    return command


def test_from_catalogue_to_answers(run: Run, client: Cluster, shop: Shop) -> None:
    indexed = run("index", "shop", "--name", NAME, "--encoder", "none", "--sparse", "tiny-sparse", "--json")
    assert indexed.code == 0, indexed.err
    # Questions and items share no word: only the sparse leg can answer.
    found = json.loads(run("search", "thingc styled", "--name", NAME, "--json").out)
    assert "i2-3" in [hit["item"]["id"] for hit in found["hits"][:3]]
    assert found["hits"][0]["signals"]["bm25"]["rank"] is None
    assert found["hits"][0]["signals"]["sparse"]["rank"] == 1
    assert (
        json.loads(run("search", "thingc styled", "--name", NAME, "--legs", "bm25", "--json").out)["hits"]
        == []
    )

    explained = json.loads(run("explain", "i2-3", "--name", NAME, "--sparse", "--json").out)
    encoder = SparseEncoder.load(shared_artifact())
    assert explained["tokens"] == encoder.encode_items([catalogue()["i2-3"]])[0]
    assert list(explained["tokens"].values()) == sorted(explained["tokens"].values(), reverse=True)
    assert explained["fingerprint"] == encoder.fingerprint
    shown = run("explain", "i2-3", "--name", NAME, "--sparse", "--size", "2")
    assert (
        shown.code == 0 and next(iter(explained["tokens"])) in shown.out and "more with --size" in shown.out
    )

    report = run("eval", "shop", "--name", NAME, "--systems", "bm25,sparse,hybrid", "--json", "report.json")
    assert report.code == 0, report.err
    systems = json.loads((shop.folder / "report.json").read_text())["systems"]
    assert systems["bm25"]["nDCG@10"] == 0 < systems["sparse"]["nDCG@10"]
    no_dense = failure(run("eval", "shop", "--name", NAME, "--systems", "dense"))
    assert "no system 'dense'" in no_dense

    # A new text gets new weights, a new price does not.
    before = source(client, "i2-3")
    changes = [
        {"op": "update", "id": "i2-3", "price": 5},
        {"op": "update", "id": "i4-4", "title": "the kinda markb"},
    ]
    (shop.folder / "changes.jsonl").write_text("".join(json.dumps(change) + "\n" for change in changes))
    updated = run("update", NAME, "changes.jsonl", "--refresh", "--json")
    assert updated.code == 0, updated.err
    assert json.loads(updated.out)["encoded"] == 1
    assert source(client, "i2-3")[fields.SPARSE] == before[fields.SPARSE]
    assert source(client, "i2-3")["price"] == 5
    expected = encoder.encode_items(["the kinda markb"])[0]
    assert source(client, "i4-4")[fields.SPARSE] == expected
    renamed = json.loads(run("search", "thinga styleb", "--name", NAME, "--size", "3", "--json").out)
    assert {"i0-1", "i4-4"} <= {hit["item"]["id"] for hit in renamed["hits"]}


def test_what_cannot_be_explained_is_said(run: Run, client: Cluster, name: str) -> None:
    assert run("index", "shop", "--name", name, "--encoder", "none", "--json").code == 0
    assert "no sparse weights" in failure(run("explain", "i2-3", "--name", name, "--sparse"))
    assert "no index or alias" in failure(run("explain", "i2-3", "--name", "no-such-shop", "--sparse"))
    assert run("explain", "i2-3", "--name", name).code == 2
    assert run("index", "shop", "--name", name, "--sparse", "tiny-sparse", "--ray", "local").code == 2
    missing = failure(run("index", "shop", "--name", name, "--encoder", "none", "--sparse", "nothing"))
    assert "no single artifact 'nothing'" in missing
    indexed = run("index", "shop", "--name", name, "--encoder", "none", "--sparse", "tiny-sparse", "--json")
    assert indexed.code == 0, indexed.err
    assert "no item 'nobody'" in failure(run("explain", "nobody", "--name", name, "--sparse"))


def source(client: Cluster, id_: str) -> dict[str, object]:
    return dict(client.get(index=NAME, id=id_)["_source"])
