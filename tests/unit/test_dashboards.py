"""The boards: every field that they ask for exists, every reference resolves, and their form is known."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import aisle
from aisle._dashboards import observations_of
from aisle.cluster import ClusterSettings
from aisle.errors import AuthenticationFailed, ClusterError, ClusterUnavailable, InputError
from aisle.mappings.dashboards import saved_objects
from aisle.mappings.observations import OBSERVATIONS, observations_body
from aisle.mappings.ubi import EVENTS, QUERIES, events_body, queries_body

OBJECTS: dict[str, dict[str, Any]] = {
    found["id"]: found for found in map(json.loads, saved_objects().splitlines())
}
MAPPINGS = {OBSERVATIONS: observations_body(), QUERIES: queries_body(), EVENTS: events_body()}
# Newer ones are refused by Dashboards as those of a later version.
VERSIONS = {"index-pattern": "7.6.0", "visualization": "7.10.0", "dashboard": "7.9.3"}
# Of aggregations; the others cannot be grouped or averaged.
GROUPED = {"keyword": "string", "date": "date", "integer": "number", "long": "number", "double": "number"}


def of_type(kind: str) -> list[dict[str, Any]]:
    return [found for found in OBJECTS.values() if found["type"] == kind]


def fields(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, field in properties.items():
        if "properties" in field:
            yield from fields(field["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field["type"]


def known(pattern_id: str) -> dict[str, str]:
    index = OBJECTS[pattern_id]["attributes"]["title"].removesuffix("*")
    return dict(fields(MAPPINGS[index]["mappings"]["properties"]))


def test_a_round_of_a_watch_is_counted_by_its_limits() -> None:
    readings = [{"name": "R@10", "value": 0.03, "limit": 0.02}, {"name": "x", "value": 1, "limit": 0}]
    at = datetime(2026, 11, 30, tzinfo=UTC)
    (found,) = observations_of("shop", {"readings": readings, "release": "shop-v0001"}, at)
    assert (found["kind"], found["metric"], found["value"]) == ("watch", "R@10", 1.5)
    assert found.keys() <= MAPPINGS[OBSERVATIONS]["mappings"]["properties"].keys()


def test_ids_differ_and_every_type_is_there() -> None:
    assert len(OBJECTS) == len(saved_objects().splitlines())
    assert {found["type"] for found in OBJECTS.values()} == set(VERSIONS)
    assert all(
        found["migrationVersion"] == {found["type"]: VERSIONS[found["type"]]} for found in OBJECTS.values()
    )


def test_every_reference_resolves_and_is_used() -> None:
    for found in OBJECTS.values():
        for reference in found["references"]:
            assert OBJECTS[reference["id"]]["type"] == reference["type"]
            name = reference["name"]
            assert (
                name.startswith("kibanaSavedObjectMeta.")
                or f'"panelRefName":"{name}"' in found["attributes"]["panelsJSON"]
            )
    shown = {reference["id"] for board in of_type("dashboard") for reference in board["references"]}
    assert shown == {found["id"] for found in of_type("visualization")}


@pytest.mark.parametrize("pattern", of_type("index-pattern"), ids=lambda found: found["id"])
def test_fields_of_an_index_pattern_are_those_of_the_mapping(pattern: dict[str, Any]) -> None:
    mapped = known(pattern["id"])
    assert mapped[pattern["attributes"]["timeFieldName"]] == "date"
    for field in json.loads(pattern["attributes"]["fields"]):
        assert field["esTypes"] == [mapped[field["name"]]]
        assert field["type"] == GROUPED[mapped[field["name"]]]


@pytest.mark.parametrize("visual", of_type("visualization"), ids=lambda found: found["id"])
def test_a_visualisation_asks_for_fields_that_there_are(visual: dict[str, Any]) -> None:
    (pattern,) = visual["references"]
    listed = {field["name"] for field in json.loads(OBJECTS[pattern["id"]]["attributes"]["fields"])}
    mapped = known(pattern["id"])
    state = json.loads(visual["attributes"]["visState"])
    assert state["title"] == visual["attributes"]["title"]
    assert len({agg["id"] for agg in state["aggs"]}) == len(state["aggs"])
    for agg in state["aggs"]:
        if agg["type"] != "count":
            field = agg["params"]["field"]
            assert field in listed and mapped[field] in GROUPED, field
            assert agg["type"] not in ("avg", "percentiles") or GROUPED[mapped[field]] == "number"
            assert agg["params"].get("orderBy", "1") in {agg["id"] for agg in state["aggs"]}
    source = json.loads(visual["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert source["indexRefName"] == pattern["name"]
    asked = re.findall(r"([\w.]+):", source["query"]["query"])
    assert set(asked) <= set(mapped)


@pytest.mark.parametrize("board", of_type("dashboard"), ids=lambda found: found["id"])
def test_panels_of_a_board_stand_side_by_side(board: dict[str, Any]) -> None:
    panels = json.loads(board["attributes"]["panelsJSON"])
    assert len({panel["panelIndex"] for panel in panels}) == len(panels) == len(board["references"])
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridData"]["x"], panel["gridData"]["x"] + panel["gridData"]["w"])
        for y in range(panel["gridData"]["y"], panel["gridData"]["y"] + panel["gridData"]["h"])
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 48


def test_no_board_counts_hits_to_tell_a_search_without_results() -> None:
    """A search by meaning always finds something: what tells is which leg found it."""
    assert "query_response_hit_ids" not in "".join(
        found["attributes"]["visState"] for found in of_type("visualization")
    )


def test_observations_of_reports() -> None:
    at = datetime(2026, 11, 30, 6, tzinfo=UTC)
    evaluation = {
        "dataset": "home",
        "split": "dev",
        "queries": 7,
        "systems": {"bm25": {"nDCG@10": 0.4, "p50_ms": None}},
    }
    (found,) = observations_of("shop", evaluation, at)
    assert (found["timestamp"], found["system"], found["metric"], found["value"]) == (
        "2026-11-30T06:00:00.000+00:00",
        "bm25",
        "nDCG@10",
        0.4,
    )
    run = {
        "release": "shop-v0002",
        "documents": 90,
        "dead_letters": {"no title": 3, "refused": 2},
        "seconds": 1.5,
    }
    (found,) = observations_of("shop", run, at)
    assert (found["kind"], found["documents"], found["rejected"]) == ("release", 90, 5)
    mapped = dict(fields(observations_body()["mappings"]["properties"]))
    assert set(found) <= set(mapped)
    assert list(observations_of("shop", {"hits": []}, at)) == list(observations_of("shop", [1], at)) == []


class Dashboards(BaseHTTPRequestHandler):
    """Answers as Dashboards does; `answers` and `asked` are the server's."""

    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append((self.path, dict(self.headers), body))
        status, answer = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def dashboards() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Dashboards)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_import_is_one_request_with_the_file(dashboards: Any) -> None:
    dashboards.answer = (200, b'{"success": true, "successCount": 20}')
    url = f"http://user:p%40ss@127.0.0.1:{dashboards.server_port}"
    found = aisle.import_dashboards(url, settings=ClusterSettings())
    assert found.objects == 20 and "p%40ss" not in found.url
    ((path, headers, body),) = dashboards.asked
    assert path == "/api/saved_objects/_import?overwrite=true"
    assert headers["osd-xsrf"] == "true"
    assert headers["authorization"] == "Basic dXNlcjpwQHNz"
    assert b'filename="aisle.ndjson"' in body and saved_objects() in body


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ((401, b"{}"), AuthenticationFailed, "refuses the user"),
        (
            (200, b'{"success": false, "errors": [{"error": {"type": "unsupported_type"}}]}'),
            ClusterError,
            "unsupported_type",
        ),
        ((422, b'{"message": "a more recent version"}'), ClusterError, "a more recent version"),
        ((502, b"<html>\x1b[31m"), ClusterError, r"\\x1b"),
    ],
)
def test_what_dashboards_refuses_is_told(
    dashboards: Any, answer: tuple[int, bytes], error: type[Exception], message: str
) -> None:
    dashboards.answer = answer
    with pytest.raises(error, match=message):
        aisle.import_dashboards(f"http://127.0.0.1:{dashboards.server_port}", settings=ClusterSettings())


def test_nothing_there() -> None:
    with pytest.raises(ClusterUnavailable, match="Dashboards does not answer"):
        aisle.import_dashboards("http://127.0.0.1:9", settings=ClusterSettings())
    with pytest.raises(InputError, match="no address of Dashboards"):
        aisle.import_dashboards("localhost", settings=ClusterSettings())
