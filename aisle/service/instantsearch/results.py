"""Answers in the form that Algolia's clients read. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from aisle.mappings.document import category_paths
from aisle.mappings.fields import ATTRIBUTES, PATH_SEPARATOR, TEXT, TITLE
from aisle.markup import plain_line
from aisle.search import Page
from aisle.search.facets.results import Facets, ValueCounts
from aisle.search.segments import typed_segments
from aisle.service.instantsearch.conditions import CATEGORY, FacetName, is_within
from aisle.service.instantsearch.requests import Asked, IndexRequest
from aisle.types import Hit, Item, Segments

_LEVEL: Final = "lvl"


def result(asked: Asked, page: Page) -> dict[str, Any]:
    """The answer to one request.

    Args:
        asked: by it.
        page: of the search that answers it.
    """
    told = _unknown(asked, page)
    if asked.sent.type == "facet":
        return {**_facet_hits(asked, page), **told}
    sent = asked.sent
    # What is only near in meaning follows what has the words, and is shown too.
    found = max(page.total, page.reachable)
    names = _chosen(page.facets) if asked.chooses_facets and page.facets else asked.facets
    size = sent.hits_per_page
    return {
        "hits": [] if asked.counts_only else [_hit(hit, sent) for hit in page.hits],
        "nbHits": found,
        "page": sent.page,
        "nbPages": math.ceil(page.reachable / size) if size else 0,
        "hitsPerPage": size,
        "exhaustiveNbHits": page.total_is_exact,
        "exhaustiveFacetsCount": True,
        "exhaustiveTypo": True,
        "exhaustive": {"nbHits": page.total_is_exact, "facetsCount": True, "typo": True},
        "facets": {name.asked: _counts(name, page.facets, asked) for name in names} if page.facets else {},
        "facets_stats": _stats(names, page.facets) if page.facets else {},
        "renderingContent": _rendering(names, page),
        **told,
        **({"userData": [one.note for one in page.rules.notes]} if page.rules and page.rules.notes else {}),
        "query": sent.query,
        "params": _params(sent),
        "index": sent.index_name,
        "processingTimeMS": round(page.timings.total),
        # What Algolia's form has no place for.
        "_aisle": {
            "release": page.release,
            "matched": page.matched.value,
            "corrected": page.corrected.text if page.corrected else None,
            "degraded": list(page.degraded.left_out) if page.degraded else [],
        },
    }


def _unknown(asked: Asked, page: Page) -> dict[str, str]:
    """The warning about facets that no item has, where Algolia's answers have theirs."""
    unknown = page.facets.unknown if page.facets else ()
    # Of those that were asked for alone: a search may count more, for other requests of its batch.
    names = [name.asked for name in asked.facets if plain_line(name.field) in unknown]
    if not names:
        return {}
    named = ", ".join(map(repr, names))
    return {"message": f'no item has the facet {named}: "facets": ["*"] counts those that there are'}


def _params(sent: IndexRequest) -> str:
    said = sent.model_dump(by_alias=True, exclude_unset=True, exclude={"index_name", "params", "type"})
    return urlencode(
        {name: value if isinstance(value, str) else orjson.dumps(value) for name, value in said.items()}
    )


def _hit(hit: Hit, sent: IndexRequest) -> dict[str, Any]:
    highlights = _highlights(hit, sent)
    snippet = {name: highlights[name] for name in (TEXT,) if name in highlights}
    ranking = {name: value for name, value in hit.to_json().items() if name in _RANKING}
    return {
        **_record(hit.item),
        "_highlightResult": highlights,
        **({"_snippetResult": snippet} if sent.attributes_to_snippet else {}),
        **({"_rankingInfo": ranking} if sent.get_ranking_info else {}),
        **({"variants": [_record(item) for item in hit.variants]} if sent.distinct else {}),
    }


_RANKING: Final = ("rank", "score", "signals", "additions", "ranker", "rerank", "diversity")


def _record(item: Item) -> dict[str, Any]:
    levels: dict[str, list[str]] = {}
    for path in category_paths(item):
        levels.setdefault(f"{_LEVEL}{path.count(PATH_SEPARATOR)}", []).append(path)
    return {"objectID": item.id, **item.to_json(), "categories": levels}


