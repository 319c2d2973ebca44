"""Rows that come with a wrapping around them: hits of a search, edges, records with their fields apart."""

from __future__ import annotations

from typing import Any, Final

from aisle.catalogue.rejects import Cells


def words(text: str) -> frozenset[str]:
    """A set of words, written with spaces between them."""
    return frozenset(text.split())


# The key that holds the row, to the keys that may stand around it. Other keys make it a row of its own that
# happens to have such a column.
_AROUND: Final[dict[str, frozenset[str]]] = {
    # Elasticsearch and OpenSearch; `elasticdump`.
    "_source": words(
        "_id _index _type _score _version _seq_no _primary_term _routing _ignored sort highlight"
        " fields inner_hits matched_queries _explanation _shard _node found"
    ),
    # GraphQL.
    "node": frozenset(("cursor", "__typename")),
    # Typesense.
    "document": words(
        "highlight highlights text_match text_match_info geo_distance_meters vector_distance"
        " hybrid_search_info search_index"
    ),
    # CouchDB.
    "doc": frozenset(("id", "key", "value")),
    # JSON:API, Strapi, Shopware.
    "attributes": frozenset(("id", "type", "relationships", "links", "meta")),
    # Airtable, Contentful.
    "fields": frozenset(("id", "createdTime", "sys", "metadata")),
    # schema.org's ItemList.
    "item": frozenset(("@type", "position", "name", "url")),
}
ENVELOPES: Final = frozenset(_AROUND) - {"attributes", "item", "fields"}
"""Keys that only wrappings have."""

# Of what stands around it, the row keeps this.
_KEPT: Final = ("_id", "id")
_MONGO: Final = ("$oid", "$date", "$numberDecimal", "$numberLong", "$numberInt", "$numberDouble", "$uuid")


def unwrapped(cells: Cells) -> Cells:
    """The row without its wrapping, and with plain values for those that MongoDB writes as objects."""
    if not _AROUND.keys().isdisjoint(cells):
        for key in _AROUND.keys() & cells.keys():
            inner = cells[key]
            if isinstance(inner, dict) and inner and cells.keys() - {key} <= _AROUND[key]:
                around: Cells = {name: cells[name] for name in _KEPT if name in cells}
                if isinstance(sys := cells.get("sys"), dict) and "id" in sys:
                    around["id"] = sys["id"]
                cells = {**around, **inner}
                break
    # Every row of MongoDB has this column.
    if "_id" in cells:
        return {name: _value(cell) for name, cell in cells.items()}
    return cells


def _value(cell: Any) -> Any:
    """``{"$oid": "5f"}`` as ``5f``; a date in milliseconds comes as ``{"$date": {"$numberLong": "1"}}``."""
    if isinstance(cell, dict) and len(cell) == 1:
        ((name, inner),) = cell.items()
        if name in _MONGO:
            return _value(inner)
    return cell
