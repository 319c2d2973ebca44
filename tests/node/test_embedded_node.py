"""The embedded node itself: started, stopped, killed, refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import typer
from typer.testing import CliRunner

from aisle.cli import node as commands
from aisle.cluster import ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.cluster.node.libraries import NATIVE_VARIABLE
from aisle.errors import AisleError, NodeStartFailed, PortTaken

SMALL = 256


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the node's user may enter; pytest's own is closed to others."""
    made = Path(tempfile.mkdtemp(prefix="aisle-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid):
            return True
        time.sleep(0.1)
    return False


def test_two_at_once_are_apart_and_leave_nothing() -> None:
    with EmbeddedNode.start(NodeOptions(name="one", heap_mib=SMALL)) as one:
        with EmbeddedNode.start(NodeOptions(name="two", heap_mib=SMALL)) as two:
            clients = [connect(ClusterSettings(url=node.url)) for node in (one, two)]
            clients[0].index(index="only-in-one", body={"a": 1}, refresh=True)
            assert [client.info()["name"] for client in clients] == ["one", "two"]
            assert not clients[1].indices.exists(index="only-in-one")
            listening = psutil.Process(one.pid).net_connections(kind="inet")
            hosts = {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN}
            assert {host.removeprefix("::ffff:") for host in hosts} == {"127.0.0.1"}
            if os.geteuid() == 0:
                assert psutil.Process(one.pid).uids().real != 0
        assert gone(two.pid, 1)
    assert not one.folder.exists()
    assert not two.folder.exists()


OWNER = f"""
import time
from aisle.cluster import EmbeddedNode, NodeOptions
node = EmbeddedNode.start(NodeOptions(heap_mib={SMALL}))
print(node.pid, node.folder, flush=True)
time.sleep(600)
"""


def test_kill_9_of_the_owner_ends_the_node() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid, where = owner.stdout.readline().split()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert gone(int(pid), 10)
    time.sleep(0.5)
    assert not Path(where).exists()


def test_failed_start_shows_the_log_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not among the folders of nodes that others start meanwhile.
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    options = NodeOptions(heap_mib=SMALL, settings={"no.such.setting": 1}, start_timeout_s=600)
    started = time.monotonic()
    with pytest.raises(NodeStartFailed, match=r"unknown setting \[no.such.setting\]"):
        EmbeddedNode.start(options)
    # It is not waited for to the end.
    assert time.monotonic() - started < 300
    assert list(folder.iterdir()) == []


def test_taken_port_is_named_before_anything_starts() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            EmbeddedNode.start(NodeOptions(http_port=port))


def test_up_status_logs_down(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path))
    for variable in ("AISLE_URL", "AISLE_NODE"):
        monkeypatch.delenv(variable, raising=False)
    app = typer.Typer()
    for command in (commands.up, commands.down, commands.status, commands.logs):
        app.command()(command)

    def aisle(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        if isinstance(result.exception, AisleError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    up = ["up", "--heap", str(SMALL), "--data", str(folder / "kept"), "--json"]
    record = json.loads(aisle(*up))
    try:
        status = json.loads(aisle("status", "--json"))
        assert status["url"] == record["url"]
        assert status["health"] in ("green", "yellow")
        assert status["best_engine"] == status["knn_engines"][0] == engine
        assert "best_engine" in aisle("status")
        assert "started" in aisle("logs", "-n", "500")
        assert len(aisle("logs", "-n", "2").splitlines()) == 2
        with pytest.raises(NodeStartFailed, match="runs already"):
            aisle(*up)
        connect().index(index="kept", id="1", body={"a": 1}, refresh=True)
        assert json.loads(aisle("down", "--json")) == {"name": "aisle", "stopped": True}
        assert gone(record["pid"], 1)
        record = json.loads(aisle(*up))
        assert connect().get(index="kept", id="1")["_source"] == {"a": 1}
        # As a release of a node with faiss that nothing was written to: no file shows it.
        meta = {"aisle": {"engine": "faiss", "spaces": {"dense": {"dims": 4}}}}
        connect().indices.create(index="shop-v0001", body={"mappings": {"_meta": meta}})
    finally:
        aisle("down")
    assert gone(record["pid"], 1)
    if engine == "lucene":
        with pytest.raises(NodeStartFailed, match="node aisle has faiss shop-v0001 but no") as caught:
            aisle(*up)
        assert NATIVE_VARIABLE in caught.value.fix
        commands_run = (process.info["cmdline"] or () for process in psutil.process_iter(["cmdline"]))
        assert not any(str(folder / "kept") in " ".join(command) for command in commands_run)
