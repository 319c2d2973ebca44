"""The embedded node: a real OpenSearch as a child process, without Docker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from cluster.distribution import ensure_distribution
from cluster.health import await_health
from cluster.java import ensure_java
from cluster.logs import last_lines
from cluster.node_files import LOOPBACK, Ports, java_command, log4j2_properties, node_env, opensearch_yml
from cluster.node_folder import hand_over, prepare_folder, remove_folder
from cluster.options import NodeOptions, default_heap_mib, native_folder
from cluster.places import distributions
from cluster.ports import choose_ports
from cluster.process import Child, Launch, start_detached, start_supervised
from cluster.user import node_user
from records import NodeStartFailed, PortTaken

LOG = Path("logs", "node.log")
TAIL_LINES = 12


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
            InputError: the folder or the native libraries that the options name cannot be used.
            JavaNotFound: no JDK 21 or later.
            PortTaken: a port that was asked for is in use.
            NodeStartFailed: the node ended or did not get healthy in time; holds its last log lines.
        """
        options = options or NodeOptions()
        native = native_folder(options)
        ports = choose_ports(options.http_port, options.transport_port)
        user = node_user()
        places = distributions(user)
        java = ensure_java(user, places / "jdk")
        distribution = ensure_distribution(places)
        folder = prepare_folder(options.folder)
        try:
            _write_config(folder, options, ports, native=native is not None)
            hand_over(folder, user)
            launch = Launch(
                command=java_command(
                    java=java,
                    distribution=distribution,
                    folder=folder,
                    heap_mib=options.heap_mib or default_heap_mib(),
                    native=native,
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
                raise node._failure()
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

    def _failure(self) -> NodeStartFailed:
        told = "\n".join(last_lines(self.log, TAIL_LINES, frames=False))
        if "Bind" in told and "Exception" in told:
            return PortTaken(
                f"a port of node {self.options.name} was taken while it started", fix="start it again"
            )
        why = "did not get healthy in time" if self.child.alive() else "ended while starting"
        return NodeStartFailed(
            f"node {self.options.name} {why}; its last log lines:\n{told}",
            fix="the log lines name the cause; a slow machine may need a longer start timeout",
        )


def _write_config(folder: Path, options: NodeOptions, ports: Ports, *, native: bool) -> None:
    config = folder / "config"
    yml = opensearch_yml(
        name=options.name, folder=folder, ports=ports, native=native, settings=options.settings
    )
    for name, text in {"opensearch.yml": yml, "log4j2.properties": log4j2_properties()}.items():
        # The folder may be another user's from an earlier run: write a new file, never through a link.
        (config / name).unlink(missing_ok=True)
        (config / name).write_text(text, encoding="utf-8")
