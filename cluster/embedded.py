"""The embedded node: a real OpenSearch as a child process, without Docker."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from cluster.distribution import ensure_distribution
from cluster.health import await_health
from cluster.java import ensure_java
from cluster.node_files import LOOPBACK, Ports, java_command, log4j2_properties, opensearch_yml
from cluster.options import NodeOptions, default_heap_mib, native_folder
from cluster.places import distributions
from cluster.ports import choose_ports
from cluster.process import Child, Launch, start_detached, start_supervised
from cluster.user import NodeUser, can_reach, give, node_user
from records import NodeStartFailed, PortTaken

LOG = "node.log"
SUBFOLDERS = ("config", "data", "logs", "tmp")
TAIL_LINES = 12


@dataclass(slots=True)
class EmbeddedNode:
    """A running node. Make it with :meth:`start`; as a context manager it stops at the end."""

    options: NodeOptions
    ports: Ports
    folder: Path
    child: Child

    @classmethod
    def start(cls, options: NodeOptions | None = None) -> EmbeddedNode:
        """Download what is missing, start the node and wait until it is healthy.

        Raises:
            DownloadFailed: jars could not be fetched.
            JavaNotFound: no JDK 21 or later.
            PortTaken: a port that was asked for is in use.
            NodeStartFailed: the node ended or did not get healthy in time; holds its last log lines.
        """
        options = options or NodeOptions()
        ports = choose_ports(options.http_port, options.transport_port)
        user = node_user()
        places = distributions(user)
        java = ensure_java(user, places / "jdk")
        distribution = ensure_distribution(places)
        folder = _make_folder(options, user)
        node = cls(options, ports, folder, _launch(options, ports, folder, java, distribution, user))
        try:
            healthy = await_health(ports.http, options.wait_for, options.start_timeout_s, node.child.alive)
            if not healthy:
                raise node._failure()
        except BaseException:
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
        return self.folder / "logs" / LOG

    def stop(self) -> None:
        """Stop the node and remove its folder if that is temporary. Harmless when it has stopped."""
        self.child.stop()
        if self.options.folder is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> EmbeddedNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _failure(self) -> NodeStartFailed:
        lines = last_lines(self.log, TAIL_LINES)
        told = "\n".join(lines)
        if "BindException" in told or "BindTransportException" in told or "BindHttpException" in told:
            return PortTaken(
                f"a port of node {self.options.name} was taken while it started", fix="start it again"
            )
        why = "did not get healthy in time" if self.child.alive() else "ended while starting"
        return NodeStartFailed(
            f"node {self.options.name} {why}; its last log lines:\n{told}",
            fix="the log lines name the cause; more heap or a longer start timeout helps a slow machine",
        )


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log, stack frames left out: they bury the message."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if not line.lstrip().startswith("at ")][-count:]


def _make_folder(options: NodeOptions, user: NodeUser | None) -> Path:
    if options.folder is None:
        folder = Path(tempfile.mkdtemp(prefix="aisle-node-"))
    else:
        folder = options.folder.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
    for name in SUBFOLDERS:
        (folder / name).mkdir(exist_ok=True)
    give(folder, user)
    if user is not None and not can_reach(folder, user):
        raise NodeStartFailed(
            f"user {user.name}, who runs the node for root, cannot enter {folder}",
            fix="choose a data folder outside root's home, for example under /var/lib",
        )
    return folder


def _launch(
    options: NodeOptions, ports: Ports, folder: Path, java: Path, distribution: Path, user: NodeUser | None
) -> Child:
    native = native_folder(options)
    config = folder / "config"
    yml = opensearch_yml(
        name=options.name,
        folder=folder,
        ports=ports,
        native=native is not None,
        settings=options.settings,
    )
    (config / "opensearch.yml").write_text(yml, encoding="utf-8")
    (config / "log4j2.properties").write_text(log4j2_properties(), encoding="utf-8")
    heap = options.heap_mib or default_heap_mib()
    command = java_command(
        java=java, distribution=distribution, folder=folder, heap_mib=heap, native=native
    )
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(folder)}
    if native is not None:
        env["LD_LIBRARY_PATH"] = str(native)
    launch = Launch(
        command=tuple(command),
        env=env,
        cwd=folder,
        log=folder / "logs" / LOG,
        user=user,
        remove=folder if options.folder is None else None,
    )
    return start_detached(launch) if options.detached else start_supervised(launch)
