"""A watch: each trigger both ways, what it remembers, and what it does without a shell or a secret shown."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import aisle
from aisle._watch import round_of
from aisle._watch_actions import COMMAND, WEBHOOK, actions
from aisle._watch_figures import Measured
from aisle.errors import InputError
from aisle.evaluation.clicks.traffic import OTHERS, Traffic, TrafficReader
from aisle.evaluation.watch.alarms import Acted, Alarm, acted, decide
from aisle.evaluation.watch.figures import ItemBins, WatchFigures
from aisle.evaluation.watch.policy import WatchPolicy, read_watch_policy
from aisle.evaluation.watch.readings import Reading, Signal, readings
from aisle.evaluation.watch.state import WatchState

TRAFFIC = Traffic(
    searches=10_000,
    known=10_000,
    unmatched=400,
    clicked=3_000,
    clicks=3_500,
    positions=14_000,
    squares=90_000,
    words={"drill": 2_000, "lamp": 1_000, OTHERS: 7_000},
    lengths={"1": 4_000, "2": 4_000, "3": 2_000},
)
WELL = WatchFigures(
    release="shop-v0007",
    documents=1_000,
    metrics={"R@10": 0.5, "nDCG@10": 0.4},
    queries=100,
    codes=(1.0, 0.9),
    traffic=TRAFFIC,
    items={"brand": {"Acme": 600, OTHERS: 400}, "price": {"*-10.0": 500, "10.0-*": 500}},
    bins=ItemBins({"brand": ("Acme",)}, (10.0,)),
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def beyond(figures: WatchFigures, **limits: Any) -> set[str]:
    return {one.name for one in readings(figures, WELL, WatchPolicy(**limits)) if one.beyond}


def traffic(**changes: Any) -> WatchFigures:
    return replace(WELL, traffic=replace(TRAFFIC, **changes))


@pytest.mark.parametrize(
    ("trigger", "bad", "fair"),
    [
        ("R@10", replace(WELL, metrics={"R@10": 0.489}), replace(WELL, metrics={"R@10": 0.4901})),
        ("codes level 2", replace(WELL, codes=(1.0, 0.79)), replace(WELL, codes=(1.0, 0.8))),
        ("documents", replace(WELL, documents=799), replace(WELL, documents=800)),
        ("searches without a word found", traffic(unmatched=950), traffic(unmatched=880)),
        ("CTR@10", traffic(clicked=2_600), traffic(clicked=2_750)),
        ("mean click position", traffic(positions=17_000, squares=120_000), traffic(positions=15_000)),
        ("queries by words", traffic(words={"drill": 200, "lamp": 4_000, OTHERS: 5_800}), WELL),
        ("queries by length", traffic(lengths={"1": 500, "2": 4_000, "3": 5_500}), WELL),
        ("items by brand", replace(WELL, items={"brand": {"Acme": 300, OTHERS: 700}}), WELL),
        ("items by price", replace(WELL, items={"price": {"*-10.0": 900, "10.0-*": 100}}), WELL),
    ],
)
def test_each_trigger_both_ways(trigger: str, bad: WatchFigures, fair: WatchFigures) -> None:
    assert beyond(bad) == {trigger}
    assert beyond(fair) == set()


def test_what_is_better_is_no_alarm() -> None:
    better = traffic(unmatched=0, clicked=6_000, clicks=7_000, positions=14_000, squares=60_000)
    assert beyond(replace(better, documents=5_000, metrics={"R@10": 0.9}, codes=(1.0, 1.0))) == set()


def test_few_searches_are_chance() -> None:
    few = Traffic(600, 600, 30, 150, 160, 600, 3_000, {"drill": 120, "lamp": 60, OTHERS: 420}, {})
    assert beyond(replace(WELL, traffic=few)) == set()
    # The same shares of twenty times as many are not.
    many = Traffic(12_000, 12_000, 600, 3_000, 3_200, 12_000, 60_000)
    assert beyond(replace(WELL, traffic=many)) == {"CTR@10"}


def test_other_judgments_are_another_scale() -> None:
    assert beyond(replace(WELL, metrics={"R@10": 0.1}, queries=90)) == set()
    measured = Measured(replace(WELL, metrics={"R@10": 0.1}, queries=90), {})
    state, _, _ = round_of(WatchState("shop", baseline=WELL), measured, "", WatchPolicy(), NOW)
    assert "90 queries are judged, and 100 were" in state.skipped["metric"]


def test_the_first_round_is_the_baseline_and_a_later_one_completes_it() -> None:
    state, _, decision = round_of(
        WatchState("shop"), Measured(replace(WELL, traffic=None), {}), "", WatchPolicy(), NOW
    )
    assert decision.active == () and state.baseline and state.baseline.traffic is None
    state, _, _ = round_of(state, Measured(replace(WELL, documents=900), {}), "", WatchPolicy(), NOW)
    assert state.baseline == WELL
    assert WatchState.from_json(json.loads(json.dumps(state.to_json())), "x") == state


def test_rounds_that_fail_are_an_alarm_in_the_end_and_what_was_known_stays() -> None:
    bad = Measured(replace(WELL, metrics={"R@10": 0.1}), {})
    state, _, first = round_of(WatchState("shop", baseline=WELL), bad, "", WatchPolicy(), NOW)
    assert first.active == ("R@10",)
    seen: list[tuple[str, ...]] = []
    for _ in range(3):
        state, _, decision = round_of(state, None, "away", WatchPolicy(), NOW)
        seen.append(decision.raised)
    assert seen == [(), (), ("rounds without figures",)] and state.problem == "away"
    assert set(decision.active) == {"R@10", "rounds without figures"}
    state, _, decision = round_of(state, Measured(WELL, {}), "", WatchPolicy(), NOW)
    assert decision.active == () and state.failures == 0 and state.problem == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metric = 'nope'", "knows no metric 'nope'"),
        ("ctr_drp = 0.1", "a watch has no limit 'ctr_drp'"),
        ("confirm = 0", "confirm = 0 cannot be"),
        ("recovery = 1.5", "recovery = 1.5 cannot be"),
        ("window_hours = 0", "window_hours = 0 cannot be"),
        ("[metric_drop]\nx = 1", "metric_drop is one value"),
        ("cooldown_hours = nan", "cooldown_hours = nan cannot be"),
        ("cooldown_hours = inf", "cooldown_hours = inf cannot be"),
        ("x", "is no TOML"),
    ],
)
def test_a_policy_that_means_nothing_is_refused_with_its_file(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "watch.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        read_watch_policy(path)
    assert str(path) in refused.value.message
    path.write_text(WatchPolicy(confirm=2).to_toml())
    assert read_watch_policy(path) == WatchPolicy(confirm=2)


def test_what_shoppers_did_is_counted_once() -> None:
    reader = TrafficReader()
    for number, (text, matched) in enumerate(
        [("Red drill", "words"), ("a drill", "meaning"), ("lamp", "words"), ("zz", "nothing"), ("", "all")]
    ):
        attributes = {"kind": "search", "matched": matched, "page": 1}
        reader.query({"query_id": f"q{number}", "user_query": text, "query_attributes": attributes})
    reader.query({"query_id": "second", "user_query": "drill", "query_attributes": {"page": 2}})
    reader.query({"query_id": "similar", "user_query": "", "query_attributes": {"kind": "similar"}})
    for query, item, place, action in [
        ("q0", "a", 3, "click"),
        ("q0", "a", 3, "purchase"),
        ("q2", "b", 12, "click"),
        ("q2", "c", 1, "impression"),
        ("second", "a", 1, "click"),
        ("unknown", "a", 1, "click"),
    ]:
        attributes = {"object": {"object_id": item}, "position": {"ordinal": place}}
        reader.event({"query_id": query, "action_name": action, "event_attributes": attributes})
    found = reader.done(10)
    assert (found.searches, found.known, found.unmatched) == (4, 4, 2)
    assert (found.clicked, found.clicks, found.positions, found.squares) == (1, 2, 15, 153)
    assert found.words == {"drill": 2, "lamp": 1, "red": 0, OTHERS: 1} and found.lengths == {"2": 2, "1": 2}
    # Those of a baseline are kept, in their order.
    assert reader.done(20, ("lamp", OTHERS)).words == {"lamp": 1, OTHERS: 3}
    assert reader.done(20).clicked == 2


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as its server was told to."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.received.append((self.path, json.loads(self.rfile.read(length))))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.received, server.status = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


TOLD: Mapping[str, Any] = {"text": "R@10 fell; $(touch pwned)", "alarms": []}


def test_a_command_reads_the_alarms_and_no_shell_reads_the_command(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\n"
        "json.dump([sys.argv[1:], json.load(sys.stdin)], open(sys.argv[1], 'w'))\n"
        "sys.exit(int(sys.argv[-1]))\n"
    )
    out = tmp_path / "out file.json"
    command = f"{sys.executable} {program} '{out}' '; touch {tmp_path}/pwned' $(id) 0"
    assert actions(command, None).act(COMMAND, TOLD) == ""
    arguments, told = json.loads(out.read_text())
    assert arguments == [str(out), f"; touch {tmp_path}/pwned", "$(id)", "0"] and told == TOLD
    assert not (tmp_path / "pwned").exists()
    assert "ended with 7" in actions([sys.executable, str(program), str(out), "7"], None).act(COMMAND, TOLD)
    assert "could not be started" in actions(str(tmp_path / "missing"), None).act(COMMAND, TOLD)
    for bad in ("'open", "  "):
        with pytest.raises(InputError, match="command"):
            actions(bad, None)


def test_a_webhook_is_told_and_its_secret_is_not(receiver: HTTPServer) -> None:
    address = f"http://user:hunter2@127.0.0.1:{receiver.server_port}/services/hunter2?t=hunter2"
    assert actions(None, address).act(WEBHOOK, TOLD) == ""
    assert receiver.received == [("/services/hunter2?t=hunter2", TOLD)]  # type: ignore[attr-defined]
    # It is not followed elsewhere.
    receiver.status = 302  # type: ignore[attr-defined]
    problem = actions(None, address).act(WEBHOOK, TOLD)
    assert problem == "the webhook at 127.0.0.1 answered 302" and len(receiver.received) == 2  # type: ignore[attr-defined]
    problem = actions(None, "http://hunter2@127.0.0.1:1/hunter2").act(WEBHOOK, TOLD)
    assert "could not be called" in problem and "hunter2" not in problem
    for bad in ("ftp://x/hunter2", "hunter2", "http://", "http://[hunter2"):
        with pytest.raises(InputError) as refused:
            actions(None, bad)
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema": 9}', '{"catalogue": "shop"}', "no json"])
def test_a_state_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"state\.json"):
        aisle.watch("shop", state=path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"failures": "many"},
        {"skipped": 3},
        {"alarms": {"R@10": {"raised": True, "rounds": "x"}}},
        {"alarms": {"R@10": {"raised": True, "acted": {"command": {"at": "2026-01-01T00:00:00"}}}}},
        {"schema": 1, "alarms": {"R@10": {"raised": True, "acted": "2026-01-01T00:00:00"}}},
        {"schema": 1, "alarms": 3},
        {"baseline": {**WELL.to_json(), "documents": "x"}},
        {"baseline": {**WELL.to_json(), "items": 3}},
    ],
)
def test_a_state_with_a_value_of_another_type_is_refused(wrong: Mapping[str, Any]) -> None:
    held = WatchState("shop", at="now", baseline=WELL).to_json()
    assert WatchState.from_json(json.loads(json.dumps(held)), "x") == WatchState.from_json(held, "x")
    with pytest.raises(InputError, match="is not the state of a watch"):
        WatchState.from_json({**held, **wrong}, "state.json")


def test_a_clock_that_was_ahead_silences_nothing() -> None:
    reading = Reading(Signal.METRIC, "R@10", 0.5, 0.02)
    ahead = (NOW + timedelta(days=900)).isoformat()
    alarms = {"R@10": Alarm(raised=True, since=ahead, rounds=1, acted={COMMAND: Acted(ahead)})}
    assert decide(alarms, [reading], WatchPolicy(), NOW, [COMMAND]).due == {COMMAND: ("R@10",)}


def test_what_failed_is_tried_again_a_few_times_and_what_was_done_is_not() -> None:
    reading, policy = Reading(Signal.METRIC, "R@10", 0.5, 0.02), WatchPolicy(cooldown_hours=24)
    alarms: Mapping[str, Alarm] = {}
    done: dict[str, list[int]] = {COMMAND: [], WEBHOOK: []}
    for hour in range(50):
        now = NOW + timedelta(hours=hour)
        decision = decide(alarms, [reading], policy, now, [COMMAND, WEBHOOK])
        alarms = decision.alarms
        for action, due in decision.due.items():
            assert due == ("R@10",)
            done[action].append(hour)
            alarms = acted(alarms, due, action, policy, now, failed=action == WEBHOOK)
    assert done == {COMMAND: [0, 24, 48], WEBHOOK: [0, 1, 2, 26]}
    known = alarms["R@10"].acted
    assert known[COMMAND] == Acted(at(48), 0, at(72)) and known[WEBHOOK] == Acted(at(26), 4, at(50))
    # A shorter cooldown holds from the next round on, and a new alarm begins with all its tries.
    sooner = decide(alarms, [reading], replace(policy, cooldown_hours=3), now, [COMMAND, WEBHOOK])
    assert sooner.alarms["R@10"].acted[COMMAND].until == at(51) and sooner.due == {WEBHOOK: ("R@10",)}
    ended = decide(alarms, [replace(reading, value=0.0)], policy, now, [COMMAND, WEBHOOK]).alarms
    assert ended["R@10"].acted == {COMMAND: known[COMMAND]}
    assert decide(ended, [reading], policy, now, [COMMAND, WEBHOOK]).due == {WEBHOOK: ("R@10",)}


def at(hour: int) -> str:
    return (NOW + timedelta(hours=hour)).isoformat(timespec="seconds")


def test_a_state_of_the_first_schema_is_read() -> None:
    then = at(0)
    held = WatchState("shop", at=then, baseline=WELL).to_json()
    alarms = {
        "R@10": {"raised": True, "since": then, "rounds": 2, "acted": then},
        "documents": {"acted": None},
    }
    found = WatchState.from_json({**held, "schema": 1, "alarms": alarms}, "state.json")
    assert found.alarms["R@10"].acted == {COMMAND: Acted(then), WEBHOOK: Acted(then)}
    assert found.alarms["documents"].acted == {}


def test_a_webhook_whose_answer_never_ends_does_not_hold_the_watch() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        ended = threading.Event()

        def drip() -> None:
            with server.accept()[0] as peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                ended.wait(5)

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        assert actions(None, address).act(WEBHOOK, TOLD) == ""
        assert time.monotonic() - began < 4
        ended.set()
        thread.join()


def test_readings_have_names_of_their_own() -> None:
    names = [one.name for one in readings(WELL, WELL, WatchPolicy())]
    assert len(names) == len(set(names)) == 11
    assert all(isinstance(one, Reading) and one.value == 0 for one in readings(WELL, WELL, WatchPolicy())[:1])
