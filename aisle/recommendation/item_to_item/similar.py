"""Similar items from the model alone, which an index answers in the same way for what it has now. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle._arguments import check_text, check_whole, listed_ids
from aisle.errors import InvalidQuery
from aisle.mappings import fields
from aisle.recommendation.channel import best
from aisle.recommendation.item_to_item.kinds import Intent, least_likeness
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.quota import USUAL_ALPHA, Head, check_alpha, merge_by_quota

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeadRank:
    """What one head says of an item.

    Attributes:
        rank: its place in that head's list, from 1; None if the list that was asked for does not hold it.
        score: inner product of the trigger and the item, of the engagement head with what baskets say; None
            if one of the two has no vector there.
    """

    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class SimilarItem:
    """One similar item and who found it.

    Attributes:
        id, title: of the item; the title is empty where no catalogue was named.
        rank: from 1.
        head: that its place was given to.
        heads: what each head says of it.
    """

    id: str
    title: str
    rank: int
    head: Head
    heads: Mapping[Head, HeadRank]


@dataclass(frozen=True, slots=True)
class SimilarItems:
    """An answer from a model.

    Attributes:
        id, title: of the trigger.
        alpha: percent of the places that the engagement head has.
        items: best first.
    """

    id: str
    title: str
    alpha: float
    items: tuple[SimilarItem, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        items = [
            {**asdict(item), "heads": {head.value: asdict(said) for head, said in item.heads.items()}}
            for item in self.items
        ]
        return {**asdict(self), "items": items}


@dataclass(frozen=True, slots=True, eq=False)
class Trigger:
    """The item whose similar ones are asked for, as its scores are made of it.

    Attributes:
        id, title: of the item.
        category: path of its first category; empty without one.
        engagement: float32 [dims], that engagement vectors are multiplied with; None without one.
        relevance: float32 [dims] of length 1, likewise.
        counted: float32 [items of the model], what baskets add to engagement scores; zeros for a new item.
    """

    id: str
    title: str
    category: str
    engagement: Scores | None
    relevance: Scores | None
    counted: Scores


def listed_alpha(alpha: float | None, intent: Intent | None) -> float:
    """Percent of the places that the engagement head gets.

    Raises:
        InvalidQuery: no percentage, or both are given.
    """
    if intent is None:
        alpha = USUAL_ALPHA if alpha is None else alpha
        check_alpha(alpha)
        return alpha
    if alpha is not None:
        raise InvalidQuery(
            f"a {intent.value} is found by one head alone, whatever alpha says", fix="leave alpha out"
        )
    return intent.alpha


class HeadScorer:
    """Makes the scores of both heads of one trigger. Safe to share between threads.

    Attributes:
        model: that was trained.
        likeness: relevance score from which an item is of the kind of one without a category.
    """

    def __init__(self, model: TwoHeads) -> None:
        self.model = model
        self.likeness = least_likeness(model.relevance)

    def known(self, id_: str) -> Trigger | None:
        """An item as the model knows it; None if it does not."""
        model = self.model
        place = model.places.get(id_)
        if place is None:
            return None
        return self.trigger(
            id_, model.titles[place], model.categories[place], model.engagement[place], model.relevance[place]
        )

    def trigger(self, id_: str, title: str, category: str, engagement: Scores, relevance: Scores) -> Trigger:
        """An item with the vectors that it is indexed with; zeros for one that has none."""
        model = self.model
        counted = np.zeros(len(model.items), dtype=np.float32)
        place = model.places.get(id_)
        if place is not None:
            row = model.counted[[place]]
            counted[row.indices] = row.data
        asked = model.engagement_query(engagement[None])[0] if engagement.any() else None
        return Trigger(id_, title, category, asked, relevance if relevance.any() else None, counted)

    def scores(self, trigger: Trigger) -> dict[Head, Scores]:
        """float32 [items], what each head says of the items of the model; NaN where it has nothing to say."""
        model = self.model
        return {
            Head.ENGAGEMENT: _scores(trigger.engagement, model.engagement, trigger.counted),
            Head.RELEVANCE: _scores(trigger.relevance, model.relevance),
        }

    def scores_of(
        self, trigger: Trigger, ids: Sequence[str], engagement: Scores, relevance: Scores
    ) -> dict[Head, Scores]:
        """float32 [ids], what each head says of items as they are indexed; NaN where it has nothing to say.

        Args:
            trigger: whose similar items they may be.
            ids: of the items.
            engagement: float32 [ids, dims], their vectors; zeros for an item without one.
            relevance: likewise.
        """
        places = self.model.places
        counted = [trigger.counted[places[id_]] if id_ in places else 0.0 for id_ in ids]
        return {
            Head.ENGAGEMENT: _scores(trigger.engagement, engagement, np.array(counted, dtype=np.float32)),
            Head.RELEVANCE: _scores(trigger.relevance, relevance),
        }

    def same_kind(self, trigger: Trigger) -> NDArray[np.bool_]:
        """bool [items], those of the model that are of the trigger's kind, see `Intent`."""
        model = self.model
        if trigger.category:
            below = trigger.category + fields.PATH_SEPARATOR
            of_kind = (path == trigger.category or path.startswith(below) for path in model.categories)
            return np.fromiter(of_kind, np.bool_, len(model.items))
        if trigger.relevance is None:
            return np.zeros(len(model.items), dtype=np.bool_)
        return np.asarray(model.relevance @ trigger.relevance >= self.likeness)


