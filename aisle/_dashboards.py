"""Boards of OpenSearch Dashboards, and what they are drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle._files import read_json
from aisle.cluster import Cluster, ClusterSettings
from aisle.cluster.client import connected
from aisle.cluster.dashboards import Imported, import_saved_objects
from aisle.cluster.documents import make_index
from aisle.errors import ClusterError, InputError
from aisle.indexer.releases.names import check_name
from aisle.mappings.dashboards import saved_objects
from aisle.mappings.observations import OBSERVATIONS, Kind, observations_body

__all__ = ["Imported", "import_dashboards", "record_report"]

USUAL_URL: Final = "http://localhost:5601"


def import_dashboards(url: str = USUAL_URL, *, settings: ClusterSettings | None = None) -> Imported:
    """Put Aisle's boards into OpenSearch Dashboards, in place of those that are there.

    Example:
        aisle.import_dashboards("http://localhost:5601")

    Args:
        url: of Dashboards.
        settings: whose user and certificates are used; None: the ``AISLE_*`` variables.

    Raises:
        InputError: no such address.
        ClusterUnavailable: nothing answers there.
        AuthenticationFailed: user or password are refused.
        ClusterError: Dashboards does not take the boards.
    """
    return import_saved_objects(url, saved_objects(), settings or ClusterSettings.load())


def record_report(
    name: str, path: str | Path, *, at: datetime | None = None, cluster: OpenSearch | None = None
) -> int:
    """Note what a report says for the boards: measured quality, how a release was made, what a watch found.

    Example:
        aisle.record_report("shop", "report.json")

    Args:
        name: of the catalogue.
        path: what ``aisle eval``, ``aisle index`` or ``aisle watch --once`` wrote with ``--json``.
        at: when it was measured; None: now.
        cluster: see ``aisle``.

    Returns:
        How many observations were added.

    Raises:
        InputError: no such file, or it is no such report.
        ClusterError: from the cluster.
    """
    found = list(observations_of(check_name(name), read_json(Path(path)), at or datetime.now(UTC)))
    if not found:
        raise InputError(
            f"{path} is no report of Aisle",
            fix="give what aisle eval, aisle index or aisle watch --once wrote with --json",
        )
    _write(connected(cluster), found)
    return len(found)


def observations_of(name: str, report: Any, at: datetime) -> Iterator[dict[str, Any]]:
    """The observations that a report holds; none if it is no report.

    Args:
        name: of the catalogue.
        report: as JSON.
        at: when it was measured.
    """
    if not isinstance(report, dict):
        return
    common = {"timestamp": at.isoformat(timespec="milliseconds"), "catalogue": name}
    systems = report.get("systems")
    if isinstance(systems, dict):
        yield from _of_an_evaluation(common, report, systems)
    elif isinstance(report.get("readings"), list):
        yield from _of_a_watch(common, report, report["readings"])
    elif isinstance(report.get("release"), str) and isinstance(report.get("documents"), int):
        rejected = report.get("dead_letters")
        yield {
            **common,
            "kind": Kind.RELEASE,
            "release": report["release"],
            "documents": report["documents"],
            "rejected": sum(rejected.values()) if isinstance(rejected, dict) else 0,
            "seconds": report.get("seconds"),
        }


def _of_an_evaluation(
    common: dict[str, Any], report: dict[str, Any], systems: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for system, means in systems.items():
        for metric, value in means.items() if isinstance(means, dict) else ():
            if isinstance(value, int | float):
                yield {
                    **common,
                    "kind": Kind.EVALUATION,
                    "dataset": report.get("dataset"),
                    "split": report.get("split"),
                    "queries": report.get("queries"),
                    "system": system,
                    "metric": metric,
                    "value": value,
                }


def _of_a_watch(
    common: dict[str, Any], report: dict[str, Any], readings: list[Any]
) -> Iterator[dict[str, Any]]:
    for one in readings:
        value, limit = (one.get("value"), one.get("limit")) if isinstance(one, dict) else (None, None)
        if isinstance(value, int | float) and isinstance(limit, int | float) and limit > 0:
            # Triggers are of many scales; each has its own limit.
            found = {"kind": Kind.WATCH, "metric": one.get("name"), "value": value / limit}
            yield {**common, **found, "release": report.get("release")}


def _write(cluster: Cluster, observations: list[dict[str, Any]]) -> None:
    make_index(cluster, OBSERVATIONS, observations_body())
    lines: list[dict[str, Any]] = []
    for source in observations:
        lines += ({"create": {}}, source)
    answer = cluster.bulk(body=lines, index=OBSERVATIONS)
    if answer["errors"]:
        first = next(entry["create"]["error"] for entry in answer["items"] if "error" in entry["create"])
        raise ClusterError(
            f"observations were refused: {first['reason']}", fix=f"delete the index {OBSERVATIONS}"
        )
