"""Processes, ports, folders and the registry, with small commands in the node's place."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from filelock import Timeout

from aisle.cluster.node.embedded import LOG, start_failure
from aisle.cluster.node.files import choose_ports
from aisle.cluster.node.folder import lock_at, prepare_folder
from aisle.cluster.node.process import Child, Launch, start_detached, start_supervised
from aisle.cluster.node.registry import (
    NodeRecord,
    check_name,
    find_node,
    register,
    running_nodes,
    same_process,
    stop_node,
    stop_process,
)
from aisle.cluster.node.user import NodeUser, can_reach
from aisle.errors import InputError, NodeStartFailed, PortTaken

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def launch(tmp_path: Path, command: list[str], remove: Path | None = None) -> Launch:
    return Launch(command, {"PATH": os.defpath}, tmp_path, tmp_path / "log", None, remove)


def wait_for(path: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if path.is_file() and text in path.read_text():
            return
        time.sleep(0.02)
    pytest.fail(f"{text!r} never came")


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_supervised_stop_ends_it_and_removes_its_folder(tmp_path: Path) -> None:
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    child = start_supervised(launch(tmp_path, SLEEP, remove=doomed))
    assert child.alive()
    child.stop()
    child.stop()
    assert not child.alive()
    assert not doomed.exists()


OWNER = """
import sys, time
from pathlib import Path
from aisle.cluster.node.process import Launch, start_supervised
folder = Path(sys.argv[1])
child = start_supervised(Launch(sys.argv[2:], {}, folder, folder / "log", None, folder / "doomed"))
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_dies_with_its_owner_and_cleans_up(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "doomed").mkdir()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), *SLEEP], stdout=subprocess.PIPE, start_new_session=True
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    wait_for(tmp_path / "log", "up")
    # The whole group at once, as a terminal or a job runner does it.
    os.killpg(owner.pid, how)
    owner.wait()
    owner.stdout.close()
    assert gone_within(pid, 5)
    deadline = time.monotonic() + 5
    while (tmp_path / "doomed").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (tmp_path / "doomed").exists()


def test_deaf_process_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    child = start_detached(launch(tmp_path, DEAF))
    wait_for(tmp_path / "log", "up")
    child.stop(grace_s=0.2)
    assert gone_within(child.pid, 5)


@pytest.mark.parametrize("start", [start_supervised, start_detached])
def test_command_that_is_not_there(tmp_path: Path, start: type[Child]) -> None:
    with pytest.raises(NodeStartFailed, match="could not be run"):
        start(launch(tmp_path, [str(tmp_path / "none")]))  # type: ignore[call-arg, arg-type]


def test_another_process_with_the_same_id_is_left_alone() -> None:
    me = os.getpid()
    assert same_process(me, psutil.Process(me).create_time()) is not None
    assert same_process(me, 1.0) is None
    stop_process(me, 1.0)


def test_a_clock_that_is_set_does_not_hide_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = start_detached(launch(tmp_path, SLEEP))
    real = psutil.Process.create_time
    try:
        # As on Linux after the clock was set forward: every process seems to have been born later.
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: real(process) + 3)
        assert child.alive() is (sys.platform == "linux")
    finally:
        monkeypatch.undo()
        child.stop(grace_s=5)
    assert not child.alive()


def test_a_node_that_nobody_knows_of_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    lost = subprocess.Popen(SLEEP, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        (tmp_path / LOG).write_text(
            "java.lang.IllegalStateException: failed to obtain node locks, tried [data]\n"
        )
        assert f"kill {lost.pid}" in start_failure("shop", tmp_path, alive=False).fix
    finally:
        lost.kill()
        lost.wait()


def test_log_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("as it was")
    (tmp_path / "log").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError):
        start_detached(launch(tmp_path, SLEEP))
    assert (tmp_path / "precious").read_text() == "as it was"


def test_ports_are_distinct_and_a_taken_one_is_named() -> None:
    ports = choose_ports()
    assert len({ports.http, ports.transport, ports.grpc}) == 3
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        taken = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=str(taken)):
            choose_ports(http=taken)
    assert choose_ports(http=taken).http == taken


def test_registry_round_trip_and_stale_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path))
    child = start_detached(launch(tmp_path, SLEEP))
    record = NodeRecord("one", child.pid, child.created, "http://127.0.0.1:1", str(tmp_path), "3.6.0")
    register(record)
    register(NodeRecord("old", child.pid, 1.0, "http://127.0.0.1:2", str(tmp_path), "3.6.0"))
    (tmp_path / "nodes" / "cut.json").write_text('{"name": "cu')
    assert running_nodes() == [record]
    assert find_node("cut") is None
    assert stop_node(record) is True
    assert find_node("one") is None
    assert running_nodes() == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "x" * 64, "-x"])
def test_names_that_cannot_be_files_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        check_name(name)


def test_a_folder_with_other_things_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    with pytest.raises(InputError, match="not empty"):
        prepare_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
    fresh = prepare_folder(tmp_path / "new")
    assert prepare_folder(fresh) == fresh


def test_can_reach_looks_at_every_folder_on_the_way(tmp_path: Path) -> None:
    other = NodeUser("other", 54321, 54321)
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    assert can_reach(inner, None)
    (tmp_path / "closed").chmod(0o700)
    assert not can_reach(inner, other)
    assert can_reach(Path("/"), other)


def test_a_lock_is_waited_for_and_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".lock"
    holding = f"""
import sys, time
from pathlib import Path
from aisle.cluster.node.folder import lock_at
with lock_at(Path({str(path)!r})):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", holding], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(Timeout):
            lock_at(path).acquire(timeout=0.2)
        holder.kill()
        with lock_at(path).acquire(timeout=10):
            pass