def similar_items(
    scorer: HeadScorer,
    id_: str,
    *,
    size: int = 10,
    alpha: float | None = None,
    intent: Intent | None = None,
    exclude: Iterable[str] = (),
) -> SimilarItems:
    """The items that are most like one that the model knows: each head's best, merged by quota.

    Args:
        scorer: of the model.
        id_: of the trigger, which is never among them.
        size: most items, 1 or more.
        alpha: percent of the places that the engagement head gets, 0 (what is alike) to 100 (what is bought
            together); None: 50, or what the intent says.
        intent: complements or substitutes alone.
        exclude: ids that do not come up.

    Raises:
        InvalidQuery: the model does not know the trigger, or a number that is out of range.
    """
    share = listed_alpha(alpha, intent)
    check_text(id=id_)
    check_whole(size=size)
    if size < 1:
        raise InvalidQuery(f"a size of {size} asks for nothing", fix="use 1 or more")
    trigger = scorer.known(id_)
    if trigger is None:
        raise unknown_item(id_, "the item-to-item model")
    model = scorer.model
    allowed = _allowed(scorer, trigger, intent, {id_, *listed_ids("exclude", exclude)})
    scores = scorer.scores(trigger)
    lists = {head: best(found, size, allowed & ~np.isnan(found)).tolist() for head, found in scores.items()}
    merged = merge_by_quota(lists[Head.ENGAGEMENT], lists[Head.RELEVANCE], share, size)
    ranks = {head: {place: rank for rank, place in enumerate(found, 1)} for head, found in lists.items()}
    return SimilarItems(
        id_,
        trigger.title,
        share,
        tuple(
            SimilarItem(
                model.items[each.id],
                model.titles[each.id],
                rank,
                each.head,
                {
                    head: head_rank(ranks[head].get(each.id), float(found[each.id]))
                    for head, found in scores.items()
                },
            )
            for rank, each in enumerate(merged, 1)
        ),
    )


def head_rank(rank: int | None, score: float) -> HeadRank:
    """A place and a score, which is no number where the head has nothing to say."""
    return HeadRank(rank, None if math.isnan(score) else score)


def unknown_item(id_: str, where: str) -> InvalidQuery:
    """The error for a trigger that nothing is known of."""
    return InvalidQuery(f"no item {id_!r} is in {where}", fix="give the id of an item of the catalogue")


def _scores(asked: Scores | None, vectors: Scores, counted: Scores | None = None) -> Scores:
    """float32 [vectors]: inner products and counts, either of which is enough; NaN without both."""
    scores = np.full(len(vectors), np.nan, dtype=np.float32)
    if asked is not None:
        there = vectors.any(axis=1)
        scores[there] = vectors[there] @ asked
    if counted is not None:
        there = counted > 0
        scores[there] = np.nan_to_num(scores[there]) + counted[there]
    return scores


def _allowed(
    scorer: HeadScorer, trigger: Trigger, intent: Intent | None, excluded: Collection[str]
) -> NDArray[np.bool_]:
    places = scorer.model.places
    allowed = np.ones(len(places), dtype=np.bool_)
    if intent is not None:
        allowed = scorer.same_kind(trigger) == (intent is Intent.SUBSTITUTE)
    allowed[[places[id_] for id_ in excluded if id_ in places]] = False
    return allowed
