"""A Ray cluster for the time of one run: the one that is named, or one on this machine alone."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from aisle._environment import optional
from aisle.cluster import ClusterSettings
from aisle.cluster.client import cluster_urls, on_loopback
from aisle.errors import IndexingError, InputError

LOCAL: Final = "local"


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Which Ray cluster, and how much of it.

    Attributes:
        address: of a Ray cluster that this machine belongs to (``host:port`` or ``auto``). ``local``: Ray is
            started on this machine, on loopback alone, and stopped at the end.
        workers: processes that encode and write; each loads the model once.
        cpus: cores per worker, for Ray's scheduler and for ONNX Runtime's threads.
        batch_items: items that travel, are written and are settled together.
        store_bytes: object store of a Ray that is started here.

    Raises:
        InputError: a number that means nothing.
    """

    address: str = LOCAL
    workers: int = 2
    cpus: int = 1
    batch_items: int = 2048
    store_bytes: int = 512 * 2**20

    def __post_init__(self) -> None:
        if min(self.workers, self.cpus, self.batch_items) < 1:
            raise InputError(
                f"{self.workers} workers of {self.cpus} cores and batches of {self.batch_items} cannot be",
                fix="give at least 1 of each",
            )

    @property
    def cores(self) -> int:
        """Of all workers together."""
        return self.workers * self.cpus

    @property
    def in_flight(self) -> int:
        """Batches under way at once: one at work and two waiting per worker. Bounds the memory of a run."""
        return 3 * self.workers


_FIX: Final = "check the address (`ray status` on this machine), or leave --ray away"
# Reports to Ray's makers, sent unless this says no. Ray looks at its start, Ray Data at each dataset.
_NO_REPORTS: Final = {"RAY_USAGE_STATS_ENABLED": "0"}
# Ray turns 127.0.0.1 into this machine's address among others, and listens there, unless told (when it is
# imported) that it stays alone; so it always does on macOS and Windows, hence the name.
_ALONE: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@contextmanager
def ray_session(options: RayOptions) -> Iterator[Any]:
    """The module ``ray``, connected. Only what was started here is stopped at the end.

    A Ray that this process uses already is taken as it is.

    Raises:
        MissingExtra: Ray is not installed.
        InputError: no cluster at the address, or fewer cores there than the workers need.
        IndexingError: Ray did not start on this machine.
    """
    with _environment(_NO_REPORTS | (_ALONE if options.address == LOCAL else {})):
        ray: Any = optional("ray", extra="ray")
        if options.address != LOCAL:
            _check_address(options.address)
        ours = not ray.is_initialized()
        try:
            if ours:
                _connect(ray, options)
            _check_cores(ray, options)
            with _quiet_logs():
                yield ray
        finally:
            if ours:
                ray.shutdown()


def _connect(ray: Any, options: RayOptions) -> None:
    # Workers' output stays in Ray's own log files: what a run has to say comes back with its replies.
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if options.address == LOCAL:
        _start(ray, options, quiet)
        return
    try:
        ray.init(address=options.address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"no Ray cluster could be joined at {options.address}: {_first_line(error)}", fix=_FIX
        ) from error


def _start(ray: Any, options: RayOptions, quiet: Mapping[str, Any]) -> None:
    try:
        ray.init(
            address="local",
            num_cpus=options.cores,
            object_store_memory=options.store_bytes,
            include_dashboard=False,
            _node_ip_address="127.0.0.1",
            **quiet,
        )
    except Exception as error:  # Ray raises that very class when its processes are too slow to start.
        raise IndexingError(
            f"Ray did not start on this machine: {_first_line(error)}",
            fix="look for a machine that is too busy or short of memory, or index without --ray",
        ) from error


def _first_line(error: Exception) -> str:
    """Ray's words run over many lines; the first says what is wrong."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _check_address(address: str) -> None:
    """Fail at once where Ray would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536 or "/" in host:
        raise InputError(
            f"{address!r} is no address of a Ray cluster",
            fix="write it as host:6379 or auto; this machine must be one of the cluster (`ray start`)",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        raise InputError(f"nothing answers at {address}, the address of the Ray cluster", fix=_FIX) from error


def _check_cores(ray: Any, options: RayOptions) -> None:
    there = int(ray.cluster_resources().get("CPU", 0))
    if there < options.cores:
        raise InputError(
            f"{options.workers} workers of {options.cpus} cores are more than the {there} cores that Ray has",
            fix="ask for fewer --workers, or add machines to the Ray cluster",
        )


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Ray Data tells of every plan at level INFO on the console."""
    log = logging.getLogger("ray.data")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """These variables for this process and those that it starts; afterwards as before."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def reachable_settings(settings: ClusterSettings, ray: Any) -> ClusterSettings:
    """Settings that name the address: a worker elsewhere cannot look for a node of ``aisle up`` here.

    Raises:
        ClusterUnavailable: no address, and no node of ``aisle up`` runs.
        InputError: Ray has several machines and the address means another one on each.
    """
    urls = cluster_urls(settings)
    machines = {node["NodeManagerAddress"] for node in ray.nodes() if node["Alive"]}
    if len(machines) > 1 and any(map(on_loopback, urls)):
        raise InputError(
            f"the workers on {len(machines)} machines cannot reach OpenSearch at {', '.join(urls)}",
            fix="set AISLE_URL to an address that holds on every machine",
        )
    return settings.model_copy(update={"url": ",".join(urls)})
