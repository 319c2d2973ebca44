"""Reranked searches on a real node: the order, its pages, updates, time, and products without words."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from aisle._evaluate import evaluate_index
from aisle.cluster import Cluster
from aisle.encoder import CrossEncoder, item_text
from aisle.errors import IndexNotFound, InputError
from aisle.evaluation import JudgedSet
from aisle.mappings import BM25, FusionSpec, default_fusion
from aisle.search import CascadeStage, PairScorer, Reranker, RerankOptions, SearchClient
from aisle.search.systems import is_reranked, parse_systems
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from aisle.types import Item, Query
from tests.support.command import failure, here
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items, swap
from tests.support.served import TestCatalogue
from tests.support.tiny_reranker import tiny_reranker

INDEX = "test-rerank"
ITEMS = shelf_items()
BY_ID = {item.id: item for item in ITEMS}
TOP = 30
ALL = RerankOptions(top=TOP, weight=1)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = ("red", "blue", "oak", "steel", "drill", "lamp", "chair", "hose")
    return tiny_reranker(tmp_path_factory.mktemp("reranker"), words)


@pytest.fixture(scope="module")
def model(artifact: Path) -> CrossEncoder:
    return CrossEncoder.load(artifact)


def client_of(client: Cluster, name: str, model: PairScorer) -> SearchClient:
    return SearchClient(client, name, HashEncoder(), window=50, reranker=Reranker([CascadeStage(model)]))


@pytest.fixture(scope="module")
def shop(client: Cluster, model: CrossEncoder) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=2)
    yield client_of(client, INDEX, model)
    client.indices.delete(index=INDEX)


def ids(hits: Sequence[object]) -> list[str]:
    return [hit.item.id for hit in hits]  # type: ignore[attr-defined]


def test_the_candidates_get_the_models_order_before_the_page_is_cut(
    shop: SearchClient, model: CrossEncoder
) -> None:
    fused = [each.id for each in shop.rank("red oak chair").fused]
    scores = dict(
        zip(
            fused[:TOP],
            model.score("red oak chair", [item_text(BY_ID[i]) for i in fused[:TOP]]).tolist(),
            strict=True,
        )
    )
    expected = sorted(fused[:TOP], key=lambda id_: -scores[id_]) + fused[TOP:]
    page = shop.search("red oak chair", size=1000, rerank=ALL)
    assert ids(page.hits) == expected != fused
    assert page.reranked == TOP
    assert not page.rerank_stopped
    assert 0 < page.timings.rerank < page.timings.total
    for rank, hit in enumerate(page.hits, 1):
        assert hit.rank == rank
        if rank > TOP:
            assert hit.rerank is None
            continue
        assert hit.rerank is not None
        assert hit.rerank.score == pytest.approx(scores[hit.item.id], abs=1e-3)
        assert (hit.rerank.rank, hit.rerank.rank_before) == (rank, fused.index(hit.item.id) + 1)
        assert hit.to_json()["rerank"]["score"] == hit.rerank.score
    # The fused score and its parts stay what they were.
    assert sum(signal.contribution for signal in page.hits[0].signals) == pytest.approx(page.hits[0].score)


def test_pages_cut_one_reranked_order(shop: SearchClient) -> None:
    whole = shop.search("steel lamp", size=1000, rerank=ALL)
    pages = [shop.search("steel lamp", size=7, page=page, rerank=ALL) for page in range(1, 8)]
    assert [id_ for page in pages for id_ in ids(page.hits)] == ids(whole.hits)[:49]
    assert {page.reranked for page in pages} == {TOP}


def test_without_options_nothing_changes(shop: SearchClient) -> None:
    page = shop.search("steel lamp", size=20)
    assert ids(page.hits) == [each.id for each in shop.rank("steel lamp").fused[:20]]
    assert all(hit.rerank is None and hit.to_json()["rerank"] is None for hit in page.hits)
    assert (page.reranked, page.rerank_stopped, page.timings.rerank) == (0, False, 0.0)


def test_a_client_without_a_reranker_says_so(client: Cluster, shop: SearchClient) -> None:
    plain = SearchClient(client, INDEX, HashEncoder())
    with pytest.raises(InputError, match="no reranker") as refused:
        plain.search("red", rerank=ALL)
    assert "--rerank" in refused.value.fix


@dataclass(frozen=True, slots=True)
class Held:
    """A model that keeps its callers until it is told not to.

    Attributes:
        model: that scores.
        asked: released once it is asked.
        go: set once it may answer.
    """

    model: CrossEncoder
    asked: threading.Semaphore
    go: threading.Event

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.release()
        assert self.go.wait(60)
        return self.model.score(query, texts)


def test_the_service_reranks_by_itself_and_goes_without_where_others_wait(
    client: Cluster, shop: SearchClient, model: CrossEncoder
) -> None:
    held = Held(model, threading.Semaphore(0), threading.Event())
    held.go.set()
    catalogues = Catalogues(
        [TestCatalogue(INDEX, client, HashEncoder(), reranker=Reranker([CascadeStage(held)]))]
    )
    catalogues.open()
    path = f"/v1/catalogues/{INDEX}/search"
    settings = ServiceSettings(threads=1, queue=4, deadline_ms=60_000, check_s=60)
    with TestClient(create_app(settings, catalogues)) as web:
        found = web.get(f"{path}?q=red+oak+chair&size=5")
        expected = shop.search("red oak chair", size=5, rerank=RerankOptions())
        assert [hit["item"]["id"] for hit in found.json()["hits"]] == ids(expected.hits)
        assert found.json()["reranked"] == expected.reranked > 5 and found.json()["degraded"] is None
        assert "rerank;dur=" in found.headers["server-timing"]
        plain = web.post(path, json={"text": "red oak chair", "rerank": False}).json()
        assert plain["reranked"] == 0 and plain["degraded"] is None
        assert web.get(f"{path}?q=red+oak&sort=price").json()["reranked"] == 0
        while held.asked.acquire(blocking=False):
            pass
        held.go.clear()
        said: dict[str, Any] = {}

        def ask(text: str) -> None:
            said[text] = web.get(f"{path}?q={text}").json()

        asking = [threading.Thread(target=ask, args=(text,)) for text in ("steel", "lamp", "hose")]
        asking[0].start()
        assert held.asked.acquire(timeout=30)
        for number, thread in enumerate(asking[1:], 1):
            thread.start()
            ends = time.monotonic() + 30
            while f"aisle_requests_waiting {number}.0" not in web.get("/metrics").text:
                assert time.monotonic() < ends
        held.go.set()
        for thread in asking:
            thread.join(30)
    # The second was answered while a quarter of the queue still waited.
    assert {text: page["degraded"] for text, page in said.items()} == {
        "steel": None,
        "lamp": {"left_out": ["rerank"], "why": "load", "age_s": None},
        "hose": None,
    }
    assert said["lamp"]["reranked"] == 0 < said["hose"]["reranked"]


def test_an_update_of_an_item_changes_its_score(client: Cluster, name: str, model: CrossEncoder) -> None:
    put_shelf(client, name, ITEMS[:40])
    shop = client_of(client, name, model)
    first = shop.search("red oak chair", size=40, rerank=ALL)
    assert ids(shop.search("red oak chair", size=40, rerank=ALL).hits) == ids(first.hits)
    before = first.hits[3]
    client.update(index=name, id=before.item.id, body={"doc": {"text": "hose " * 6}}, refresh=True)
    after = next(
        hit for hit in shop.search("red oak chair", size=40, rerank=ALL).hits if hit.item.id == before.item.id
    )
    assert after.rerank is not None and before.rerank is not None
    fresh = model.score("red oak chair", [item_text(replace(before.item, text="hose " * 6))])[0]
    assert after.rerank.score == pytest.approx(float(fresh), abs=1e-3)
    assert after.rerank.score != before.rerank.score


def test_a_new_release_is_reranked_by_its_own_texts(client: Cluster, name: str, model: CrossEncoder) -> None:
    put_shelf(client, f"{name}-v0001", ITEMS[:40])
    put_shelf(client, f"{name}-v0002", [replace(item, title=f"blue {item.title}") for item in ITEMS[:40]])
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = client_of(client, name, model)
    old = {hit.item.id: hit for hit in shop.search("red oak chair", size=40, rerank=ALL).hits}
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    client.indices.delete(index=f"{name}-v0001")
    page = shop.search("red oak chair", size=40, rerank=ALL)
    assert page.release == f"{name}-v0002"
    for hit in page.hits[:TOP]:
        assert hit.rerank is not None
        fresh = model.score("red oak chair", [item_text(hit.item)])[0]
        assert hit.rerank.score == pytest.approx(float(fresh), abs=1e-3)
    assert {hit.item.title for hit in page.hits}.isdisjoint(hit.item.title for hit in old.values())
    with pytest.raises(IndexNotFound):
        shop.for_release(f"{name}-v0001").search("red", rerank=ALL)
    assert (
        shop.for_release(page.release).search("red oak chair", size=40, rerank=ALL).reranked == page.reranked
    )


@dataclass
class Slow:
    """A real model that takes its time."""

    model: PairScorer
    seconds: float

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(self.seconds * len(texts))
        return self.model.score(query, texts)


def test_a_slow_model_is_stopped_and_pages_agree(
    shop: SearchClient, model: CrossEncoder, client: Cluster
) -> None:
    slow = client_of(client, INDEX, Slow(model, 0.02))
    options = RerankOptions(top=TOP, budget_ms=250, weight=1, chunk=2)
    first = slow.search("blue drill", size=10, rerank=options)
    assert first.rerank_stopped
    assert 0 < first.reranked < TOP
    assert first.timings.rerank <= 250
    assert first.to_json()["rerank_stopped"] is True
    second = slow.search("blue drill", size=40, page=1, rerank=RerankOptions(top=first.reranked, weight=1))
    rest = [slow.search("blue drill", size=10, page=page, rerank=options) for page in (2, 3, 4)]
    assert {page.reranked for page in rest} == {first.reranked}
    assert ids(first.hits) + [id_ for page in rest for id_ in ids(page.hits)] == ids(second.hits)


def test_products_without_words_are_no_error(client: Cluster, name: str, model: CrossEncoder) -> None:
    bare = [Item(f"bare-{number}", "\u200b", brand="red") for number in range(3)]
    put_shelf(client, name, [*ITEMS[:10], *bare])
    page = client_of(client, name, model).search("red", size=20, rerank=ALL)
    found = [hit for hit in page.hits if hit.item.id.startswith("bare")]
    assert len(found) == 3
    assert len({hit.rerank.score for hit in found if hit.rerank}) == 1


def test_nothing_found_and_one_found(client: Cluster, name: str, model: CrossEncoder) -> None:
    put_shelf(client, name, [Item("one", "red oak chair")])
    shop = client_of(client, name, model)
    nothing = shop.search("zzz", legs=[BM25], rerank=ALL)
    assert (nothing.hits, nothing.reranked, nothing.rerank_stopped) == ((), 0, False)
    (hit,) = shop.search("red", rerank=ALL).hits
    assert hit.rerank is not None and hit.rerank.rank == hit.rerank.rank_before == 1


def test_an_item_that_the_query_names_stays_on_top(shop: SearchClient) -> None:
    page = shop.search("item-0042", size=30, rerank=RerankOptions(top=200, weight=1))
    assert page.hits[0].item.id == "item-0042"
    assert page.hits[0].rerank is None
    for rank, hit in enumerate(page.hits[1:], 2):
        assert hit.rerank is None or hit.rerank.rank == rank


def test_reranked_systems_are_evaluated_beside_the_others(shop: SearchClient) -> None:
    queries = (Query("q1", "red oak chair"), Query("q2", "steel lamp"))
    qrels = {"q1": {ITEMS[3].id: 3, shop.rank("red oak chair").fused[5].id: 2}, "q2": {ITEMS[9].id: 2}}
    systems = parse_systems("bm25,hybrid,bm25+rerank,hybrid+rerank")
    assert systems["hybrid+rerank"] == systems["hybrid"] == default_fusion()
    reranked = {name: ALL for name in systems if is_reranked(name)}
    found = evaluate_index(shop, JudgedSet("shelf", "dev", queries, qrels), systems, reranked=reranked)
    assert list(found.runs) == list(systems)
    for base in ("bm25", "hybrid"):
        plain, other = (found.runs[each].rankings["q1"] for each in (base, f"{base}+rerank"))
        assert sorted(plain) == sorted(other)
        assert plain != other
        assert plain[TOP:] == other[TOP:]
    with pytest.raises(InputError, match="no system 'bm25-rerank'"):
        parse_systems("bm25-rerank")


@pytest.fixture
def home(artifact: Path, tmp_path: Path) -> Path:
    kind = tmp_path / "artifacts" / "reranker"
    kind.mkdir(parents=True)
    shutil.copytree(artifact, kind / artifact.name)
    return tmp_path


def test_the_command_line_reranks(
    client: Cluster,
    node_url: str,
    name: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = home / "data"
    (data / "qrels").mkdir(parents=True)
    rows = [{"_id": item.id, "title": item.title, "text": item.text} for item in ITEMS[:60]]
    (data / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (data / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "red oak chair"}) + "\n")
    (data / "qrels" / "dev.tsv").write_text("".join(f"q1\t{item.id}\t2\n" for item in ITEMS[:9]))
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(home)}
    indexed = here(monkeypatch, capfd, "index", str(data), "-n", name, "--encoder", "none", "--json", **env)
    assert indexed.code == 0, indexed.err
    ask = ("search", "red oak chair", "-n", name)
    plain = json.loads(here(monkeypatch, capfd, *ask, "--json", **env).out)
    done = here(
        monkeypatch,
        capfd,
        *ask,
        "--rerank",
        "tiny-3",
        "--rerank-top",
        "4",
        "--rerank-budget",
        "60000",
        "--json",
        **env,
    )
    page = json.loads(done.out)
    assert page["reranked"] == 4
    assert page["rerank_stopped"] is False
    assert [hit["rerank"]["rank"] for hit in page["hits"][:4]] == [1, 2, 3, 4]
    assert [hit["item"]["id"] for hit in page["hits"][4:]] == [hit["item"]["id"] for hit in plain["hits"][4:]]
    assert all(hit["rerank"] is None for hit in plain["hits"])
    shown = here(monkeypatch, capfd, *ask, "--rerank", "tiny-3:4,tiny-3:2", **env).out
    assert "was #" in shown
    assert "4 reranked in" in shown
    assert "rerank" not in here(monkeypatch, capfd, *ask, **env).out
    assert "no single artifact 'nobody'" in failure(
        here(monkeypatch, capfd, *ask, "--rerank", "nobody", **env)
    )
    assert "no --rerank" in failure(here(monkeypatch, capfd, *ask, "--rerank-top", "4", **env))
    report = home / "report.json"
    judged = ("eval", str(data), "-n", name, "--systems", "bm25,bm25+rerank", "--json", str(report))
    assert "no reranker" in failure(here(monkeypatch, capfd, *judged, **env))
    assert here(monkeypatch, capfd, *judged, "--rerank", "tiny-3", **env).code == 0
    assert set(json.loads(report.read_text())["systems"]) == {"bm25", "bm25+rerank"}


def test_a_fusion_may_be_named_with_it(shop: SearchClient) -> None:
    alone = FusionSpec.equal(BM25)
    page = shop.search("red oak", fusion=alone, rerank=RerankOptions(top=5, weight=0.5), size=8)
    assert [hit.rerank is not None for hit in page.hits] == [True] * 5 + [False] * 3
    assert json.dumps(page.to_json())