def _highlights(hit: Hit, sent: IndexRequest) -> dict[str, Any]:
    """Title, brand, attributes and a snippet of the text, with the words that were searched marked."""
    item = hit.item
    whole: dict[str, Segments] = {TITLE: ((item.title, False),), "brand": ((item.brand, False),)}
    found = {**whole, **hit.highlights}
    attributes = {
        name: _marked(found.get(f"{ATTRIBUTES}.{name}", ((", ".join(values), False),)), sent)
        for name, values in item.attributes.items()
    }
    texts = {name: _marked(text, sent) for name, text in found.items() if "." not in name}
    return {**texts, ATTRIBUTES: attributes}


def _marked(text: Segments, sent: IndexRequest) -> dict[str, Any]:
    words = list(dict.fromkeys(part.casefold() for part, marked in text if marked))
    level = "none" if not words else "full" if len(words) >= len(set(sent.query.split())) else "partial"
    return {"value": _tagged(text, sent), "matchLevel": level, "matchedWords": words}


def _tagged(text: Segments, sent: IndexRequest) -> str:
    """The text with the tags that were asked for around its words.

    Tags that are markup make the whole a piece of HTML, so the text is escaped. InstantSearch asks for tags
    that are none, and escapes the whole itself.
    """
    opened, closed = sent.highlight_pre_tag, sent.highlight_post_tag
    markup = "<" in opened + closed
    parts = ((escape(part) if markup else part, marked) for part, marked in text)
    return "".join(f"{opened}{part}{closed}" if marked else part for part, marked in parts)


def _counts(name: FacetName, facets: Facets, asked: Asked) -> dict[str, int]:
    """Value to count; ranges of numbers have no place in it.

    A request that only counts what is in some categories is told of no others, though the search that answers
    it counts them for the requests that it answers too.
    """
    if name.field == "in_stock":
        return {"true": facets.in_stock} if facets.in_stock else {}
    found = _values(name, facets)
    # What is chosen and not found Aisle counts as 0, and Algolia not at all.
    counts = {value: count for value, count in found.counts.items() if count} if found else {}
    if name.field != CATEGORY:
        return counts
    chosen = [v for each in asked.conditions if each.facet == CATEGORY and each.own for v in each.values]
    inside = chosen if asked.counts_only else []
    return {
        path: count
        for path, count in counts.items()
        if name.level in (None, path.count(PATH_SEPARATOR))
        and (not inside or any(is_within(path, other) or is_within(other, path) for other in inside))
    }


def _values(name: FacetName, facets: Facets) -> ValueCounts | None:
    own: Mapping[str, ValueCounts | None] = {
        "brand": facets.brand,
        CATEGORY: facets.category,
        "currency": facets.currency,
    }
    return own[name.field] if name.field in own else facets.attributes.get(plain_line(name.field))


def _stats(names: tuple[FacetName, ...], facets: Facets) -> dict[str, dict[str, float | None]]:
    found = {
        name.asked: facets.price if name.field == "price" else facets.numbers.get(plain_line(name.field))
        for name in names
    }
    return {
        name: {"min": counts.min, "max": counts.max, "avg": counts.avg, "sum": counts.sum}
        for name, counts in found.items()
        if counts and counts.count
    }


def _chosen(facets: Facets) -> tuple[FacetName, ...]:
    """The names of facets that were chosen, the most useful first."""
    levels = {path.count(PATH_SEPARATOR) for path in facets.category.counts} if facets.category else set()
    names = (
        *([] if facets.brand is None else ["brand"]),
        *(f"categories.{_LEVEL}{level}" for level in sorted(levels)),
        *([] if facets.price is None else ["price"]),
        *(f"{ATTRIBUTES}.{name}" for name in facets.attributes),
        *(f"numbers.{name}" for name in facets.numbers),
    )
    return tuple(map(FacetName.of, names))


def _rendering(names: tuple[FacetName, ...], page: Page) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if names:
        said["facetOrdering"] = {
            "facets": {"order": [name.asked for name in names]},
            "values": {name.asked: {"sortRemainingBy": "count"} for name in names},
        }
    if page.rules and page.rules.redirect:
        said["redirect"] = {"url": page.rules.redirect}
    return said


def _facet_hits(asked: Asked, page: Page) -> dict[str, Any]:
    """The answer to a search for values of a facet."""
    (name,) = asked.facets
    counts = _counts(name, page.facets, asked) if page.facets else {}
    return {
        "facetHits": [
            {
                "value": value,
                "highlighted": _tagged(typed_segments(value, asked.sent.facet_query), asked.sent),
                "count": count,
            }
            for value, count in counts.items()
        ],
        "exhaustiveFacetsCount": True,
        "processingTimeMS": round(page.timings.total),
    }
