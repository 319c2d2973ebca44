"""The body of an index: settings, analyzers and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aisle.mappings import fields
from aisle.mappings.analysis import analysis, further_texts, pairs, parts, spelling, text
from aisle.mappings.compounds import CompoundDictionary
from aisle.mappings.languages import ENGLISH
from aisle.mappings.meta import Features, IndexMeta, ItemSpaces
from aisle.mappings.synonyms import Synonyms
from aisle.mappings.vector_types import AS_FP32, LEAST_BEAM, VectorLayout, VectorStorage, layout


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What may differ between two indexes of the same schema.

    Attributes:
        dims: width of the ``dense`` vectors.
        engine: k-NN engine, ``faiss`` or ``lucene``, from ``aisle.cluster.capabilities``.
        shards, replicas: as in OpenSearch.
        m, ef_construction: HNSW graph degree and build-time beam (Malkov & Yashunin, arXiv 1603.09320).
        ef_search: query-time beam of a query that names none; those of `vector_types.VectorLayout` do.
        refresh_interval: in OpenSearch's notation; ``-1`` while loading.
        synonyms: what queries are widened by.
        languages: of the texts, keys of ``languages.LANGUAGES``, the main one first.
        dictionaries: language to the dictionary that its compounds are taken apart by.
        suggest: an index of suggestions is made with it.
        vectors: how the ``dense`` vectors are kept.
        item_spaces: the artifacts that it recommends items and relates them by.
    """

    dims: int = 64
    engine: str = "lucene"
    shards: int = 1
    replicas: int = 0
    m: int = 16
    ef_construction: int = 100
    ef_search: int = LEAST_BEAM
    refresh_interval: str = "1s"
    synonyms: Synonyms = field(default_factory=Synonyms)
    languages: tuple[str, ...] = (ENGLISH.code,)
    dictionaries: Mapping[str, CompoundDictionary] = field(default_factory=dict)
    suggest: bool = False
    vectors: VectorStorage = AS_FP32
    item_spaces: ItemSpaces = field(default_factory=ItemSpaces)

    @property
    def features(self) -> Features:
        """What an index of these settings can be asked."""
        return Features(
            languages=self.languages,
            sorts_titles=True,
            counts_names=True,
            locates=True,
            hashes_groups=True,
            hashes_texts=True,
            suggest=self.suggest,
        )


def index_body(settings: IndexSettings, meta: IndexMeta) -> dict[str, Any]:
    """Body for ``PUT <index>``.

    Raises:
        CapabilityMissing: the engine does not keep vectors of that type.
    """
    return {
        "settings": {
            "index": {
                "knn": True,
                "knn.algo_param.ef_search": settings.ef_search,
                "number_of_shards": settings.shards,
                "number_of_replicas": settings.replicas,
                "refresh_interval": settings.refresh_interval,
            },
            "analysis": analysis(settings.languages, settings.synonyms, settings.dictionaries),
        },
        "mappings": {
            "_meta": {"aisle": meta.to_json()},
            # A field nobody planned for is a bug in the writer: refuse it instead of guessing a type.
            "dynamic": "strict",
            "properties": _properties(settings),
        },
    }


_KEYWORD = {"type": "keyword", "ignore_above": 8191}
_IDENTIFIER = {**_KEYWORD, "normalizer": fields.JOINED_LETTERS}
# Only the order is asked of it.
_SORTED = {**_KEYWORD, "normalizer": fields.SORTED_LETTERS, "index": False}
# Written by us in the one spelling that is asked for, and neither counted nor sorted by.
_TERM = {"type": "keyword", "doc_values": False}
_DOUBLE = {"type": "double"}
_SHOWN = {"type": "object", "enabled": False}
# Addresses differ from item to item: neither searched nor counted, they are only stored.
_ADDRESS = {
    "type": "keyword",
    "index": False,
    "doc_values": False,
    "fields": {fields.COUNT: {"type": "token_count", "analyzer": "keyword", "index": False}},
}


