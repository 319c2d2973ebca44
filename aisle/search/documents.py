"""The documents of a page: one request for its items, their variants and their highlights. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.search.highlights import highlight_body, read_highlights
from aisle.types import Item, Segments

_NO_VARIANTS: Mapping[str, Variants] = MappingProxyType({})
_NO_HIGHLIGHTS: Mapping[str, Mapping[str, Segments]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DocumentsRequest:
    """What a page shows.

    Attributes:
        ids: of its hits.
        text: whose words are highlighted; None highlights nothing.
        groups: hit to its group; empty without groups.
        clauses: filters that variants must pass too.
        variants: how many others of each group come back.
    """

    ids: Sequence[str]
    text: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    clauses: Sequence[dict[str, Any]] = ()
    variants: int = 0


@dataclass(frozen=True, slots=True)
class Variants:
    """The items of a hit's group that pass the filters.

    Attributes:
        count: of all of them, the hit among them.
        others: the first of the others, in order of id.
    """

    count: int
    others: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Documents:
    """What was found.

    Attributes:
        items: id to item; items deleted meanwhile are absent.
        highlights: id to its highlights.
        variants: id of a hit to those of its group.
    """

    items: Mapping[str, Item]
    highlights: Mapping[str, Mapping[str, Segments]] = field(default_factory=lambda: _NO_HIGHLIGHTS)
    variants: Mapping[str, Variants] = field(default_factory=lambda: _NO_VARIANTS)

    def variants_of(self, id_: str) -> tuple[tuple[Item, ...], int | None]:
        """The other items of a hit's group, and how many all are; none and None without groups."""
        found = self.variants.get(id_)
        return (found.others, found.count) if found else ((), None)


_GROUPS, _ITEMS = "groups", "items"


def documents_body(asked: DocumentsRequest) -> dict[str, Any]:
    """Body of the request for the documents of a page."""
    shown = {"ids": {"values": list(asked.ids)}}
    body: dict[str, Any] = {"size": len(asked.ids), "_source": list(fields.DISPLAY), "query": shown}
    if asked.text is not None:
        body["highlight"] = highlight_body(asked.text)
    if asked.groups:
        groups = sorted(set(asked.groups.values()))
        variants = {"bool": {"filter": [{"terms": {fields.GROUP: groups}}, *asked.clauses]}}
        # Aggregations count what the query matches, hits are what the post filter leaves of it.
        body["query"] = {"bool": {"should": [shown, variants], "minimum_should_match": 1}}
        body["post_filter"] = shown
        counted: dict[str, Any] = {
            "terms": {"field": fields.GROUP, "size": len(groups), "include": groups, "order": {"_key": "asc"}}
        }
        if asked.variants:
            first = {"size": asked.variants + 1, "sort": [{fields.ID: "asc"}], "_source": body["_source"]}
            counted["aggs"] = {_ITEMS: {"top_hits": first}}
        body["aggs"] = {_GROUPS: counted}
    return body


def read_documents(answer: Mapping[str, Any], asked: DocumentsRequest) -> Documents:
    """What the answer to `documents_body` holds."""
    hits = answer["hits"]["hits"]
    items = read_items(hits)
    highlights = {hit["_id"]: read_highlights(items[hit["_id"]], hit.get("highlight", {})) for hit in hits}
    counted = answer["aggregations"][_GROUPS]["buckets"] if asked.groups else ()
    buckets = {bucket["key"]: bucket for bucket in counted}
    return Documents(
        items,
        _NO_HIGHLIGHTS if asked.text is None else highlights,
        {
            id_: _variants(id_, buckets[group], asked.variants)
            for id_, group in asked.groups.items()
            if group in buckets
        },
    )


def _variants(id_: str, bucket: Mapping[str, Any], size: int) -> Variants:
    found = read_items(bucket[_ITEMS]["hits"]["hits"]) if size else {}
    others = [item for other, item in found.items() if other != id_]
    return Variants(bucket["doc_count"], tuple(others[:size]))


def read_items(hits: Sequence[Mapping[str, Any]]) -> dict[str, Item]:
    """Id to item, of hits that have their documents."""
    return {hit["_id"]: item_of(hit["_id"], hit["_source"]) for hit in hits}
