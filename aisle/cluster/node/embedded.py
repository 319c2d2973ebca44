"""The embedded node: a real OpenSearch as a child process, without Docker."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import psutil

from aisle.cluster.node.distribution import ensure_distribution
from aisle.cluster.node.files import (
    FAISS,
    LOOPBACK,
    Ports,
    Setting,
    choose_ports,
    java_command,
    log4j2_properties,
    node_env,
    opensearch_yml,
)
from aisle.cluster.node.folder import distributions, hand_over, prepare_folder, remove_folder
from aisle.cluster.node.java import ensure_java
from aisle.cluster.node.libraries import (
    LINK_ERROR,
    NOTE,
    NativeLibraries,
    holds_faiss,
    lost_libraries,
    native_libraries,
)
from aisle.cluster.node.process import Child, Launch, start_detached, start_supervised
from aisle.cluster.node.user import node_user
from aisle.errors import InputError, NodeStartFailed, PortTaken

POLL_S = 0.2


def cluster_status(port: int, timeout_s: float = 2.0) -> str:
    """ "green", "yellow" or "red", "up" if it answers otherwise, or "" if nothing answers."""
    answer = _answer(port, "/_cluster/health?local=true", timeout_s)
    if answer is None:
        return ""
    return str(answer.get("status", "up")) if isinstance(answer, dict) else "up"


def faiss_releases(port: int, timeout_s: float = 10.0) -> list[str]:
    """Releases whose vectors are of faiss, as they say themselves; none if the node does not answer."""
    meta = "*.mappings._meta.aisle"
    vectors = ",".join(f"{meta}.spaces.{field}" for field in ("dense", "item_vector"))
    answer = _answer(port, f"/_mapping?filter_path={meta}.engine,{vectors}", timeout_s)
    found = answer.items() if isinstance(answer, dict) else ()
    # The body of an error has other keys.
    mappings = ((name, one["mappings"]) for name, one in found if isinstance(one, dict) and "mappings" in one)
    said = {name: mapping["_meta"]["aisle"] for name, mapping in mappings}
    return sorted(name for name, of in said.items() if of.get("engine") == FAISS and of.get("spaces"))


def _answer(port: int, path: str, timeout_s: float) -> Any:
    """The body of an answer, None if none comes or it is no JSON."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def await_health(port: int, wanted: str, timeout_s: float, alive: Callable[[], bool]) -> bool:
    """Wait for the wanted status or better; False when the time is over or the process has ended."""
    enough = {"green": {"green"}, "yellow": {"green", "yellow"}}.get(wanted)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and alive():
        status = cluster_status(port)
        if status and (enough is None or status in enough):
            return True
        time.sleep(POLL_S)
    return False


LOG_POLL_S = 0.3


def last_lines(path: Path, count: int, *, frames: bool = True) -> list[str]:
    """The last lines; without ``frames`` Java's stack frames are left out, for they bury the message."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as stream:
        lines = (line.rstrip("\n") for line in stream)
        kept = (line for line in lines if frames or not line.lstrip().startswith(("at ", "... ")))
        return list(deque(kept, maxlen=count))


def follow(path: Path, alive: Callable[[], bool]) -> Iterator[str]:
    """Lines as they are written, from the end of the log on, while the node is alive."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        stream.seek(0, 2)
        while True:
            line = stream.readline()
            if line:
                yield line.rstrip("\n")
            elif alive():
                time.sleep(LOG_POLL_S)
            else:
                return


MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """Options of ``EmbeddedNode.start``.

    Attributes:
        name: node name; names the registry entry of a detached node.
        heap_mib: Java heap in MiB, default 2 GiB but at most a quarter of this machine's memory.
        http_port, transport_port: 0 for any free port.
        folder: keeps data/, logs/ and config/; None for a temporary one that is removed at the end.
        native: folder with ``libopensearchknn_*`` for the faiss engine, default AISLE_KNN_LIB.
        detached: stay up when this process ends.
        settings: further lines of opensearch.yml, they win over the defaults.
        start_timeout_s: how long the node may take to answer with a healthy cluster.
        wait_for: cluster health to wait for, "yellow" or "green"; "" for an answer at all, which is what
            the first nodes of a larger cluster can give.
    """

    name: str = "aisle"
    heap_mib: int | None = None
    http_port: int = 0
    transport_port: int = 0
    folder: Path | None = None
    native: Path | None = None
    detached: bool = False
    settings: Mapping[str, Setting] = field(default_factory=lambda: MappingProxyType({}))
    start_timeout_s: float = 180.0
    wait_for: str = "yellow"


def default_heap_mib() -> int:
    """2 GiB, or a quarter of the memory where that is less, but never under 256 MiB.

    With 1 GiB, loading 54,667 vectors of 384 dimensions met the parent circuit breaker.
    """
    quarter = psutil.virtual_memory().total // 4 // MIB
    return max(256, min(2048, quarter))


def java_options() -> list[str]:
    """What OPENSEARCH_JAVA_OPTS names, which OpenSearch's own start script takes as well.

    Raises:
        InputError: a quotation mark that is not closed.
    """
    try:
        return shlex.split(os.environ.get("OPENSEARCH_JAVA_OPTS", ""))
    except ValueError as error:
        raise InputError(
            f"OPENSEARCH_JAVA_OPTS cannot be read: {error}", fix="close each quotation mark in it"
        ) from error


