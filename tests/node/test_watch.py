"""A watch over a real node: a baseline, a worse release, clicks that stop, a node away, two at once."""

from __future__ import annotations

import json
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from pydantic import SecretStr
from starlette.testclient import TestClient

import aisle
from aisle._keys import add_key
from aisle.cluster import Cluster
from aisle.cluster.documents import make_index
from aisle.errors import InputError
from aisle.evaluation.watch.policy import WatchPolicy
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import without_vectors
from aisle.mappings.ubi import EVENTS, QUERIES, events_body, queries_body
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from aisle.types import Item
from tests.support.command import aisle as command
from tests.support.command import here
from tests.support.indexing import options
from tests.support.proxies.faulty import Down, FaultyProxy
from tests.support.served import TestCatalogue

COLOURS = ("red", "blue", "green", "black", "white", "grey", "brown", "pink")
SHOP = [
    Item(f"id-{n}", f"{colour} shoe model{n}", brand="Acme", price=10.0 + n)
    for n, colour in enumerate(COLOURS * 3)
]
POLICY = WatchPolicy(least_searches=50)
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    queries = [{"_id": f"q-{colour}", "text": f"{colour} shoe"} for colour in COLOURS]
    (folder / "queries.jsonl").write_text("".join(f"{json.dumps(query)}\n" for query in queries))
    rows = [f"q-{item.title.split()[0]}\t{item.id}\t3\n" for item in SHOP]
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows))
    return folder


@pytest.fixture(autouse=True)
def no_events(client: Cluster) -> Iterator[None]:
    client.indices.delete(index=f"{QUERIES},{EVENTS}", ignore_unavailable=True)
    yield
    client.indices.delete(index=f"{QUERIES},{EVENTS}", ignore_unavailable=True)


def index(client: Cluster, name: str, stream: Iterable[Item]) -> None:
    index_catalogue(client, stream, without_vectors(), options(name))


def shop_for(client: Cluster, name: str, searches: int, clicks: int, begin: int = 0) -> None:
    """So many searches just now, the first of them with a click."""
    make_index(client, QUERIES, queries_body())
    make_index(client, EVENTS, events_body())
    at, lines = datetime.now(UTC).isoformat(timespec="milliseconds"), []
    for number in range(begin, begin + searches):
        common: dict[str, Any] = {"application": name, "timestamp": at, "query_id": f"q{number}"}
        attributes = {"kind": "search", "matched": "words", "page": 1}
        query = {**common, "user_query": f"{COLOURS[number % 8]} shoe", "query_attributes": attributes}
        lines += [{"create": {"_index": QUERIES, "_id": f"q{number}"}}, query]
        if number - begin < clicks:
            shown = {"object": {"object_id": "id-1"}, "position": {"ordinal": 1 + number % 3}}
            event = {**common, "action_name": "click", "event_attributes": shown}
            lines += [{"create": {"_index": EVENTS}}, event]
    assert not client.bulk(body=lines, params={"refresh": "true"})["errors"]


@contextmanager
def down(proxy: FaultyProxy) -> Iterator[None]:
    """The node is away."""
    proxy.plan = lambda _: Down()
    yield
    proxy.plan = lambda _: None


