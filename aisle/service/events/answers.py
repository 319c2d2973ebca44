"""Answers as they are recorded: a document for ``ubi_queries``, and what boards count of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import orjson

from aisle.evaluation.experiments.outcome import EXPERIMENT, SEARCH_CONFIG, TEAMS
from aisle.mappings.observations import Kind
from aisle.mappings.ubi import USER_QUERY_CHARS
from aisle.search import Filters, Page, SearchRequest
from aisle.search.recommend.page import RecommendationPage
from aisle.search.recommend.request import RecommendationRequest
from aisle.search.rules.effects import RuleReport
from aisle.search.similar.page import SimilarPage
from aisle.search.similar.request import SimilarRequest
from aisle.service.events.event import moment

# Longest text of a search's filters; longer ones are cut.
_FILTERS_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, as far as the client says.

    Attributes:
        client_id, session_id: the client's own names for a browser and a visit.
        consent: whether the shopper agreed to being recorded; None: nothing was said.
    """

    client_id: str | None = None
    session_id: str | None = None
    consent: bool | None = None


@dataclass(frozen=True, slots=True)
class ShownBy:
    """What of an experiment a shopper saw.

    Attributes:
        experiment: which.
        config: name of the arm that answered, or ``interleaved``.
        teams: of an interleaved list, the arm that drafted each hit.
    """

    experiment: str
    config: str
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What is recorded of an answer.

    Attributes:
        text: what was typed; empty where nothing was.
        hit_ids: of what was shown, best first.
        attributes: that the query had, of plain values.
        observed: that boards count; of a search alone.
        configs: of an experiment, item to the arm that showed it.
    """

    text: str
    hit_ids: tuple[str, ...]
    attributes: Mapping[str, Any]
    observed: Mapping[str, Any] | None = None
    configs: Mapping[str, str] = field(default_factory=dict)


def recorded_search(request: SearchRequest, page: Page, shown_by: ShownBy | None = None) -> RecordedAnswer:
    """Of a search."""
    degraded = page.degraded.left_out if page.degraded else ()
    facts = {
        "release": page.release,
        "matched": page.matched.value,
        "path": page.path.value,
        "total": page.total,
        "page": page.page,
        "degraded": list(degraded),
    }
    attributes = {
        **facts,
        "kind": Kind.SEARCH.value,
        "size": page.size,
        "sorted_by": page.sorted_by,
        "filters": _written(request.filters),
        "corrected": page.corrected.text if page.corrected else None,
        "ranked": page.ranked,
        "reranked": page.reranked,
        "rules": _acted(page.rules),
    }
    observed = {**facts, "kind": Kind.SEARCH, "took_ms": page.timings.total, "rules": _acted(page.rules)}
    hits = tuple(hit.item.id for hit in page.hits)
    configs: Mapping[str, str] = {}
    if shown_by is not None:
        attributes |= {
            EXPERIMENT: shown_by.experiment,
            SEARCH_CONFIG: shown_by.config,
            TEAMS: list(shown_by.teams),
        }
        observed[SEARCH_CONFIG] = shown_by.config
        teams = shown_by.teams or (shown_by.config,) * len(hits)
        configs = dict(zip(hits, teams, strict=True))
    return RecordedAnswer(request.text.strip(), hits, attributes, observed, configs)


def recorded_recommendation(request: RecommendationRequest, page: RecommendationPage) -> RecordedAnswer:
    """Of a recommendation; what somebody took before is not written."""
    attributes = {
        "kind": "recommend",
        "release": page.release,
        "size": request.size,
        "taken": len(request.history),
        "filters": _written(request.filters),
        "rules": _acted(page.rules),
    }
    return RecordedAnswer("", tuple(item.id for item in page.items), attributes)


def recorded_similar(request: SimilarRequest, page: SimilarPage) -> RecordedAnswer:
    """Of similar items."""
    attributes = {
        "kind": "similar",
        "release": page.release,
        "size": request.size,
        "item": page.id,
        "alpha": page.alpha,
        "filters": _written(request.filters),
        "rules": _acted(page.rules),
    }
    return RecordedAnswer("", tuple(item.id for item in page.items), attributes)


def query_document(
    query_id: str, application: str, answer: RecordedAnswer, asker: Asker, now: datetime, *, texts: bool
) -> dict[str, Any]:
    """The document of ``ubi_queries``.

    Args:
        query_id: of the answer.
        application: whose it is: the catalogue.
        answer: what was answered.
        asker: who asked.
        now: with its time zone.
        texts: whether what was typed is written.
    """
    attributes = {name: value for name, value in answer.attributes.items() if value not in (None, "", [])}
    if not texts:
        attributes.pop("corrected", None)
    said = {
        "user_query": answer.text[:USER_QUERY_CHARS] if texts else None,
        "client_id": asker.client_id,
        "session_id": asker.session_id,
    }
    return {
        "timestamp": moment(now),
        "query_id": query_id,
        "query_response_id": query_id,
        "query_response_hit_ids": list(answer.hit_ids),
        "query_attributes": attributes,
        "application": application,
        "object_id_field": "id",
        **{name: value for name, value in said.items() if value},
    }


def observation(query_id: str, catalogue: str, observed: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What boards count of a search: nothing that was typed, nobody who asked."""
    return {
        **observed,
        "timestamp": moment(now),
        "catalogue": catalogue,
        "query_id": query_id,
        "application": catalogue,
    }


def _acted(rules: RuleReport | None) -> Sequence[str]:
    return list(rules.acted) if rules else []


def _written(filters: Filters | None) -> str | None:
    """Filters as a text: names of attributes are the visitor's, and are no fields."""
    if filters is None:
        return None
    asked = {each.name: value for each in fields(filters) if (value := getattr(filters, each.name))}
    return orjson.dumps(asked, default=dict).decode()[:_FILTERS_CHARS] if asked else None
