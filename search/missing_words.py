"""Which words no item has, on any shard. Pure bodies; the asking is in ``search.finder``.

A shard offers corrections for every word that it misses itself. With several shards, another one may have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mappings import fields

_WORDS = "words"


def having_body(words: Sequence[str]) -> dict[str, Any]:
    """Body of a request that counts the items with each word; only items that have one are looked at."""
    having = {word: _having(word) for word in words}
    return {
        "size": 0,
        "query": {"bool": {"should": list(having.values())}},
        "aggs": {_WORDS: {"filters": {"filters": having}}},
    }


def words_had(answer: Mapping[str, Any]) -> frozenset[str]:
    """Those that some item has, from the answer to `having_body`."""
    buckets = answer["aggregations"][_WORDS]["buckets"]
    return frozenset(word for word, bucket in buckets.items() if bucket["doc_count"])


def _having(word: str) -> dict[str, Any]:
    looked_up = (fields.SPELLING, f"{fields.SPELLING}.{fields.STEMS}")
    return {"bool": {"should": [{"match": {name: word}} for name in looked_up]}}