def test_a_worse_release_and_shoppers_who_click_less_are_alarms(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    shop_for(client, name, 400, 300)
    state, out = tmp_path / "watch" / "state.json", tmp_path / "told.json"
    writes = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')"
    given: dict[str, Any] = {
        "judged": judged,
        "policy": POLICY,
        "state": state,
        "command": [sys.executable, "-c", writes, str(out)],
        "cluster": client,
    }
    first = aisle.watch(name, **given)
    assert first.well and first.began and first.state.release == f"{name}-v0001"
    assert {one.name for one in first.readings} >= {"R@10", "CTR@10", "documents", "items by brand"}
    assert first.state.skipped == {"codes": "the release has no codes"}
    again = aisle.watch(name, **given)
    assert again.well and not again.began and {one.value for one in again.readings} == {0.0}

    spoilt = [
        replace(item, title="thing", brand="Else") if item.title.split()[0] in COLOURS[:4] else item
        for item in SHOP
    ]
    index(client, name, spoilt)
    client.delete_by_query(index=EVENTS, body={"query": {"match_all": {}}}, params={"refresh": "true"})
    bad = aisle.watch(name, **given)
    assert not bad.well and set(bad.decision.raised) >= {"R@10", "CTR@10", "items by brand"}
    assert set(bad.acted) == set(bad.decision.raised)
    told = json.loads(out.read_text())
    assert told["release"] == f"{name}-v0002" and {one["name"] for one in told["alarms"]} == set(bad.acted)
    # Nobody is told twice within the cooldown.
    still = aisle.watch(name, **given)
    assert (
        set(still.decision.active) == set(bad.decision.active) and still.acted == still.decision.raised == ()
    )
    assert out.read_text().count("\n") == 1

    index(client, name, SHOP)
    client.delete_by_query(index=QUERIES, body={"query": {"match_all": {}}}, params={"refresh": "true"})
    shop_for(client, name, 400, 300, begin=800)
    well = aisle.watch(name, **given)
    assert well.well and set(well.decision.ended) == set(bad.decision.active)
    assert json.loads(state.read_text())["alarms"]["R@10"]["acted"]["command"]["failed"] == 0


def test_an_action_that_fails_is_tried_again(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    given: dict[str, Any] = {
        "judged": judged,
        "policy": POLICY,
        "state": tmp_path / "s.json",
        "cluster": client,
    }
    aisle.watch(name, **given)
    index(client, name, SHOP[:20] + [replace(item, title="thing") for item in SHOP[20:]])
    failing = aisle.watch(name, **given, command=["false"])
    assert failing.decision.due and failing.acted == () and "false ended with 1" in failing.action_problems
    mended = aisle.watch(name, **given, command=["true"])
    assert mended.decision.raised == () and {"command": mended.acted} == failing.decision.due


@contextmanager
def refusing() -> Iterator[tuple[str, list[str]]]:
    """The address of a webhook that answers 500, and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_that_fails_does_not_make_the_command_run_again(
    client: Cluster, name: str, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    state, runs = tmp_path / "s.json", tmp_path / "runs"
    given: dict[str, Any] = {"state": state, "policy": WatchPolicy(shrink=0.1), "cluster": client}
    aisle.watch(name, **given)
    index(client, name, SHOP[:18])
    given["command"] = [sys.executable, "-c", f"open({str(runs)!r}, 'a').write('x')"]
    with refusing() as (address, asked):
        rounds = [aisle.watch(name, **given, webhook=address) for _ in range(5)]
    # The command once, and the webhook three times: both have their cooldown then.
    assert runs.read_text() == "x" and asked == ["/hook"] * 3
    assert [len(one.action_problems) for one in rounds] == [1, 1, 1, 0, 0]
    assert [one.acted for one in rounds] == [("documents",), (), (), (), ()]
    known = json.loads(state.read_text())["alarms"]["documents"]["acted"]
    assert known["command"]["failed"] == 0 and known["webhook"]["failed"] == 3
    ends = datetime.fromisoformat(known["command"]["until"]) - datetime.fromisoformat(rounds[0].state.at)
    assert ends == timedelta(hours=24)


def test_items_that_are_gone_are_an_alarm_at_once_and_no_failure(
    client: Cluster, shaky: Cluster, proxy: FaultyProxy, name: str, judged: Path, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    state = tmp_path / "s.json"
    given: dict[str, Any] = {"judged": judged, "state": state}
    aisle.watch(name, **given, cluster=client)
    index(client, name, [replace(item, id=f"new-{item.id}") for item in SHOP])
    gone = aisle.watch(name, **given, cluster=client)
    assert gone.decision.raised == ("R@10",) and gone.state.failures == 0 and not gone.state.problem
    (metric,) = (one for one in gone.readings if one.name == "R@10")
    assert metric.value == 1.0 and metric.note.startswith("0.0000, ")
    # Nor is a cluster without the catalogue one that does not answer.
    client.indices.delete(index=f"{name}-v000*", allow_no_indices=False)
    lost = aisle.watch(name, **given, cluster=client)
    assert lost.decision.raised == ("documents",) and set(lost.decision.active) == {"R@10", "documents"}
    assert f"no index or alias '{name}'" in lost.state.skipped["catalogue"]
    with down(proxy):
        away = aisle.watch(name, **given, cluster=shaky)
    assert away.state.failures == 1 and away.decision.raised == ()
    # A first round of other judgments is no baseline.
    index(client, name, [replace(item, id=f"new-{item.id}") for item in SHOP])
    other = aisle.watch(name, judged=judged, state=tmp_path / "other.json", cluster=client)
    assert "no system found any of the items" in other.state.problem
    assert not (tmp_path / "other.json").exists()


def test_a_watch_that_is_killed_while_it_acts_acts_again_and_then_no_more(
    client: Cluster, node_url: str, name: str, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    state, policy, told = tmp_path / "s.json", tmp_path / "watch.toml", tmp_path / "told"
    policy.write_text("shrink = 0.1")
    aisle.watch(name, state=state, policy=policy, cluster=client)
    baseline = json.loads(state.read_text())["baseline"]
    index(client, name, SHOP[:18])
    asked = ("watch", "--name", name, "--once", "--state", str(state), "--policy", str(policy), "--run")
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    acts = f"import os, signal; open({str(told)!r}, 'a').write('x')"
    killing = shlex.join([sys.executable, "-c", f"{acts}; os.kill(os.getppid(), signal.SIGKILL)"])
    killed = command(*asked, killing, cwd=tmp_path, env=env)
    assert killed.code == -signal.SIGKILL and told.read_text() == "x"
    # The alarm is there, whole, and nobody is said to have been told.
    left = json.loads(state.read_text())
    assert left["alarms"]["documents"]["raised"] and left["alarms"]["documents"]["acted"] == {}
    assert left["baseline"] == baseline
    again = [command(*asked, shlex.join([sys.executable, "-c", acts]), cwd=tmp_path, env=env) for _ in "ab"]
    assert [done.code for done in again] == [1, 1] and told.read_text() == "xx"
    assert ["acted on: documents" in done.out for done in again] == [True, False]
    after = json.loads(state.read_text())["alarms"]["documents"]
    assert set(after["acted"]) == {"command"} and after["since"] == left["alarms"]["documents"]["since"]


def test_rules_that_hide_what_shoppers_look_for_are_an_alarm(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    given: dict[str, Any] = {"judged": judged, "state": tmp_path / "s.json", "cluster": client}
    assert aisle.watch(name, **given).well
    hidden = [item.id for item in SHOP[:8]]
    aisle.put_rules(name, [{"id": "x", "when": {}, "then": {"hide": hidden}}], cluster=client)
    assert aisle.watch(name, **given).decision.raised == ("R@10",)
    aisle.delete_rules(name, cluster=client)
    assert aisle.watch(name, **given).decision.ended == ("R@10",)


def test_a_node_that_is_away_is_counted_and_forgets_nothing(
    client: Cluster, shaky: Cluster, proxy: FaultyProxy, name: str, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    state = tmp_path / "s.json"
    given: dict[str, Any] = {"policy": POLICY, "state": state}
    with down(proxy):
        first = aisle.watch(name, **given, cluster=shaky)
        assert first.state.problem and not first.well and not state.exists()
    aisle.watch(name, **given, cluster=client)
    before = json.loads(state.read_text())
    with down(proxy):
        raised = [aisle.watch(name, **given, cluster=shaky).decision.raised for _ in range(3)]
    assert raised == [(), (), ("rounds without figures",)]
    after = json.loads(state.read_text())
    assert after["baseline"] == before["baseline"] and after["failures"] == 3 and after["problem"]
    assert aisle.watch(name, **given, cluster=client).decision.ended == ("rounds without figures",)


def test_one_at_a_time_and_only_its_own_catalogue(client: Cluster, name: str, tmp_path: Path) -> None:
    index(client, name, SHOP)
    state = tmp_path / "s.json"
    with FileLock(tmp_path / ".s.json.lock"), pytest.raises(InputError, match="another watch"):
        aisle.watch(name, state=state, cluster=client)
    aisle.watch(name, state=state, cluster=client)
    with pytest.raises(InputError, match="is of the catalogue"):
        aisle.watch("other", state=state, cluster=client)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        aisle.watch(name, state=tmp_path / "file" / "s.json", cluster=client)


def test_the_command_ends_with_1_for_an_alarm(
    client: Cluster, node_url: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    index(client, name, SHOP)
    asked = ("watch", "--name", name, "--once", "--state", str(tmp_path / "s.json"), "--json")
    done = here(monkeypatch, capfd, *asked, AISLE_URL=node_url)
    assert done.code == 0 and json.loads(done.out)["began"]
    index(client, name, SHOP[:18])
    policy = tmp_path / "watch.toml"
    policy.write_text("shrink = 0.1")
    done = here(monkeypatch, capfd, *asked, "--policy", str(policy), AISLE_URL=node_url)
    assert done.code == 1 and json.loads(done.out)["active"] == ["documents"]
    done = here(monkeypatch, capfd, *asked[:-1], "--rebase", AISLE_URL=node_url)
    assert (
        done.code == 0 and "no alarm, the baseline is set" in done.out and "codes is not watched" in done.err
    )


def test_the_status_page_shows_what_is_live_what_was_done_and_what_the_watch_found(
    client: Cluster, name: str, tmp_path: Path
) -> None:
    index(client, name, SHOP)
    catalogues = Catalogues([TestCatalogue(name, client)])
    catalogues.open()
    page, path = f"/c/{name}/status", tmp_path / f"{name}.json"
    with TestClient(
        create_app(ServiceSettings(deadline_ms=60_000, check_s=60, watch=tmp_path), catalogues)
    ) as web:
        assert f'href="{page}"' in web.get(f"/c/{name}/").text
        first = web.get(page).text
        assert f"<p>{name}-v0001, since <time" in first and "searched by words alone" in first
        assert f"aisle watch --name {name}</code>" in first
        aisle.watch(name, state=path, cluster=client)
        assert "<strong>since" not in web.get(page).text
    index(client, name, SHOP[:18])
    found = aisle.watch(name, state=path, policy=WatchPolicy(shrink=0.1), command=["true"], cluster=client)
    assert found.decision.active == ("documents",)
    held = json.loads(path.read_text())
    held["readings"][0]["note"] = "<b>note</b>"
    path.write_text(json.dumps(held))
    catalogues = Catalogues([TestCatalogue(name, client)])
    catalogues.open()
    keys = tmp_path / "keys.json"
    plain, admin = (add_key(keys, who, catalogues=(name,), admin=who == "boss") for who in ("site", "boss"))
    for key, status in ((plain, 401), (admin, 200)):
        settings = ServiceSettings(
            deadline_ms=60_000, check_s=60, watch=tmp_path, keys=keys, page=True, page_key=SecretStr(key)
        )
        with TestClient(create_app(settings, catalogues)) as web:
            shown = web.get(page)
            assert shown.status_code == status
            assert (f"<p>{name}-v0002" in shown.text) == (status == 200)
    rows = re.findall(r"<tr><t[hd].*?</tr>", shown.text)
    (documents,) = (row for row in rows if '<th scope="row">documents<' in row)
    assert "<td>0.25</td><td>0.1</td>" in documents and "<strong>since" in documents
    until = datetime.fromisoformat(found.state.at) + timedelta(hours=24)
    assert f"<td>command {found.state.at}, not again before {until.isoformat()}</td>" in documents
    assert "<b>note" not in shown.text and "&lt;b&gt;note" in shown.text
    actions = [row for row in rows if f"<td>{name}-v000" in row]
    assert f"<td>{name}-v0002</td>" in actions[0] and f"<td>{name}-v0001</td>" in actions[-1]


def test_the_service_shows_the_last_round(client: Cluster, name: str, tmp_path: Path) -> None:
    index(client, name, SHOP)
    catalogues = Catalogues([TestCatalogue(name, client)])
    catalogues.open()
    settings = ServiceSettings(deadline_ms=60_000, check_s=60, watch=tmp_path)
    with TestClient(create_app(settings, catalogues)) as web:
        assert web.get(f"/v1/catalogues/{name}/watch").status_code == 501
        found = aisle.watch(name, state=tmp_path / f"{name}.json", cluster=client)
        shown = web.get(f"/v1/catalogues/{name}/watch").json()
        assert shown == json.loads(json.dumps(found.state.status())) and "baseline" not in shown
        assert web.get("/v1/catalogues/other/watch").status_code == 404
    keys = tmp_path / "keys.json"
    plain, admin = (add_key(keys, who, catalogues=(name,), admin=who == "boss") for who in ("site", "boss"))
    settings = ServiceSettings(deadline_ms=60_000, check_s=60, watch=tmp_path, keys=keys)
    with TestClient(create_app(settings, catalogues)) as web:
        for key, status in ((plain, 401), (admin, 200)):
            headers = {"Authorization": f"Bearer {key}"}
            assert web.get(f"/v1/catalogues/{name}/watch", headers=headers).status_code == status
