"""Experiments in the service on a real node: split, interleaving and shadow, arms that fail, a report."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import aisle
from aisle.cluster import Cluster
from aisle.errors import EvaluationError
from aisle.evaluation.experiments.design import CONTROL, Arm, Experiment, Kind
from aisle.evaluation.experiments.interleaving import Team, team_draft
from aisle.evaluation.experiments.split import arm_of
from aisle.mappings.observations import OBSERVATIONS
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.service.admission import Admission
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.experiments.arms import Arms
from aisle.service.experiments.shadow import Fate, Mirrored, Shadow, overlap
from aisle.service.scope import ScopedCatalogue
from aisle.service.settings import ServiceSettings
from tests.support.command import NOWHERE, here
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

NAME, OTHER = "test-service-experiments", "test-service-experiments-v0002"
PATH = f"/v1/catalogues/{NAME}"
INDEXES = ",".join((QUERIES, EVENTS, OBSERVATIONS))
SPLIT = Experiment("split", NAME, Kind.SPLIT, (Arm("candidate", 50, OTHER),))
MIXED = Experiment("mixed", NAME, Kind.INTERLEAVE, (Arm("words", 100, system="bm25"),))
SHADOW = Experiment("shadow", NAME, Kind.SHADOW, (Arm("words", 100, system="bm25"),))
TEXT = "red oak chair"


@pytest.fixture(scope="module")
def catalogues(client: Cluster) -> Iterator[Catalogues]:
    client.indices.delete(index=f"{NAME},{OTHER}", ignore_unavailable=True)
    put_shelf(client, NAME, shelf_items(60))
    opened = Catalogues([TestCatalogue(NAME, client, HashEncoder())])
    opened.open()
    yield opened
    client.indices.delete(index=NAME)


@pytest.fixture
def releases(client: Cluster) -> Iterator[Catalogues]:
    """The release that an arm names: it holds other items."""
    put_shelf(client, OTHER, [replace(item, id=f"new-{item.id}") for item in shelf_items(60)])
    opened = Catalogues([TestCatalogue(OTHER, client, HashEncoder())])
    opened.open()
    yield opened
    client.indices.delete(index=OTHER, ignore_unavailable=True)


@pytest.fixture(autouse=True)
def no_events(client: Cluster) -> Iterator[None]:
    client.indices.delete(index=INDEXES, ignore_unavailable=True)
    yield
    client.indices.delete(index=INDEXES, ignore_unavailable=True)


@contextmanager
def served(
    catalogues: Catalogues,
    cluster: Cluster,
    experiment: Experiment | None,
    releases: Catalogues | None = None,
) -> Iterator[TestClient]:
    settings = ServiceSettings(deadline_ms=60_000, check_s=60, events_grace_s=60)
    experiments = [experiment] if experiment else []
    with TestClient(create_app(settings, catalogues, cluster, experiments, releases)) as web:
        yield web


def search(web: TestClient, who: str | None, **more: Any) -> dict[str, Any]:
    headers = {"X-Client-Id": who} if who else {}
    found = web.get(f"{PATH}/search", params={"q": TEXT, "size": 6, **more}, headers=headers)
    assert found.status_code == 200
    answer: dict[str, Any] = found.json()
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [hit["item"]["id"] for hit in answer["hits"]]


def written(client: Cluster, index: str) -> list[dict[str, Any]]:
    client.indices.refresh(index=f"{QUERIES},{EVENTS}")
    return [hit["_source"] for hit in client.search(index=index, body={"size": 1_000})["hits"]["hits"]]


def test_a_split_answers_each_shopper_by_one_arm_and_the_report_counts_by_arm(
    catalogues: Catalogues,
    releases: Catalogues,
    client: Cluster,
    node_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    people = [f"c{number}" for number in range(30)]
    with served(catalogues, client, SPLIT, releases) as web:
        for who in people:
            arm = arm_of(SPLIT, who).name
            answers = [search(web, who, page=page) for page in (1, 2)]
            assert {answer["search_config"] for answer in answers} == {arm}
            assert all(id_.startswith("new-") == (arm == "candidate") for id_ in ids(answers[0]))
            if arm == "candidate":
                event = {"action": "click", "item": ids(answers[0])[0], "rank": 1}
                said = web.post(f"{PATH}/feedback", json=[{**event, "query_id": answers[0]["query_id"]}])
                assert said.status_code == 202
        # Who has no name, and what is no search by relevance, takes no part.
        for alone in (search(web, None), search(web, "c1", sort="price"), search(web, "c1", q="")):
            assert "search_config" not in alone
        shown = web.get(f"{PATH}/experiment").json()
        assert shown["experiment"]["name"] == "split" and shown["shadow"] is None
        figures = web.get("/metrics").text
        assert 'aisle_experiment_searches_total{experiment="split",search_config="candidate"}' in figures
    arms = {arm_of(SPLIT, who).name for who in people}
    assert arms == {CONTROL, "candidate"}
    # Boards of other tools find the arm where they look for it.
    assert {event["event_attributes"]["object"]["search_config"] for event in written(client, EVENTS)} == {
        "candidate"
    }
    found = aisle.report_experiment(SPLIT, cluster=client)
    control, candidate = found.arms
    assert control.shoppers + candidate.shoppers == len(people) == found.searches
    assert (control.ctr.value, candidate.ctr.value) == (0.0, 1.0) and candidate.p == 0.0
    path = tmp_path / "experiment.toml"
    path.write_text(
        f'name = "split"\ncatalogue = "{NAME}"\nkind = "split"\n'
        f'[[arms]]\nname = "candidate"\npercent = 50\nrelease = "{OTHER}"\n'
    )
    done = here(monkeypatch, capfd, "experiment", "report", str(path), "--json", AISLE_URL=node_url)
    assert done.code == 0 and json.loads(done.out) == json.loads(json.dumps(found.to_json()))
    done = here(monkeypatch, capfd, "experiment", "report", str(path), AISLE_URL=node_url)
    # Interval and names whole, in as little room as a log has.
    assert "100.00% to 100.00%" in done.out and " candidate" in done.out and "…" not in done.out
    done = here(monkeypatch, capfd, "experiment", "check", str(path), AISLE_URL=node_url)
    assert done.code == 0 and "candidate, 50 % of the shoppers" in done.out
    asking, as_it_was = ("experiment", "check", str(path)), path.read_text()
    for change, problem, in_the_file in (
        ((OTHER, f"{NAME}-v0009"), f"candidate is to be {NAME}-v0009, which is not there", False),
        ((f'"{NAME}"', '"test-no-such-shop"'), "test-no-such-shop", True),
        ((f'"{NAME}"', '"shop*"'), "'shop*' cannot be an index name", True),
        ((f'release = "{OTHER}"', 'system = "hybird"'), "no system 'hybird'", True),
    ):
        path.write_text(as_it_was.replace(*change))
        done = here(monkeypatch, capfd, *asking, AISLE_URL=node_url)
        assert done.code == 1 and problem in done.err and not done.out
        done = here(monkeypatch, capfd, *asking, "--offline", AISLE_URL=NOWHERE)
        if in_the_file:
            assert done.code == 1 and problem in done.err and not done.out
        else:
            assert done.code == 0 and "candidate" in done.out
    path.write_text(as_it_was)
    path.write_text(path.read_text().replace('name = "split"', 'name = "never"', 1))
    done = here(monkeypatch, capfd, "experiment", "report", str(path), AISLE_URL=node_url)
    assert done.code == 1 and "no search took part in never" in done.err


def test_an_interleaved_list_is_the_draft_of_both_and_its_pages_continue(
    catalogues: Catalogues, client: Cluster
) -> None:
    with served(catalogues, client, None) as web:
        usual, words = [
            ids(web.post(f"{PATH}/search", json={"text": TEXT, "size": 12, **legs}).json())
            for legs in ({}, {"legs": ["bm25"]})
        ]
    assert usual != words
    with served(catalogues, client, MIXED) as web:
        for number in range(8):
            who = f"c{number}"
            first, second = (search(web, who, page=page) for page in (1, 2))
            drafted = team_draft(usual, words, f"mixed\0{who}\0{TEXT}", 12)
            assert ids(first) + ids(second) == [one.id for one in drafted]
            assert [hit["rank"] for hit in first["hits"] + second["hits"]] == list(range(1, 13))
            teams = [hit["search_config"] for hit in first["hits"] + second["hits"]]
            assert teams == [{Team.CONTROL: CONTROL, Team.ARM: "words"}[one.team] for one in drafted]
            clicked = next(hit for hit in first["hits"] if hit["search_config"] == "words")
            event = {"action": "click", "item": clicked["item"]["id"], "query_id": first["query_id"]}
            assert web.post(f"{PATH}/feedback", json=[event]).status_code == 202
        # Beyond what both are asked for, and for whoever says how to search, all is as always.
        assert "search_config" not in search(web, "c1", page=20)
        asked = web.post(f"{PATH}/search", json={"text": TEXT, "legs": ["bm25"]}).json()
        assert "search_config" not in asked
        # Whose clicks these would be nobody could say.
        assert "search_config" not in search(web, None)
    assert {event["event_attributes"]["object"]["search_config"] for event in written(client, EVENTS)} == {
        "words"
    }
    found = aisle.report_experiment(MIXED, cluster=client)
    assert found.wins is not None and (found.wins.arm, found.wins.control) == (8, 0)
    assert found.wins.p < 0.05 and (found.searches, found.nameless) == (8, 0)
    with pytest.raises(EvaluationError, match="no search took part"):
        aisle.report_experiment(replace(MIXED, name="another"), cluster=client)


def test_an_arm_that_goes_away_costs_no_shopper_an_answer(
    catalogues: Catalogues, releases: Catalogues, client: Cluster
) -> None:
    mixed = Experiment("mixed", NAME, Kind.INTERLEAVE, (Arm("candidate", 100, OTHER),))
    who = next(who for who in map(str, range(100)) if arm_of(SPLIT, who).name == "candidate")
    with (
        served(catalogues, client, SPLIT, releases) as split,
        served(catalogues, client, mixed, releases) as both,
    ):
        assert search(split, who)["search_config"] == "candidate"
        assert search(both, who)["search_config"] == "interleaved"
        client.indices.delete(index=OTHER)
        for web in (split, both):
            answer = search(web, who)
            assert "search_config" not in answer and ids(answer)
            assert not any(id_.startswith("new-") for id_ in ids(answer))
            assert 'search_config="failed"} 1.0' in web.get("/metrics").text


def until(web: TestClient, fate: str, number: int) -> dict[str, Any]:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        totals: dict[str, Any] = web.get(f"{PATH}/experiment").json()["shadow"]
        if totals[fate] >= number:
            return totals
        time.sleep(0.05)
    raise AssertionError(totals)


def test_a_shadow_is_asked_beside_and_changes_no_answer(
    catalogues: Catalogues, releases: Catalogues, client: Cluster
) -> None:
    with served(catalogues, client, None) as web:
        usual, words = search(web, None), search(web, None)
        words = web.post(f"{PATH}/search", json={"text": TEXT, "size": 6, "legs": ["bm25"]}).json()
        assert web.get(f"{PATH}/experiment").status_code == 501
    with served(catalogues, client, SHADOW) as web:
        for _ in range(3):
            answer = search(web, "c1")
            assert ids(answer) == ids(usual) and "search_config" not in answer
        totals = until(web, "compared", 3)
        assert totals["overlap"] == pytest.approx(overlap(tuple(ids(usual)), tuple(ids(words))), abs=1e-3)
        assert totals["live_ms"]["p50"] > 0 and totals["arm_ms"]["p50"] > 0 and totals["failed"] == 0
    # One that cannot be asked is counted, and shoppers are answered.
    gone = Experiment("shadow", NAME, Kind.SHADOW, (Arm("candidate", 100, OTHER),))
    with served(catalogues, client, gone, releases) as web:
        client.indices.delete(index=OTHER)
        assert ids(search(web, "c1")) == ids(usual)
        assert until(web, "failed", 1)["problem"]


def test_a_shadow_refuses_what_is_too_much_and_waits_for_nobody(catalogues: Catalogues) -> None:
    catalogue = ScopedCatalogue(catalogues.of(NAME))
    shadow = Shadow(Arms(SHADOW, Catalogues(())), Admission(2, 4), waiting=5)
    mirrored = Mirrored(catalogue, aisle.SearchRequest(TEXT), ("a",), 1.0)
    began = time.monotonic()
    for _ in range(1_000):
        shadow.offer(mirrored)
    assert time.monotonic() - began < 5
    assert shadow.totals()[Fate.FULL.value] == 995
    shadow.stop()
    # What waited when it stopped is dropped, and a stop ends.
    assert shadow.totals()[Fate.COMPARED.value] == 0


@pytest.mark.parametrize("kind", [Kind.INTERLEAVE, Kind.SPLIT])
def test_a_candidate_that_goes_live_while_it_is_compared_ends_that_and_no_search_fails(
    client: Cluster,
    name: str,
    kind: Kind,
    node_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    first, second = f"{name}-v0001", f"{name}-v0002"
    put_shelf(client, first, shelf_items(60))
    put_shelf(client, second, [replace(item, title=f"{item.title} {TEXT}") for item in shelf_items(60)[30:]])
    client.indices.put_alias(index=first, name=name)
    experiment = Experiment("draft", name, kind, (Arm("candidate", 100, second),))
    opened, others = (Catalogues([TestCatalogue(one, client, HashEncoder())]) for one in (name, second))
    opened.open()
    others.open()
    stop, failed, configs = threading.Event(), list[str](), list[str]()

    def ask(web: TestClient, who: str) -> None:
        while not stop.is_set():
            for page in (1, 2):
                found = web.get(
                    f"/v1/catalogues/{name}/search",
                    params={"q": TEXT, "size": 6, "page": page},
                    headers={"X-Client-Id": who},
                )
                shown = [hit["item"]["id"] for hit in found.json().get("hits", [])]
                if found.status_code != 200 or len(set(shown)) < 6:
                    failed.append(found.text)
                configs.append(found.json().get("search_config", ""))

    def wait_for(more: int) -> None:
        wanted, latest = len(configs) + more, time.monotonic() + 30
        while len(configs) < wanted and time.monotonic() < latest:
            time.sleep(0.02)

    with served(opened, client, experiment, others) as web, ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask, web, f"c{number}") for number in range(2)]
        try:
            wait_for(20)
            actions = [
                {"remove": {"index": first, "alias": name}},
                {"add": {"index": second, "alias": name}},
            ]
            client.indices.update_aliases(body={"actions": actions})
            wait_for(20)
            opened.check()
            wait_for(4)
            began = len(configs)
            wait_for(20)
        finally:
            stop.set()
            for one in asking:
                one.result(timeout=60)
        counted = web.get("/metrics").text
    assert not failed, failed[0]
    assert configs[0] == ("interleaved" if kind is Kind.INTERLEAVE else "candidate")
    assert set(configs[began:]) == {""}
    assert 'experiment="draft",search_config="alike"' in counted
    path = tmp_path / "experiment.toml"
    path.write_text(
        f'name = "draft"\ncatalogue = "{name}"\nkind = "{kind}"\n'
        f'[[arms]]\nname = "candidate"\npercent = 100\nrelease = "{second}"\n'
    )
    done = here(monkeypatch, capfd, "experiment", "check", str(path), AISLE_URL=node_url)
    assert done.code == 1 and f"two arms of draft are {second}, which is live" in done.err
    client.indices.delete(index=f"{first},{second}")