LOG = Path("logs", "node.log")
TAIL_LINES = 12
_LOCK_ERROR = "failed to obtain node locks"


@dataclass(slots=True)
class EmbeddedNode:
    """A running node. Make it with :meth:`start`; as a context manager it stops at the end.

    It ends with the process that started it, however that one ends, unless ``options.detached``.
    """

    options: NodeOptions
    ports: Ports
    folder: Path
    child: Child

    @classmethod
    def start(cls, options: NodeOptions | None = None) -> EmbeddedNode:
        """Download what is missing, start the node and wait until it is healthy.

        Raises:
            DownloadFailed: jars could not be fetched.
            InputError: the folder or OPENSEARCH_JAVA_OPTS cannot be used, or the node's user cannot load the
                native libraries.
            JavaNotFound: no JDK 21 or later.
            PortTaken: a port that was asked for is in use.
            NodeStartFailed: the node ended or did not get healthy in time; holds its last log lines. Or it
                has faiss indexes and no native libraries any more.
        """
        options = options or NodeOptions()
        more = java_options()
        user = node_user()
        libraries = native_libraries(options.native, options.settings, user)
        if libraries is None and options.folder is not None:
            kept = options.folder.expanduser().resolve()
            if holds_faiss(kept):
                raise _without_libraries(options.name, kept, "indexes")
        native = libraries.folder if libraries else None
        ports = choose_ports(options.http_port, options.transport_port)
        places = distributions(user)
        java = ensure_java(user, places / "jdk")
        distribution = ensure_distribution(places)
        folder = prepare_folder(options.folder)
        try:
            _write_config(folder, options, ports, libraries)
            hand_over(folder, user)
            launch = Launch(
                command=java_command(
                    java=java,
                    distribution=distribution,
                    folder=folder,
                    heap_mib=options.heap_mib or default_heap_mib(),
                    native=native,
                    more=more,
                ),
                env=node_env(folder, native),
                cwd=folder,
                log=folder / LOG,
                user=user,
                remove=folder if options.folder is None else None,
            )
            child = start_detached(launch) if options.detached else start_supervised(launch)
        except BaseException:
            if options.folder is None:
                remove_folder(folder)
            raise
        node = cls(options, ports, folder, child)
        try:
            if not await_health(ports.http, options.wait_for, options.start_timeout_s, child.alive):
                raise start_failure(options.name, folder, alive=child.alive())
            if libraries is None and options.folder is not None and (found := faiss_releases(ports.http)):
                # Nothing of theirs is on disk yet.
                raise _without_libraries(options.name, folder, ", ".join(found[:3]))
        except BaseException:
            # Ctrl-C included: no half-started node stays behind.
            node.stop()
            raise
        return node

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.http}"

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def log(self) -> Path:
        return self.folder / LOG

    def stop(self) -> None:
        """Stop the node and remove its folder if that is temporary. Harmless when it has stopped."""
        self.child.stop()
        if self.options.folder is None:
            remove_folder(self.folder)

    def __enter__(self) -> EmbeddedNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_failure(name: str, folder: Path, *, alive: bool) -> NodeStartFailed:
    """Why a node did not start, from the end of its log.

    Args:
        name: of the node.
        folder: of the node.
        alive: whether its process still runs.
    """
    told = "\n".join(last_lines(folder / LOG, TAIL_LINES, frames=False))
    if "Bind" in told and "Exception" in told:
        return PortTaken(f"a port of node {name} was taken while it started", fix="start it again")
    why = "did not get healthy in time" if alive else "ended while starting"
    fix = "the log lines name the cause; a machine that was only busy starts it when asked again"
    if LINK_ERROR in told:
        why = "cannot load k-NN's native libraries"
        fix = f"set {lost_libraries(folder)}, then start it again"
    elif _LOCK_ERROR in told:
        why = "found another process on its data"
        fix = f"end that process ({_holder(folder)}), or start a node with other --data"
    return NodeStartFailed(f"node {name} {why}; its last log lines:\n{told}", fix=fix)


def _holder(folder: Path) -> str:
    """Which node works in this folder, as one is left when its record was lost."""
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(folder.resolve()):
            return f"kill {process.pid}"
    return "it is another user's"


def link_error(log: Path) -> str:
    """The line of a log's end that says that a native library could not be loaded, "" if none does."""
    lines = last_lines(log, 10 * TAIL_LINES, frames=False)
    return next((line for line in reversed(lines) if LINK_ERROR in line), "")


def _without_libraries(name: str, folder: Path, which: str) -> NodeStartFailed:
    return NodeStartFailed(
        f"node {name} has faiss {which} but no native libraries any more: the first search or change of one"
        " would end it",
        fix=f"set {lost_libraries(folder)}, or start a node with other --data and index the catalogues again",
    )


def _write_config(
    folder: Path, options: NodeOptions, ports: Ports, libraries: NativeLibraries | None
) -> None:
    yml = opensearch_yml(
        name=options.name,
        folder=folder,
        ports=ports,
        native=libraries is not None,
        simd=libraries is not None and libraries.simd,
        settings=options.settings,
    )
    config = folder / "config"
    texts = {config / "opensearch.yml": yml, config / "log4j2.properties": log4j2_properties()}
    if libraries:
        texts[folder / NOTE] = f"{libraries.folder}\n"
    for path, text in texts.items():
        # The folder may be another user's from an earlier run: write a new file, never through a link.
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
