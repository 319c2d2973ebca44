"""Which queries a model has seen in training, told by a sketch of a thousand hashes. Pure.

A bottom-k sketch (Beyer et al., SIGMOD 2007) keeps the k smallest hashes of a set. Of another set, those of
its members whose hash is not above the largest kept one are a sample that chance drew, and of each of them
the sketch knows whether it is in the first set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from aisle.encoder.artifact import QUERY_HASHES, Manifest
from aisle.evaluation.metrics import answerable
from aisle.evaluation.qrels import JudgedSet
from aisle.mappings.suggestions import folded

SIZE: Final = 1024
_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """How many of some queries a model has seen.

    Attributes:
        asked: queries of which the sketch can tell.
        seen: those of them that were learned from.
    """

    asked: int
    seen: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.seen / self.asked if self.asked else 0.0


def query_sketch(texts: Iterable[str], size: int = SIZE) -> list[str]:
    """The sketch of a set of queries: sorted hex hashes, at most ``size``; shorter ones hold all of them."""
    return sorted({_hashed(text) for text in texts})[:size]


def seen_queries(sketch: Sequence[str], texts: Collection[str], size: int = SIZE) -> Seen:
    """How many of some queries are in the set of a sketch.

    Args:
        sketch: from `query_sketch`.
        texts: the queries.
        size: that the sketch was made with.
    """
    known = frozenset(sketch)
    highest = max(sketch, default="") if len(sketch) >= size else "g"
    told = [hashed for text in texts if (hashed := _hashed(text)) <= highest]
    return Seen(len(told), sum(hashed in known for hashed in told))


def seen_by_models(models: Iterable[Manifest], judged: JudgedSet, relevant: float) -> dict[str, Seen]:
    """How many of the judged queries each model learned from: there it looks better than it is.

    Args:
        models: those that do not say what they learned from are left out.
        judged: the queries.
        relevant: lowest grade that counts; queries without such an item do not.

    Returns:
        Kind and name of a model to what it has seen.
    """
    wanted = answerable(judged.qrels, relevant)
    texts = [query.text for query in judged.queries if query.id in wanted]
    return {
        f"{model.kind} {model.name}": seen_queries(model.training[QUERY_HASHES], texts)
        for model in models
        if QUERY_HASHES in model.training
    }


def _hashed(text: str) -> str:
    return blake2b(folded(text).encode("utf-8", "surrogatepass"), digest_size=_BYTES).hexdigest()
