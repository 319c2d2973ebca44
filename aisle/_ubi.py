"""Clicks of shoppers: from events to judgments, popular queries and rates of items; and a simulation."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from opensearchpy import OpenSearch
from opensearchpy.helpers import scan

from aisle._files import whole_file
from aisle.cluster.client import connected
from aisle.errors import EvaluationError, IndexNotFound, InputError
from aisle.evaluation import write_qrels, write_queries
from aisle.evaluation.clicks import (
    Agreement,
    ClickLog,
    LogReader,
    Method,
    SimulationOptions,
    agreements,
    estimate_clicks,
    simulate,
)
from aisle.evaluation.qrels import text_lines
from aisle.mappings.ubi import EVENTS, QUERIES
from aisle.types import Query

__all__ = ["Method", "Simulated", "SimulationOptions", "UbiExport", "export_ubi", "prune_ubi", "simulate_ubi"]

QUERIES_FILE: Final = "ubi_queries.jsonl"
EVENTS_FILE: Final = "ubi_events.jsonl"
USUAL_LEAST_SHOWN: Final = 20
_PRUNE_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class UbiExport:
    """What clicks were made into.

    Attributes:
        folder: with ``queries.jsonl`` and ``qrels/train.tsv`` (BEIR), ``popular.csv`` and ``items.jsonl``.
        method: that the grades are of.
        queries, judgments: with items that were shown often enough.
        popular: different queries that were asked.
        items: that were shown.
        examined: how often each position is looked at, relative to the most looked at.
        moved: share of the pairs of query and item that were shown at several positions.
        passed_over: reason to the number of documents that say nothing.
    """

    folder: Path
    method: Method
    queries: int
    judgments: int
    popular: int
    items: int
    examined: tuple[float, ...]
    moved: float
    passed_over: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON."""
        return {**asdict(self), "folder": str(self.folder)}


def export_ubi(
    folder: str | Path,
    *,
    method: Method | str = Method.IPS,
    least_shown: int = USUAL_LEAST_SHOWN,
    application: str | None = None,
    source: str | Path | None = None,
    cluster: OpenSearch | None = None,
) -> UbiExport:
    """Make judgments, popular queries and rates of items of what shoppers did.

    Example:
        aisle.export_ubi("clicks")

    Args:
        folder: to write, which must not exist yet.
        method: ``ips`` (inverse propensity), ``coec`` (clicks over expected clicks) or ``ctr`` (neither).
        least_shown: an item is judged for a query that it was shown for so often.
        application: only what it asked; None: all.
        source: folder with ``ubi_queries.jsonl`` and ``ubi_events.jsonl``; None: the indexes of the cluster.
        cluster: see ``aisle``.

    Raises:
        InputError: the folder exists, or the source cannot be read.
        EvaluationError: nothing was shown often enough.
        ClusterError, IndexNotFound: from the cluster.
    """
    target = Path(folder)
    if target.exists():
        raise InputError(f"{target} exists already", fix="name another folder, or remove it")
    chosen = _method(method)
    log = _read_folder(Path(source), application) if source else _read_cluster(cluster, application)
    if not len(log.shown):
        raise EvaluationError(
            "no events of items that were shown", fix="record impressions, or what queries returned"
        )
    found = estimate_clicks(log)
    grades = found.grades(log, chosen, least_shown)
    if not grades:
        raise EvaluationError(
            f"no item was shown {least_shown} times for one query", fix="lower --least-shown, or record more"
        )
    rates = found.item_rates(log, chosen)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        made = Path(temporary) / target.name
        _write(made, log, grades, rates)
        made.rename(target)
    return UbiExport(
        folder=target,
        method=chosen,
        queries=len(grades),
        judgments=sum(map(len, grades.values())),
        popular=len(log.asked),
        items=len(rates),
        examined=tuple(found.examined.round(4).tolist()),
        moved=round(found.moved, 4),
        passed_over=log.passed_over,
    )


def _method(name: Method | str) -> Method:
    try:
        return Method(name)
    except ValueError:
        raise InputError(f"no method '{name[:40]}'", fix=f"choose from {', '.join(Method)}") from None


def _write(
    folder: Path, log: ClickLog, grades: Mapping[str, Mapping[str, float]], rates: Mapping[str, float]
) -> None:
    ids = {text: str(number) for number, text in enumerate(grades, 1)}
    write_queries([Query(identity, text) for text, identity in ids.items()], folder / "queries.jsonl")
    write_qrels({ids[text]: items for text, items in grades.items()}, folder / "qrels" / "train.tsv")
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("query", "count", "clients"))
    rows.writerows((asked.text, asked.count, asked.clients or "") for asked in log.asked)
    with whole_file(folder / "popular.csv") as file:
        file.write(table.getvalue().encode())
    _write_lines(
        folder / "items.jsonl",
        ({"op": "update", "id": item, "popularity": rate} for item, rate in rates.items()),
    )


