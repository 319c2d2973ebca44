"""Connecting to servers that refuse, fail or are not there: real sockets on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aisle.cluster import ClusterSettings, connect
from aisle.cluster.client import chosen_node
from aisle.cluster.node.files import choose_ports
from aisle.cluster.node.registry import NodeRecord
from aisle.errors import (
    AisleError,
    AuthenticationFailed,
    ClusterError,
    ClusterUnavailable,
    DiskFull,
    IndexNotFound,
    InputError,
    PipelineMissing,
)

SECRET = "wrong-password"


@contextmanager
def server(status: int, body: Any) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives one answer to everything; yields its URL and the headers it was sent."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            plain = isinstance(body, str)
            data = body.encode() if plain else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain" if plain else "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}", seen
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def error_body(kind: str, reason: str) -> dict[str, Any]:
    cause = {"type": kind, "reason": reason}
    return {"error": {**cause, "root_cause": [cause]}}


FLOOD = "index [shop] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"  # noqa: E501


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, "Unauthorized", AuthenticationFailed),
        (403, error_body("security_exception", "no permissions"), AuthenticationFailed),
        (404, error_body("index_not_found_exception", "no such index [shop]"), IndexNotFound),
        (400, error_body("illegal_argument_exception", "Pipeline [p] is not defined"), PipelineMissing),
        (429, error_body("circuit_breaking_exception", "[parent] Data too large"), ClusterUnavailable),
        (429, error_body("cluster_block_exception", FLOOD), DiskFull),
        (503, error_body("cluster_manager_not_discovered_exception", None or ""), ClusterUnavailable),
        (400, error_body("parsing_exception", "unknown query [x]"), ClusterError),
    ],
)
def test_answers_become_members_of_the_tree(status: int, body: Any, kind: type[AisleError]) -> None:
    with server(status, body) as (url, _):
        client = connect(ClusterSettings(url=url, user="ann", password=SecretStr(SECRET)))
        with pytest.raises(AisleError) as caught:
            client.info()
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.fix
    assert "\n" not in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.__cause__!r} {client!r}"


def test_sends_basic_auth_and_headers() -> None:
    headers = {"x-api-key": SecretStr("k")}
    with server(200, {"version": {"number": "3.6.0"}}) as (url, seen):
        connect(ClusterSettings(url=f"{url}/", user="ann", password=SecretStr("x"), headers=headers)).info()
    assert seen[0]["authorization"] == "Basic YW5uOng="
    assert seen[0]["x-api-key"] == "k"


def test_several_hosts_take_turns_and_get_the_same_headers() -> None:
    with server(200, {}) as (one, seen_by_one), server(200, {}) as (two, seen_by_two):
        client = connect(ClusterSettings(url=f"{one},{two}", user="ann", password=SecretStr("x")))
        for _ in range(4):
            client.info()
    assert len(seen_by_one) == len(seen_by_two) == 2
    assert {seen["authorization"] for seen in (*seen_by_one, *seen_by_two)} == {"Basic YW5uOng="}


@pytest.mark.parametrize("away", [1, 4])
def test_hosts_that_are_away_cost_nothing_but_attempts(away: int) -> None:
    gone = [f"http://127.0.0.1:{choose_ports().http}" for _ in range(away)]
    with server(200, {}) as (there, seen):
        client = connect(ClusterSettings(url=",".join([*gone, there])))
        for _ in range(3):
            client.info()
    assert len(seen) == 3


def test_every_host_is_asked_with_tls() -> None:
    with connect(ClusterSettings(url="https://a:1,https://b,https://c:3/es")) as client:
        asked = {connection.host for connection in client.transport.connection_pool.connections}
    assert asked == {"https://a:1", "https://b:443", "https://c:3"}


def test_nothing_answers() -> None:
    client = connect(ClusterSettings(url=f"http://127.0.0.1:{choose_ports().http}"))
    with pytest.raises(ClusterUnavailable, match="nothing answers"):
        client.info()


def test_plain_server_behind_an_https_address() -> None:
    with server(200, {}) as (url, _):
        client = connect(ClusterSettings(url=url.replace("http:", "https:")))
        with pytest.raises(ClusterError):
            client.info()


def test_missing_ca_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no CA file"):
        connect(ClusterSettings(url="https://127.0.0.1:1", ca_file=tmp_path / "ca.pem"))


def test_without_address_and_node_the_error_names_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path))
    with pytest.raises(ClusterUnavailable) as caught:
        connect(ClusterSettings(url=""))
    assert "aisle up" in caught.value.fix
    assert "AISLE_URL" in caught.value.fix


def test_several_nodes_need_a_name() -> None:
    one, two = (NodeRecord(name, 1, 0.0, f"http://{name}", "", "") for name in ("one", "two"))
    assert chosen_node([one], "") is one
    assert chosen_node([one, two], "two") is two
    with pytest.raises(ClusterUnavailable, match="one, two"):
        chosen_node([one, two], "")
    with pytest.raises(ClusterUnavailable, match="no node named three"):
        chosen_node([one, two], "three")
