"""What a recommendation answers: its items, why each is there, and what the answer says of itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.recommendation.channel import strongest
from aisle.recommendation.sequence import SEQUENCE
from aisle.recommendation.settings import TEXT
from aisle.search.fusion import Fused
from aisle.search.recommend.pool import ChannelRank
from aisle.search.recommend.user_profile import PARTS, BaseScorer, Profile
from aisle.search.rules.effects import RuleReport
from aisle.types import Item, flat_json


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One recommended item and why.

    Attributes:
        item: as the index has it.
        rank: from 1.
        score: its order; only differences within one answer mean something.
        signals: what each part added to the score: ``text``, ``sequence``, ``counts``, ``popularity``, then
            business signals and ``rules``. They sum to it.
        channels: channel that found it to its place there; empty for an item that only a rule pins.
        because: id of the history's item that spoke most for it; None if none did.
        semantic_id: its codes, coarse to fine; empty of a release without semantic IDs.
    """

    item: Item
    rank: int
    score: float
    signals: Mapping[str, float]
    channels: Mapping[str, ChannelRank]
    because: str | None
    semantic_id: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Of the item."""
        return self.item.id

    @property
    def title(self) -> str:
        """Of the item."""
        return self.item.title

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "rank": self.rank,
            "score": self.score,
            "because": self.because,
            "semantic_id": list(self.semantic_id),
            "signals": dict(self.signals),
            "channels": {name: flat_json(found) for name, found in self.channels.items()},
            "item": self.item.to_json(),
        }


@dataclass(frozen=True, slots=True)
class RecommendationTimings:
    """Milliseconds of one recommendation.

    Attributes:
        total: as the caller sees it.
        history: reading the history's documents.
        profile: making the user's vector and the scores of counts.
        candidates: the request of all channels.
        documents: the request of the page's documents.
        server: what OpenSearch says its searches ``took``; one after the other, though it may run them
            side by side.
    """

    total: float
    history: float
    profile: float
    candidates: float
    documents: float
    server: float


@dataclass(frozen=True, slots=True)
class RecommendationPage:
    """An answer from an index.

    Attributes:
        items: best first.
        unknown: ids of the history that neither the index nor the recommender knows, each once; skipped.
        titles: of the history's items, for "because you bought": as the index has them, else as the
            recommender knew them.
        pool: candidates that were scored, within the budget.
        release: index that answered.
        timings: milliseconds.
        rules: what rules did; None if they were not to act.
    """

    items: tuple[RecommendedItem, ...]
    unknown: tuple[str, ...]
    titles: Mapping[str, str]
    pool: int
    release: str
    timings: RecommendationTimings
    rules: RuleReport | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "items": [item.to_json() for item in self.items],
            "unknown": list(self.unknown),
            "pool": self.pool,
            "release": self.release,
            "timings_ms": flat_json(self.timings),
            "rules": self.rules.to_json() if self.rules else None,
        }


def read_item_vectors(
    answer: Mapping[str, Any], ids: Sequence[str], dims: int, field: str = fields.ITEM_VECTOR
) -> NDArray[np.float32]:
    """The vectors of a page's documents, float32 [ids, dims]; zeros for an item without one."""
    found = {hit["_id"]: hit["_source"][field] for hit in answer["hits"]["hits"] if field in hit["_source"]}
    vectors = np.zeros((len(ids), dims), dtype=np.float32)
    for row, id_ in enumerate(ids):
        if dims and id_ in found:
            vectors[row] = found[id_]
    return vectors


def read_semantic_ids(answer: Mapping[str, Any], levels: int) -> dict[str, tuple[int, ...]]:
    """Codes of a page's documents, of so many levels; those without are left out."""
    field = fields.sid(levels)
    found = {hit["_id"]: hit["_source"].get(field) for hit in answer["hits"]["hits"]}
    return {id_: fields.sid_codes(prefix) for id_, prefix in found.items() if prefix}


def page_items(
    shown: Sequence[Fused],
    items: Mapping[str, Item],
    vectors: NDArray[np.float32],
    scorer: BaseScorer,
    profile: Profile,
    found_by: Mapping[str, Mapping[str, ChannelRank]],
    semantic_ids: Mapping[str, tuple[int, ...]],
) -> tuple[RecommendedItem, ...]:
    """The page.

    Args:
        shown: best first; those whose documents are gone are left out.
        items: id to its document.
        vectors: float32 [shown, dims] of the items.
        scorer: that scored them.
        profile: of the history.
        found_by: candidate to the channels that found it.
        semantic_ids: item to its codes.
    """
    of_text = len(profile.encoded)
    parts = scorer.shares(profile, [fused.id for fused in shown], vectors)
    shares = np.sum(list(parts.values()), axis=0)
    by_sequence = vectors[:, :of_text] @ profile.vector[:of_text]
    found: list[RecommendedItem] = []
    for row, fused in enumerate(shown):
        if fused.id in items:
            found.append(
                RecommendedItem(
                    items[fused.id],
                    len(found) + 1,
                    fused.score,
                    _signals(fused, float(by_sequence[row]) if of_text else None, bool(profile.text_dims)),
                    found_by.get(fused.id, {}),
                    strongest(profile.history.steps, shares[:, row]),
                    semantic_ids.get(fused.id, ()),
                )
            )
    return tuple(found)


def _signals(fused: Fused, by_sequence: float | None, has_texts: bool) -> dict[str, float]:
    parts = dict(zip(PARTS, fused.contributions, strict=True))
    product = parts.pop(PARTS[0])
    signals: dict[str, float] = {}
    if by_sequence is not None:
        signals[SEQUENCE] = by_sequence
    if has_texts:
        # What is left, so that the parts sum to the score that the server gave.
        signals[TEXT] = product - (by_sequence or 0.0)
    signals |= parts
    for added in fused.additions:
        # A number of the catalogue may be called as a part is.
        signals[added.name] = signals.get(added.name, 0.0) + added.value
    return signals