def _properties(settings: IndexSettings) -> dict[str, Any]:
    spelled = {"copy_to": fields.SPELLING}
    spelled_and_paired = {"copy_to": [fields.SPELLING, fields.PAIRS]}
    further = further_texts(settings.languages)
    in_parts = {fields.PARTS: parts(), **further}
    keyword_and_text = {**_KEYWORD, **spelled_and_paired, "fields": {fields.SEARCH: text(), **further}}
    joined = {fields.JOINED: {**_IDENTIFIER, "doc_values": False}}
    return {
        fields.ID: {**_KEYWORD, "fields": joined},
        fields.TITLE: {**text(), **spelled_and_paired, "fields": {**in_parts, fields.SORT: _SORTED}},
        fields.TEXT: {**text(), **spelled, "fields": in_parts},
        fields.GROUP: _KEYWORD,
        # Only counted.
        fields.GROUP_HASH: {"type": "long", "index": False},
        fields.VARIANT: {"type": "boolean"},
        fields.BRAND: {**keyword_and_text, "fields": {fields.SEARCH: text(), **further, **joined}},
        fields.CATEGORY: _KEYWORD,
        fields.CATEGORY_NAME: keyword_and_text,
        fields.CATEGORIES: _SHOWN,
        fields.ATTRIBUTE_TEXT: {**text(), **spelled, "fields": further},
        fields.SPELLING: spelling(settings.languages),
        fields.PAIRS: pairs(),
        fields.PRICE: _DOUBLE,
        fields.PRICE_MAX: _DOUBLE,
        fields.LIST_PRICE: _DOUBLE,
        fields.CURRENCY: _KEYWORD,
        fields.IMAGES: _ADDRESS,
        fields.URL: _ADDRESS,
        fields.IDENTIFIERS: _IDENTIFIER,
        fields.CODES: _TERM,
        fields.ATTRIBUTE_CODES: _TERM,
        fields.MEASURES: _TERM,
        fields.ATTRIBUTES: _SHOWN,
        fields.FACET: _KEYWORD,
        fields.FACET_NAME: _KEYWORD,
        fields.NUMBERS: _SHOWN,
        # Those that are declared can be filtered by; of others a document may have any, see `number_fields`.
        fields.NUMBER: {"type": "object", "dynamic": False},
        fields.LANGUAGE: _KEYWORD,
        fields.LOCATION: {"type": "geo_point"},
        fields.POPULARITY: _DOUBLE,
        fields.RATING: _DOUBLE,
        fields.MARGIN: _DOUBLE,
        fields.STOCK: _DOUBLE,
        fields.AVAILABLE: {"type": "boolean"},
        # A date that cannot be read costs the date and not the document.
        fields.ADDED: {"type": "date", "format": "strict_date_optional_time", "ignore_malformed": True},
        fields.POPULARITY_RANK: {"type": "rank_feature"},
        fields.DENSE: _vector(settings, settings.dims, layout(settings.vectors.kept_as, settings.engine)),
        # Only returned with candidates and counted.
        fields.TEXT_HASH: {"type": "long", "index": False},
        # Weights of vocabulary tokens, kept to 9 significant bits; an item without any has no value.
        fields.SPARSE: {"type": "rank_features"},
        **_item_fields(settings),
    }


def _vector(settings: IndexSettings, dims: int, kept: VectorLayout) -> dict[str, Any]:
    return {
        "type": "knn_vector",
        "dimension": dims,
        **kept.mapping,
        "method": {
            "name": "hnsw",
            "space_type": "innerproduct",
            "engine": settings.engine,
            "parameters": {"m": settings.m, "ef_construction": settings.ef_construction},
        },
    }


def _item_fields(settings: IndexSettings) -> dict[str, Any]:
    """What items are recommended and related by.

    Vectors are full floats: scores of counts are added to theirs.
    """
    full = layout(AS_FP32.kept_as, settings.engine)
    made = {
        field: _vector(settings, space.dims, full) for field, space in settings.item_spaces.vectors.items()
    }
    recommends = settings.item_spaces.recommends
    if recommends is None:
        return made
    made[fields.TAKEN] = _DOUBLE
    # Filtered by, and counted.
    return made | {fields.sid(level): {"type": "keyword"} for level in range(1, recommends.levels + 1)}


MAX_NUMBERS: Final = 50
"""Fields of numbers of one release: each costs the cluster memory, and a shop filters by few."""


def number_fields(slugs: Iterable[str]) -> dict[str, Any]:
    """Body for ``PUT <index>/_mapping`` that declares fields of numbers, see ``fields.number_slug``."""
    return {"properties": {fields.NUMBER: {"properties": dict.fromkeys(slugs, _DOUBLE)}}}


def declared_numbers(mapping: Mapping[str, Any]) -> frozenset[str]:
    """The numbers that a release can be filtered by, as ``fields.number_slug`` names them.

    Args:
        mapping: the value of ``mappings`` in ``GET <index>``.
    """
    number = mapping.get("properties", {}).get(fields.NUMBER, {})
    return frozenset(number.get("properties", ()))
