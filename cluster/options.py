"""What one asks of an embedded node."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psutil

from cluster.node_files import Setting
from records import InputError

NATIVE_VARIABLE = "AISLE_KNN_LIB"
NATIVE_PATTERN = "libopensearchknn_*.*"
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


def native_folder(options: NodeOptions) -> Path | None:
    """The folder of k-NN's native libraries, None if none is named.

    Raises:
        InputError: a folder is named and holds none; faiss would then kill the node.
    """
    named = options.native or os.environ.get(NATIVE_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not any(folder.glob(NATIVE_PATTERN)):
        raise InputError(
            f"{folder} holds no {NATIVE_PATTERN}",
            fix=f"point {NATIVE_VARIABLE} at k-NN's native libraries, or unset it to use lucene",
        )
    return folder