def _write_lines(path: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    with whole_file(path) as file:
        for document in documents:
            file.write(orjson.dumps(document) + b"\n")


def _read_folder(folder: Path, application: str | None) -> ClickLog:
    reader = LogReader()
    for source in _documents(folder / QUERIES_FILE):
        if application in (None, source.get("application")):
            reader.query(source)
    for source in _documents(folder / EVENTS_FILE):
        if application in (None, source.get("application")):
            reader.event(source)
    return reader.done()


def _documents(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file, one a line: as they are, or as a search returns them (``_source``)."""
    for number, line in text_lines(path):
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(
                f"{path.name} line {number}: {error}", fix="write one JSON object a line"
            ) from None
        if not isinstance(document, dict):
            raise InputError(f"{path.name} line {number}: no object", fix="write one JSON object a line")
        inner = document.get("_source")
        yield inner if isinstance(inner, dict) else document


def _read_cluster(cluster: OpenSearch | None, application: str | None) -> ClickLog:
    client = connected(cluster)
    query = {"term": {"application": application}} if application else {"match_all": {}}
    if not client.indices.exists(index=EVENTS):
        raise IndexNotFound(
            f"no index {EVENTS}: nobody recorded events",
            fix="record some (aisle serve --events), or read files: --from",
        )
    reader = LogReader()
    # Events that name their query's text need no index of queries.
    for hit in scan(client, index=QUERIES, query={"query": query}, size=1000, ignore_unavailable=True):
        reader.query(hit["_source"])
    for hit in scan(client, index=EVENTS, query={"query": query}, size=1000):
        reader.event(hit["_source"])
    return reader.done()


def prune_ubi(
    days: int, *, application: str | None = None, cluster: OpenSearch | None = None
) -> Mapping[str, int]:
    """Delete queries and events that are older.

    Example:
        aisle.prune_ubi(90)

    Args:
        days: that are kept, 0 or more.
        application: only what it asked; None: all.
        cluster: see ``aisle``.

    Returns:
        Index to how many of its documents were deleted.

    Raises:
        InputError: days below 0.
        ClusterError, IndexNotFound: from the cluster.
    """
    if days < 0:
        raise InputError(f"{days} days cannot be kept", fix="give 0 or more")
    client = connected(cluster)
    older: dict[str, Any] = {"range": {"timestamp": {"lt": f"now-{days}d"}}}
    mine = [{"term": {"application": application}}] if application is not None else []
    there = [index for index in (QUERIES, EVENTS) if client.indices.exists(index=index)]
    if not there:
        raise IndexNotFound(f"there is no index {EVENTS}", fix="record events first: aisle serve --events")
    # What is written meanwhile is newer.
    patient = {"conflicts": "proceed", "refresh": "true", "request_timeout": _PRUNE_S}
    body = {"query": {"bool": {"filter": [older, *mine]}}}
    return {
        index: client.delete_by_query(index=index, body=body, params=patient)["deleted"] for index in there
    }


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulation, and how far each method is from its truth.

    Attributes:
        folder: with ``ubi_queries.jsonl``, ``ubi_events.jsonl``, and the truth as a BEIR folder ``truth``.
        searches, clicks: how many.
        methods: each against the truth.
        truly_examined, examined: how often each position is looked at: in truth, and as it was estimated.
    """

    folder: Path
    searches: int
    clicks: int
    methods: tuple[Agreement, ...]
    truly_examined: tuple[float, ...]
    examined: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON."""
        return {**asdict(self), "folder": str(self.folder)}


def simulate_ubi(
    folder: str | Path, options: SimulationOptions | None = None, *, least_shown: int = USUAL_LEAST_SHOWN
) -> Simulated:
    """Let shoppers search and click by a known model, and hold what their clicks say to the truth.

    Example:
        aisle.simulate_ubi("simulated")

    Args:
        folder: to write, which must not exist yet.
        options: the shop and its shoppers.
        least_shown: pairs that were shown less often are not compared.

    Raises:
        InputError: the folder exists.
    """
    target, truth, reader = Path(folder), simulate(options or SimulationOptions()), LogReader()
    if target.exists():
        raise InputError(f"{target} exists already", fix="name another folder, or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        made = Path(temporary) / target.name
        with whole_file(made / QUERIES_FILE) as queries, whole_file(made / EVENTS_FILE) as events:
            for query, happened in truth.searches():
                queries.write(orjson.dumps(query) + b"\n")
                reader.query(query)
                for event in happened:
                    events.write(orjson.dumps(event) + b"\n")
                    reader.event(event)
        ids = {text: str(number) for number, text in enumerate(truth.qrels(), 1)}
        write_queries(
            [Query(identity, text) for text, identity in ids.items()], made / "truth" / "queries.jsonl"
        )
        judged = {ids[text]: items for text, items in truth.qrels().items()}
        write_qrels(judged, made / "truth" / "qrels" / "dev.tsv")
        made.rename(target)
    log = reader.done()
    found = estimate_clicks(log)
    return Simulated(
        folder=target,
        searches=truth.options.searches,
        clicks=int(log.clicked.sum()),
        methods=agreements(found, log, truth, least_shown),
        truly_examined=tuple(truth.examined.round(4).tolist()),
        examined=tuple(found.examined.round(4).tolist()),
    )
