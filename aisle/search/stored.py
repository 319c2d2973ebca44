"""Values of candidates that come back without their documents, for what orders or groups them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from aisle.mappings import fields

StoredValues: TypeAlias = Mapping[str, Mapping[str, Sequence[Any]]]
"""Item to field to the values that it has there; fields without any are missing."""

NO_VALUES: Final[StoredValues] = MappingProxyType({})

# Dates come back as numbers, which everything that orders by them can use.
_STORED_AS: Mapping[str, Any] = MappingProxyType(
    {fields.ADDED: {"field": fields.ADDED, "format": "epoch_millis"}}
)


_NO_ROWS: Final[Mapping[str, Any]] = MappingProxyType({"_source": False, "stored_fields": "_none_"})


def columns_body(stored: Sequence[str]) -> dict[str, Any]:
    """The part of a search request that asks for columns alone: ids and these fields.

    A hit's ``_id`` is kept with its document, which has to be unpacked to read it; the field ``id`` says the
    same and is a column. With a window of 100 that is a quarter of the request's time.
    """
    return {**_NO_ROWS, "docvalue_fields": docvalue_fields((fields.ID, *stored))}


def rows_body(shown: Sequence[str], stored: Sequence[str]) -> dict[str, Any]:
    """The same with these fields of the documents: for hits that are shown as they come."""
    return {"_source": list(shown), "docvalue_fields": docvalue_fields((fields.ID, *stored))}


def with_ids(hits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The hits of a request with `columns_body`, each with its ``_id``."""
    return [{**hit, "_id": hit["fields"][fields.ID][0]} for hit in hits]


def docvalue_fields(stored: Sequence[str]) -> list[Any]:
    """The section of that name of a search request."""
    return [_STORED_AS.get(name, name) for name in stored]


def stored_values(hits: Iterable[Mapping[str, Any]]) -> StoredValues:
    """The values of the hits of a request with `docvalue_fields`."""
    return {hit["_id"]: hit["fields"] for hit in hits if "fields" in hit}


def text_hashes(values: StoredValues) -> dict[str, int]:
    """Item to the hash of its text, of those that have one among their values."""
    return {id_: found[fields.TEXT_HASH][0] for id_, found in values.items() if fields.TEXT_HASH in found}
