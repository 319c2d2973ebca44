"""The service as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from anyio import create_task_group, sleep, to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from aisle._version import __version__
from aisle.cluster import Cluster
from aisle.evaluation.experiments.design import Experiment
from aisle.service.admission import Admission
from aisle.service.catalogues import Catalogues
from aisle.service.degrading import DegradingSearch
from aisle.service.events import EventWriter, Recorder
from aisle.service.experiments.running import check_experiments, running
from aisle.service.judgments import opened_store
from aisle.service.keys import Keys, read_keys
from aisle.service.limits import RateLimits
from aisle.service.metrics import Metrics
from aisle.service.middleware import RequestMiddleware
from aisle.service.openapi import describe
from aisle.service.parts import ASKER_HEADERS, NEEDED, Service
from aisle.service.problems import PROBLEMS, handle_problems
from aisle.service.routes import (
    experiment,
    explain,
    feedback,
    health,
    instantsearch,
    items,
    recommend,
    search,
    similar,
    suggest,
    watch,
)
from aisle.service.settings import ServiceSettings
from aisle.service.web import routes as web
from aisle.service.web import status_routes, workbench_routes

log = logging.getLogger(__name__)


def create_app(
    settings: ServiceSettings,
    catalogues: Catalogues,
    events: Cluster | None = None,
    experiments: Sequence[Experiment] = (),
    releases: Catalogues | None = None,
) -> FastAPI:
    """The application for these catalogues; it looks after them while it runs.

    Args:
        settings: how it runs.
        catalogues: opened already, or opened by the application as soon as their cluster answers.
        events: cluster that answers and events are written to; None: they are not.
        experiments: at most one a catalogue.
        releases: that their arms name; None: they name none.

    Raises:
        InputError: the file of keys cannot be read, or an experiment cannot be run.
    """
    check_experiments(experiments, tuple(catalogues.states), events=events is not None)
    releases = releases or Catalogues(())
    patience_s = (1 - NEEDED) * settings.deadline_ms / 1000
    admission = Admission(settings.threads, settings.queue, patience_s)
    metrics = Metrics(admission, catalogues)
    recorder = _recorder(settings, metrics, events) if events else None
    compared = running(experiments, releases, admission)
    shadows = [one.shadow for one in compared.values() if one.shadow]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with create_task_group() as tasks:
            tasks.start_soon(_look_after, catalogues, settings.check_s)
            if releases.states:
                tasks.start_soon(_look_after, releases, settings.check_s)
            if recorder:
                recorder.writer.start()
            for shadow in shadows:
                shadow.start()
            yield
            for shadow in shadows:
                await to_thread.run_sync(shadow.stop)
            if recorder:
                await to_thread.run_sync(recorder.writer.stop, settings.events_grace_s)
            tasks.cancel_scope.cancel()

    app = FastAPI(
        title="Aisle",
        version=__version__,
        summary="Search and recommendation for product catalogues on OpenSearch.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    searching = DegradingSearch(admission, metrics, settings.deadline_ms / 1000)
    limits = RateLimits(settings.per_minute, settings.key_per_minute)
    keys = Keys(read_keys(settings.keys)) if settings.keys else None
    judgments = opened_store(settings.judgments) if settings.shows_page else None
    app.state.service = Service(
        settings, catalogues, admission, metrics, searching, limits, keys, recorder, judgments, compared
    )
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=[
                *("Authorization", "Content-Type", "X-Request-Id"),
                *("X-Algolia-API-Key", "X-Algolia-Application-Id"),
                *ASKER_HEADERS,
            ],
            expose_headers=["X-Request-Id", "Server-Timing", "Retry-After"],
        )
    app.add_middleware(RequestMiddleware, settings=settings, metrics=metrics)
    handle_problems(app)
    for each in (
        search,
        suggest,
        recommend,
        similar,
        explain,
        items,
        feedback,
        instantsearch,
        watch,
        experiment,
    ):
        app.include_router(each.router, responses=PROBLEMS)
    app.include_router(health.router)
    if settings.shows_page:
        app.include_router(workbench_routes.router)
        app.include_router(status_routes.router)
        app.include_router(web.router)
        app.mount("/static", StaticFiles(packages=[("aisle.service.web", "static")]))
    describe(app)
    return app


def _recorder(settings: ServiceSettings, metrics: Metrics, cluster: Cluster) -> Recorder:
    writer = EventWriter(cluster, metrics, settings.events_waiting)
    metrics.waits(writer)
    return Recorder(writer, metrics, settings.events_need_consent, settings.events_texts)


async def _look_after(catalogues: Catalogues, every_s: float) -> None:
    while True:
        await to_thread.run_sync(catalogues.check)
        await sleep(every_s)
