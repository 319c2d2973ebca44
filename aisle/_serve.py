"""Serves catalogues over HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3
from opensearchpy import OpenSearch

from aisle._environment import optional
from aisle.cluster.client import connected
from aisle.cluster.settings import read_settings
from aisle.encoder import ArtifactStore
from aisle.errors import InputError, ServiceError
from aisle.evaluation.experiments.design import read_experiment
from aisle.service.settings import ServiceSettings
from aisle.types import Say

LOG_LEVELS = ("debug", "info", "warning", "error")


def serve(
    names: str | Sequence[str],
    *,
    host: str | None = None,
    port: int | None = None,
    ranker: str | None = None,
    reranker: str | None = None,
    threads: int | None = None,
    queue: int | None = None,
    deadline_ms: int | None = None,
    keys: str | Path | None = None,
    origins: Sequence[str] | None = None,
    log_queries: bool | None = None,
    page: bool | None = None,
    judgments: str | Path | None = None,
    tuning: str | Path | None = None,
    watch: str | Path | None = None,
    experiments: str | Path | Sequence[str | Path] | None = None,
    events: bool | None = None,
    events_need_consent: bool | None = None,
    events_texts: bool | None = None,
    log_level: str = "info",
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    say: Say = print,
) -> None:
    """Serve catalogues over HTTP until SIGTERM or Ctrl-C; docs/how-to/serve.md says what is served.

    All of them are opened and asked once before anything is listened to. If the cluster does not answer yet
    the service waits for it, and says at ``/readyz`` that it is not ready. What is not given here is taken
    from the variables ``AISLE_SERVE_*``.

    Example:
        >>> aisle.serve("shop", port=8080)
        http://127.0.0.1:8080

    Args:
        names: of the catalogues.
        host: address to listen at; "0.0.0.0" is reached from other machines.
        port: likewise; 0 takes any free one.
        ranker: of `aisle.train_ranker`, which orders the results of searches that do not say otherwise; None:
            the one that the live release names, see `aisle.bind_models`; "none" for none.
        reranker: for searches that do not say otherwise, as `aisle.open_search` takes it; likewise.
        threads: requests that are answered at a time.
        queue: requests that may wait for that; those beyond are refused with 503.
        deadline_ms: how long a request may take, in milliseconds.
        keys: file of `aisle keys`: whoever asks has to have one; None asks for none.
        origins: sites whose pages may ask from a browser, such as "https://shop.example".
        log_queries: write what shoppers type into the log.
        page: show the catalogues in a browser, see docs/how-to/page.md; None: where only this
            machine can ask, and no keys are asked for.
        judgments: folder for grades that people give on the page, see docs/how-to/page.md.
        tuning: file of `aisle tune run` whose weights the page shows.
        watch: folder of what `aisle watch` remembers; None: that of ``AISLE_HOME``.
        experiments: file, or files, of what is compared on shoppers, see docs/how-to/experiment.md.
        events: write answers, and what shoppers do with them, to the indexes ``ubi_queries`` and
            ``ubi_events`` of the same cluster.
        events_need_consent: only those that say that their shopper agreed.
        events_texts: with what shoppers type, as it is unless this is False.
        log_level: "debug", "info" (a line for each request), "warning" or "error".
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        say: is told the address once it is listened at.

    Raises:
        MissingExtra: the extra ``serve`` is not installed.
        InputError: no catalogue, a setting that cannot be, or an address that cannot be listened at.
        IndexNotFound, ForeignIndex, ArtifactNotFound, ArtifactMismatch, ArtifactCorrupt: as
            `aisle.open_search`.
    """
    _check_installed()
    from aisle.service.app import create_app
    from aisle.service.catalogues import Catalogues, IndexedCatalogue
    from aisle.service.experiments.running import check_experiments, released
    from aisle.service.logs import write_logs
    from aisle.service.server import run

    given: dict[str, Any] = {
        "host": host,
        "port": port,
        "threads": threads,
        "queue": queue,
        "deadline_ms": deadline_ms,
        "keys": keys,
        "origins": origins,
        "log_queries": log_queries,
        "page": page,
        "judgments": judgments,
        "tuning": tuning,
        "watch": watch,
        "experiments": (experiments,) if isinstance(experiments, str | Path) else experiments,
        "events": events,
        "events_need_consent": events_need_consent,
        "events_texts": events_texts,
    }
    settings = read_settings(ServiceSettings, **{name: one for name, one in given.items() if one is not None})
    wanted = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    if not wanted:
        raise InputError("no catalogue is named", fix="name at least one: aisle serve --name shop")
    if log_level not in LOG_LEVELS:
        raise InputError(f"there is no log level {log_level!r}", fix=f"use {', '.join(LOG_LEVELS)}")
    client, artifacts = connected(cluster), store or ArtifactStore.default()
    catalogues = Catalogues(
        [IndexedCatalogue(name, client, artifacts, reranker or "", ranker or "") for name in wanted]
    )
    compared = [read_experiment(path) for path in settings.experiments]
    check_experiments(compared, wanted, events=settings.events)
    releases = Catalogues(
        [
            IndexedCatalogue(release, client, artifacts, reranker or "", ranker or "")
            for release in released(compared)
        ]
    )
    catalogues.open()
    # An arm that is misspelt is refused now; one that goes away later is answered for by what is live.
    releases.open()
    write_logs(log_level.upper())
    recorded = client if settings.events else None
    run(create_app(settings, catalogues, recorded, compared, releases), settings, say)


def fetch_page(name: str, *, cluster: OpenSearch | None = None, store: ArtifactStore | None = None) -> str:
    """Serve a catalogue for a moment and fetch its page, as a browser would.

    Args:
        name: of the catalogue.
        cluster: as `serve` takes it.
        store: likewise.

    Returns:
        The title of the first item that it shows; empty if the catalogue has none.

    Raises:
        MissingExtra, InputError, IndexNotFound, ForeignIndex, ArtifactNotFound: as `serve`.
        ServiceError: the page cannot be fetched.
    """
    _check_installed()
    from aisle.service.app import create_app
    from aisle.service.catalogues import Catalogues, IndexedCatalogue
    from aisle.service.server import running

    settings = read_settings(ServiceSettings, host="127.0.0.1", port=0, keys=None, page=True)
    catalogues = Catalogues([IndexedCatalogue(name, connected(cluster), store or ArtifactStore.default())])
    catalogues.open()
    with running(create_app(settings, catalogues), settings) as address:
        # A connection that stays open would have to be waited for when the service stops.
        headers = {"Connection": "close"}
        answer = urllib3.request(
            "GET", address, headers=headers, timeout=60, retries=urllib3.Retry(3, redirect=3)
        )
    if answer.status != HTTPStatus.OK:
        raise ServiceError(
            f"the page answered {answer.status}", fix="look at what the service wrote to its log"
        )
    found = re.search(r'<span class="title"[^>]*>([^<]*)', answer.data.decode())
    return unescape(found[1]) if found else ""


def _check_installed() -> None:
    for module in ("fastapi", "uvicorn", "jinja2", "prometheus_client", "limits"):
        optional(module, extra="serve")
