"""The body of an index: settings, analyzers and fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mappings import fields
from mappings.meta import IndexMeta


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What may differ between two indexes of the same schema.

    Attributes:
        dims: width of the ``dense`` vectors.
        engine: k-NN engine, ``faiss`` or ``lucene``, from ``cluster.capabilities``.
        shards, replicas: as in OpenSearch.
        m, ef_construction: HNSW graph degree and build-time beam (Malkov & Yashunin, arXiv 1603.09320).
        ef_search: query-time beam where the engine takes it from the index (faiss).
        refresh_interval: in OpenSearch's notation; ``-1`` while loading.
    """

    dims: int = 64
    engine: str = "lucene"
    shards: int = 1
    replicas: int = 0
    m: int = 16
    ef_construction: int = 100
    ef_search: int = 256
    refresh_interval: str = "1s"


def index_body(settings: IndexSettings, meta: IndexMeta) -> dict[str, Any]:
    """Body for ``PUT <index>``."""
    return {
        "settings": {
            "index": {
                "knn": True,
                "knn.algo_param.ef_search": settings.ef_search,
                "number_of_shards": settings.shards,
                "number_of_replicas": settings.replicas,
                "refresh_interval": settings.refresh_interval,
            },
            "analysis": _ANALYSIS,
        },
        "mappings": {
            "_meta": {"aisle": meta.to_json()},
            # A field nobody planned for is a bug in the writer: refuse it instead of guessing a type.
            "dynamic": "strict",
            "properties": _properties(settings),
        },
    }


_WORDS = ["aisle_possessive", "lowercase", "asciifolding", "aisle_stop", "aisle_stemmer"]

_ANALYSIS: dict[str, Any] = {
    "filter": {
        "aisle_possessive": {"type": "stemmer", "language": "possessive_english"},
        "aisle_stop": {"type": "stop", "stopwords": "_english_"},
        "aisle_stemmer": {"type": "stemmer", "language": "english"},
        "aisle_parts": {"type": "word_delimiter_graph", "preserve_original": True},
    },
    "analyzer": {
        fields.ENGLISH: {"type": "custom", "tokenizer": "standard", "filter": _WORDS},
        # Only an index needs its token graph flattened; in a query the graph keeps parts of a word together.
        fields.ENGLISH_PARTS: {
            "type": "custom",
            "tokenizer": "whitespace",
            "filter": ["aisle_parts", "flatten_graph", *_WORDS],
        },
        fields.ENGLISH_PARTS_QUERY: {
            "type": "custom",
            "tokenizer": "whitespace",
            "filter": ["aisle_parts", *_WORDS],
        },
    },
}

_KEYWORD = {"type": "keyword", "ignore_above": 8191}


def _properties(settings: IndexSettings) -> dict[str, Any]:
    text = {"type": "text", "analyzer": fields.ENGLISH}
    parts = {
        "type": "text",
        "analyzer": fields.ENGLISH_PARTS,
        "search_analyzer": fields.ENGLISH_PARTS_QUERY,
    }
    text_and_parts = {**text, "fields": {fields.PARTS: parts}}
    vector = {
        "type": "knn_vector",
        "dimension": settings.dims,
        "method": {
            "name": "hnsw",
            "space_type": "innerproduct",
            "engine": settings.engine,
            "parameters": {"m": settings.m, "ef_construction": settings.ef_construction},
        },
    }
    return {
        fields.ID: _KEYWORD,
        fields.TITLE: text_and_parts,
        fields.TEXT: text_and_parts,
        fields.BRAND: {**_KEYWORD, "fields": {fields.SEARCH: text}},
        fields.CATEGORY: {**_KEYWORD, "fields": {fields.SEARCH: text}},
        fields.PRICE: {"type": "double"},
        fields.IMAGE: {"type": "keyword", "index": False, "doc_values": False},
        fields.ATTRIBUTES: {"type": "object", "enabled": False},
        fields.FACET: _KEYWORD,
        fields.DENSE: vector,
        **{sid: {"type": "keyword"} for sid in fields.SID_PREFIXES},
    }
