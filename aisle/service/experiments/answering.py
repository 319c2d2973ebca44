"""Answers searches that take part in an experiment; where an arm fails, shoppers are answered as always."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, replace

from anyio import create_task_group
from fastapi import Request

from aisle.errors import AisleError
from aisle.evaluation.experiments.design import Arm, Kind
from aisle.evaluation.experiments.interleaving import Team, team_draft
from aisle.evaluation.experiments.split import arm_of
from aisle.search import Page, SearchRequest
from aisle.service.events import Asker, ShownBy
from aisle.service.experiments.arms import Arms, takes_part
from aisle.service.experiments.running import RunningExperiment
from aisle.service.experiments.shadow import Mirrored
from aisle.service.pages import search_page
from aisle.service.parameters import MAX_SIZE
from aisle.service.parts import Service
from aisle.service.scope import ScopedCatalogue
from aisle.types import Hit

log = logging.getLogger(__name__)

_INTERLEAVED = "interleaved"


@dataclass(frozen=True, slots=True)
class Answer:
    """Attributes:
    page: of results.
    shown_by: the arm that answered, or the arms; None where the search took part in nothing.
    """

    page: Page
    shown_by: ShownBy | None = None


async def answer(
    request: Request, service: Service, catalogue: ScopedCatalogue, asked: SearchRequest, asker: Asker
) -> Answer:
    """The answer to a search, by the experiment of its catalogue if there is one.

    Raises:
        AisleError: what `search_page` raises without any experiment.
    """
    running = service.experiments.get(catalogue.name)
    if running is None or not takes_part(asked):
        return Answer(await search_page(request, service, catalogue, asked))
    if running.arms.alike(catalogue):
        # The candidate went live, say: whoever still took part would make the two look alike in the report.
        service.metrics.experiments.labels(running.experiment.name, "alike").inc()
        return Answer(await search_page(request, service, catalogue, asked))
    unit = asker.client_id or asker.session_id
    kind = running.experiment.kind
    if kind is Kind.SHADOW:
        page = await search_page(request, service, catalogue, asked)
        _mirror(running, catalogue, asked, page)
        return Answer(page)
    if unit is None:
        # Whoever has no name would be answered by another arm each time, and one shopper's clicks would count
        # as those of many.
        return Answer(await search_page(request, service, catalogue, asked))
    if kind is Kind.INTERLEAVE:
        return await _interleaved(request, service, running, catalogue, asked, unit)
    return await _split(request, service, running, catalogue, asked, unit)


async def _split(
    request: Request,
    service: Service,
    running: RunningExperiment,
    catalogue: ScopedCatalogue,
    asked: SearchRequest,
    unit: str,
) -> Answer:
    experiment = running.experiment
    arm = arm_of(experiment, unit)
    page = await _by_arm(request, service, running.arms, arm, catalogue, asked)
    if page is None:
        return Answer(await search_page(request, service, catalogue, asked))
    service.metrics.experiments.labels(experiment.name, arm.name).inc()
    return Answer(page, ShownBy(experiment.name, arm.name))


async def _by_arm(
    request: Request,
    service: Service,
    arms: Arms,
    arm: Arm,
    catalogue: ScopedCatalogue,
    asked: SearchRequest,
) -> Page | None:
    """What an arm answers; None if it cannot, which is logged and counted."""
    try:
        asks = arms.catalogue(arm, catalogue)
        return await search_page(request, service, asks, arms.request(arm, asked, catalogue))
    except AisleError as error:
        if not arm.release and not arm.system:
            # It answers as always: that would fail once more.
            raise
        log.warning("%s of %s cannot answer: %s", arm.name, arms.experiment.name, error.message)
        service.metrics.experiments.labels(arms.experiment.name, "failed").inc()
        return None


async def _interleaved(
    request: Request,
    service: Service,
    running: RunningExperiment,
    catalogue: ScopedCatalogue,
    asked: SearchRequest,
    unit: str,
) -> Answer:
    """One list that both arms draft: the same for a shopper and a text, so that pages continue each other."""
    experiment, (arm,) = running.experiment, running.experiment.arms
    end = asked.page * asked.size
    if arm_of(experiment, unit) is not arm or end > MAX_SIZE:
        return Answer(await search_page(request, service, catalogue, asked))
    wide = replace(asked, page=1, size=end)
    pages: dict[Team, Page | None] = {}

    async def ask(team: Team, which: Arm, what: SearchRequest) -> None:
        try:
            pages[team] = await _by_arm(request, service, running.arms, which, catalogue, what)
        except AisleError:
            # Asked once more below, where what it raises is the answer.
            pages[team] = None

    # Both at a time, each with a place of its own among those that are answered.
    async with create_task_group() as tasks:
        tasks.start_soon(ask, Team.CONTROL, experiment.control, wide)
        # What is counted is the control's.
        tasks.start_soon(ask, Team.ARM, arm, replace(wide, facets=None))
    of_control, of_arm = pages[Team.CONTROL], pages[Team.ARM]
    if of_control is None:
        return Answer(await search_page(request, service, catalogue, asked))
    if of_arm is None or of_control.degraded or of_arm.degraded:
        # A list of which one half lacks something says nothing of the other.
        return Answer(_cut(of_control, of_control.hits[end - asked.size :], asked))
    seed = f"{experiment.name}\0{unit}\0{asked.text}"
    drafted = team_draft(_ids(of_control), _ids(of_arm), seed, end)[end - asked.size :]
    hits = {hit.item.id: hit for page in (of_arm, of_control) for hit in page.hits}
    shown = [replace(hits[one.id], rank=place) for place, one in enumerate(drafted, end - asked.size + 1)]
    names = {Team.CONTROL: experiment.control.name, Team.ARM: arm.name}
    teams = tuple(names[one.team] for one in drafted)
    service.metrics.experiments.labels(experiment.name, _INTERLEAVED).inc()
    page = _cut(of_control, tuple(shown), asked)
    return Answer(page, ShownBy(experiment.name, _INTERLEAVED, teams))


def _cut(page: Page, hits: tuple[Hit, ...], asked: SearchRequest) -> Page:
    return replace(page, hits=hits, page=asked.page, size=asked.size)


def _ids(page: Page) -> tuple[str, ...]:
    return tuple(hit.item.id for hit in page.hits)


def _mirror(running: RunningExperiment, catalogue: ScopedCatalogue, asked: SearchRequest, page: Page) -> None:
    share = running.experiment.arms[0].percent / 100
    if running.shadow and not page.degraded and random.random() < share:
        running.shadow.offer(Mirrored(catalogue, asked, _ids(page), page.timings.total))
