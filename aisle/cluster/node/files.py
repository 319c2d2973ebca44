"""The text of a node's files and its command line. Pure functions."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from aisle.cluster.node.lock import OPENSEARCH, Module
from aisle.errors import PortTaken

MAIN_CLASS = "org.opensearch.bootstrap.OpenSearch"
LOOPBACK = "127.0.0.1"
FAISS = "faiss"
"""The k-NN engine that needs native libraries."""
NATIVE_ATTRIBUTE = "aisle_knn_native"
"""Node attribute by which ``capabilities`` learns whether faiss works: trying it would kill the node."""
SIMD_ATTRIBUTE = "aisle_knn_simd"
"""The same of vectors of one bit, which need a further native library."""

Setting = str | int | bool | Sequence[str]


@dataclass(frozen=True, slots=True)
class Ports:
    """The three ports that a node binds on loopback."""

    http: int
    transport: int
    grpc: int


def module_descriptor(module: Module) -> str:
    """The ``plugin-descriptor.properties`` of a module."""
    lines = {
        "name": module.name,
        "description": f"OpenSearch module {module.name}",
        "version": OPENSEARCH,
        "opensearch.version": OPENSEARCH,
        "java.version": "21",
        "classname": module.classname,
        "extended.plugins": ",".join(module.extends),
        "has.native.controller": "false",
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def opensearch_yml(
    *, name: str, folder: Path, ports: Ports, native: bool, simd: bool, settings: Mapping[str, Setting]
) -> str:
    """The node's ``opensearch.yml``; ``settings`` win over the defaults.

    Flat keys with JSON values: every JSON value is YAML, so nothing needs quoting rules of our own.
    """
    body: dict[str, Setting] = {
        "cluster.name": "aisle",
        "node.name": name,
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": LOOPBACK,
        "http.port": ports.http,
        "transport.port": ports.transport,
        "aux.transport.transport-grpc.port": str(ports.grpc),
        f"node.attr.{NATIVE_ATTRIBUTE}": "true" if native else "false",
        f"node.attr.{SIMD_ATTRIBUTE}": "true" if simd else "false",
    }
    if any(key.startswith(("discovery.", "cluster.initial_")) for key in settings):
        # Else the first node of a cluster opens its HTTP port only after 30 s of waiting for the others.
        body["discovery.initial_state_timeout"] = "0s"
    else:
        body["discovery.type"] = "single-node"
    body.update(settings)
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in body.items())


def log4j2_properties() -> str:
    """Log to standard output, which the launcher points at a file."""
    return (
        "status = error\n"
        "appender.console.type = Console\n"
        "appender.console.name = console\n"
        "appender.console.layout.type = PatternLayout\n"
        "appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n\n"
        "rootLogger.level = info\n"
        "rootLogger.appenderRef.console.ref = console\n"
    )


def java_command(
    *,
    java: Path,
    distribution: Path,
    folder: Path,
    heap_mib: int,
    native: Path | None,
    more: Sequence[str] = (),
) -> list[str]:
    """The command line that starts the node; of options that differ, those in ``more`` win."""
    options = [
        f"-Xms{heap_mib}m",
        f"-Xmx{heap_mib}m",
        f"-XX:MaxDirectMemorySize={max(heap_mib // 2, 64)}m",
        # The vector module is what makes lucene's HNSW fast.
        "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-OmitStackTraceInFastThrow",
        "-Dfile.encoding=UTF-8",
        "-Djava.awt.headless=true",
        "-Djna.nosys=true",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-XX:ErrorFile={folder / 'logs' / 'hs_err.log'}",
        f"-Dopensearch.path.home={distribution}",
        f"-Dopensearch.path.conf={folder / 'config'}",
        "-Dopensearch.distribution.type=tar",
        "-Dopensearch.bundled_jdk=false",
    ]
    if native is not None:
        options.append(f"-Djava.library.path={native}")
    return [str(java), *options, *more, "-cp", f"{distribution / 'lib'}/*", MAIN_CLASS]


def node_env(folder: Path, native: Path | None) -> dict[str, str]:
    """The node's whole environment: nothing of ours goes in, and so no secret."""
    env = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(folder)}
    if native is not None:
        env["LD_LIBRARY_PATH"] = str(native)
    return env


def choose_ports(http: int = 0, transport: int = 0) -> Ports:
    """Three distinct free ports; the ones asked for, or any where 0 is asked for.

    Raises:
        PortTaken: a port that was asked for is in use.
    """
    with ExitStack() as held:
        # All three are held open at once, so they differ.
        return Ports(*(_bind(held, port) for port in (http, transport, 0)))


def free_ports(count: int) -> list[int]:
    """So many distinct free ports, for nodes that must know one another before any of them starts."""
    with ExitStack() as held:
        return [_bind(held, 0) for _ in range(count)]


def _bind(held: ExitStack, port: int) -> int:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the node does: a port in TIME_WAIT after a restart is free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(1)
    except (OSError, OverflowError) as error:
        raise PortTaken(
            f"port {port} on {LOOPBACK} is in use or not allowed",
            fix="choose another port, or 0 for any free one",
        ) from error
    return int(listener.getsockname()[1])
