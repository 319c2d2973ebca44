"""Events through the service into a real node: the whole loop, hostile ones, consent, a node that is away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

import aisle
from aisle._keys import add_key, scoped_key
from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.cluster.documents import make_index
from aisle.evaluation import read_qrels, read_queries
from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.ubi import EVENTS, QUERIES, events_body
from aisle.search import Filters
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.proxies.faulty import Answer, Down, FaultyProxy, LoseAnswer, Request
from tests.support.served import TestCatalogue

NAME, OTHER = "test-service-events", "test-service-events-other"
PATH = f"/v1/catalogues/{NAME}"
INDEXES = (QUERIES, EVENTS, OBSERVATIONS)


@pytest.fixture(scope="module")
def catalogues(client: Cluster) -> Iterator[Catalogues]:
    client.indices.delete(index=NAME, ignore_unavailable=True)
    put_shelf(client, NAME, shelf_items(60))
    client.indices.put_alias(index=NAME, name=OTHER)
    opened = Catalogues([TestCatalogue(name, client, HashEncoder()) for name in (NAME, OTHER)])
    opened.open()
    yield opened
    client.indices.delete(index=NAME)


@pytest.fixture(autouse=True)
def no_events(client: Cluster) -> None:
    client.indices.delete(index=",".join(INDEXES), ignore_unavailable=True)


@contextmanager
def served(catalogues: Catalogues, cluster: Cluster, **more: Any) -> Iterator[TestClient]:
    """The service; when it has stopped, all that it took is written."""
    # A machine that is busy with other tests takes its time.
    settings = ServiceSettings(**{"deadline_ms": 60_000, "check_s": 60, "events_grace_s": 60, **more})
    with TestClient(create_app(settings, catalogues, cluster)) as web:
        yield web


def written(client: Cluster, index: str) -> list[dict[str, Any]]:
    client.indices.refresh(index=index)
    hits = client.search(index=index, body={"size": 1_000, "sort": "timestamp"})["hits"]["hits"]
    return [hit["_source"] for hit in hits]


def counted(web: TestClient, index: str) -> dict[str, float]:
    """What became of documents, each outcome with why."""
    found = {}
    for family in text_string_to_metric_families(web.get("/metrics").text):
        for sample in family.samples:
            if sample.name == "aisle_events_total" and sample.labels["index"] == index:
                found[" ".join(filter(None, (sample.labels["outcome"], sample.labels["why"])))] = sample.value
    return found


def click(query_id: str, item: str, **more: Any) -> dict[str, Any]:
    return {"action": "click", "item": item, "query_id": query_id, **more}


def test_from_a_search_and_a_click_to_judgments(
    catalogues: Catalogues, client: Cluster, tmp_path: Path
) -> None:
    favourite = ""
    with served(catalogues, client) as web:
        for visit in range(6):
            found = web.get(
                f"{PATH}/search",
                params={"q": "red oak chair", "size": 4, "page": 1 + visit % 2},
                headers={"X-Client-Id": f"browser-{visit}", "X-Session-Id": "s1"},
            ).json()
            favourite = favourite or found["hits"][2]["item"]["id"]
            for hit in found["hits"]:
                if hit["item"]["id"] == favourite:
                    event = click(found["query_id"], favourite, rank=hit["rank"])
                    said = web.post(f"{PATH}/feedback", json=[event])
                    assert (said.status_code, said.json()) == (202, {"accepted": 1})
    queries, events = written(client, QUERIES), written(client, EVENTS)
    assert {query["query_id"] for query in queries} >= {event["query_id"] for event in events}
    assert {query["client_id"] for query in queries} == {f"browser-{visit}" for visit in range(6)}
    assert {event["user_query"] for event in events} == {"red oak chair"}
    assert [len(query["query_response_hit_ids"]) for query in queries] == [4] * 6
    # Boards count searches, and nobody's words.
    seen = written(client, OBSERVATIONS)
    assert [one["matched"] for one in seen] == ["words"] * 6 and "chair" not in str(seen)
    made = aisle.export_ubi(
        tmp_path / "clicks", cluster=client, application=NAME, least_shown=3, method="ctr"
    )
    assert (made.queries, made.judgments) == (1, 8)
    (query,) = read_queries(tmp_path / "clicks" / "queries.jsonl")
    grades = read_qrels(tmp_path / "clicks" / "qrels" / "train.tsv")[query.id]
    assert query.text == "red oak chair" and max(grades, key=grades.__getitem__) == favourite
    # What stood on the second page did not stand in the first places.
    assert len(made.examined) >= 8


HOSTILE: dict[str, tuple[str, Any]] = {
    "no list": ("feedback", {"action": "click", "item": "a"}),
    "nothing": ("feedback", []),
    "too many": ("feedback", [{"action": "click", "item": "a"}] * 101),
    "no item": ("feedback", [{"action": "click"}]),
    "unknown field": ("feedback", [{"action": "click", "item": "a", "zz": 1}]),
    "long id": ("feedback", [{"action": "click", "item": "a" * 300}]),
    "one of two": ("feedback", [{"action": "click", "item": "a"}, {"action": "click", "item": {"b": 1}}]),
    "huge place": ("feedback", [{"action": "click", "item": "a", "rank": 2**40}]),
    "no moment": ("ubi_events", [{"action_name": "click"}]),
    "false moment": ("ubi_events", [{"action_name": "click", "timestamp": "yesterday"}]),
    "long message": ("ubi_events", [{"action_name": "x", "timestamp": "2026-01-01", "message": "m" * 1_025}]),
}


LISTS = [each for each in HOSTILE.values() if isinstance(each[1], list)]


def test_hostile_events_are_refused_or_cut_to_what_is_known(catalogues: Catalogues, client: Cluster) -> None:
    make_index(client, EVENTS, events_body())
    before = client.indices.get_mapping(index=EVENTS)
    with served(catalogues, client) as web:
        for path, body in HOSTILE.values():
            said = web.post(f"{PATH}/{path}", json=body)
            assert said.status_code == 422 and said.json()["fix"], said.text
        assert counted(web, EVENTS) == {"refused invalid": sum(len(each) for _, each in LISTS) + 1}
        deep: dict[str, Any] = {"a": 1}
        for _ in range(200):
            deep = {"a": deep}
        event = {
            "action_name": "click",
            "timestamp": "2126-01-01T00:00:00",
            "application": "somebody-elses",
            "user_id": "",
            "message": "",
            "zz": deep,
            "_id": "x",
            "event_attributes": {
                "extra": deep,
                "position": {"ordinal": 3, "new.field": 1},
                "object": {
                    "object_id": 12,
                    "description": {"very": "odd"},
                    **{f"k{n}": n for n in range(500)},
                },
            },
        }
        assert web.post(f"{PATH}/ubi_events", json=[event]).status_code == 202
    (stored,) = written(client, EVENTS)
    assert abs(time.time() - timestamp(stored)) < 60
    assert {name: value for name, value in stored.items() if name != "timestamp"} == {
        "action_name": "click",
        "application": NAME,
        "event_attributes": {"position": {"ordinal": 3}, "object": {"object_id": "12"}},
    }
    assert client.indices.get_mapping(index=EVENTS) == before


def timestamp(stored: dict[str, Any]) -> float:
    return datetime.fromisoformat(stored["timestamp"]).timestamp()


def test_only_what_shoppers_agreed_to_is_written_and_no_text_if_so_wanted(
    catalogues: Catalogues, client: Cluster
) -> None:
    with served(catalogues, client, events_need_consent=True, events_texts=False) as web:
        ids = {
            consent: web.get(
                f"{PATH}/search?q=oak", headers={"X-Consent": consent} if consent else {}
            ).json()["query_id"]
            for consent in ("true", "false", "")
        }
        body = [click(ids["true"], "a", consent=said) for said in (True, False, None)]
        assert web.post(f"{PATH}/feedback", json=body).json() == {"accepted": 1}
        assert counted(web, EVENTS)["refused consent"] == 2 == counted(web, QUERIES)["refused consent"]
    (query,), (event,) = written(client, QUERIES), written(client, EVENTS)
    assert query["query_id"] == event["query_id"] == ids["true"]
    assert "oak" not in str((query, event)) and len(query["query_response_hit_ids"]) == 10


def test_keys_send_events_for_their_catalogues_alone_and_without_events_it_says_how(
    catalogues: Catalogues, client: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    key = add_key(file, "site", catalogues=[NAME])
    scoped = scoped_key(key, "site", until=time.time() + 600, filters=Filters(brand=("Acme",)))
    with served(catalogues, client, keys=file) as web:

        def send(catalogue: str, key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            body = [{"action_name": "view", "timestamp": "2026-11-30T10:00:00Z", "application": OTHER}]
            return web.post(f"/v1/catalogues/{catalogue}/ubi_events", json=body, headers=headers).status_code

        assert [send(NAME, key), send(NAME, scoped), send(OTHER, scoped), send(NAME, "")] == [
            202,
            202,
            404,
            401,
        ]
    assert [event["application"] for event in written(client, EVENTS)] == [NAME, NAME]
    with TestClient(create_app(ServiceSettings(check_s=60), catalogues)) as web:
        said = web.post(f"{PATH}/feedback", json=[{"action": "click", "item": "a"}])
        assert said.status_code == 501 and "--events" in said.json()["fix"]
        assert "query_id" not in web.get(f"{PATH}/search?q=oak").json()


def bulk(request: Request) -> bool:
    return "_bulk" in request.path


def test_a_node_that_is_away_costs_no_event_and_what_does_not_fit_is_told(
    catalogues: Catalogues, client: Cluster, node_url: str
) -> None:
    body = [click("q", f"item-{number}") for number in range(100)]
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        lost: list[Request] = []

        def loses_once(request: Request) -> LoseAnswer | None:
            if not bulk(request) or lost:
                return None
            lost.append(request)
            return LoseAnswer()

        proxy.plan = lambda _: Down()
        with served(catalogues, through, events_waiting=1_000) as web:
            taken = [web.post(f"{PATH}/feedback", json=body).status_code for _ in range(11)]
            assert taken == [202] * 10 + [503]
            # A search is answered all the same, and says that it is not recorded in the figures alone.
            assert web.get(f"{PATH}/search?q=oak").status_code == 200
            assert counted(web, QUERIES) == {"refused full": 1}
            time.sleep(1.2)
            assert "aisle_events_waiting 1000.0" in web.get("/metrics").text
            proxy.plan = loses_once
            ends = time.monotonic() + 30
            while counted(web, EVENTS).get("written") != 1_000:
                assert time.monotonic() < ends
                time.sleep(0.05)
            assert counted(web, EVENTS) == {"accepted": 1_000, "written": 1_000, "refused full": 100}
    # The answer to some was lost: they were sent twice, and stand there once.
    assert lost
    client.indices.refresh(index=EVENTS)
    assert client.count(index=EVENTS)["count"] == 1_000


def test_what_could_not_be_written_before_the_end_is_counted_and_logged(
    catalogues: Catalogues, node_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with FaultyProxy(node_url, lambda _: Down()) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        began = time.monotonic()
        with served(catalogues, through, events_grace_s=0.3) as web:
            web.post(f"{PATH}/feedback", json=[click("q", "a")])
        assert time.monotonic() - began < 10
        assert counted(web, EVENTS) == {"accepted": 1, "dropped stop": 1}
    assert "1 events were not written" in caplog.text


def test_a_document_that_the_cluster_refuses_is_counted_and_the_others_are_written(
    catalogues: Catalogues, client: Cluster, node_url: str
) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        refusal = {
            "errors": True,
            "items": [
                {"create": {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "x"}}},
                {"create": {"status": 201}},
            ],
        }
        proxy.plan = lambda request: (
            Answer(200, json.dumps(refusal).encode(), {"content-type": "application/json"})
            if bulk(request)
            else None
        )
        with served(catalogues, through) as web:
            web.post(f"{PATH}/feedback", json=[click("q", "a"), click("q", "b")])
        assert counted(web, EVENTS) == {"accepted": 2, "dropped cluster": 1, "written": 1}
