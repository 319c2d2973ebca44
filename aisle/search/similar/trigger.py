"""The item whose similar ones are asked for, as an index has it: one ``_mget``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.recommendation.item_to_item.item_fields import item_category
from aisle.recommendation.item_to_item.similar import HeadScorer, Trigger, unknown_item
from aisle.search.answers import read_sources


@dataclass(frozen=True, slots=True, eq=False)
class IndexedTrigger:
    """A trigger, and what only an index says of it.

    Attributes:
        trigger: with the vectors that the index has; of an item that has left it, those of the model.
        indexed: whether the index has it.
        group: its product; empty for an item that the index does not have.
    """

    trigger: Trigger
    indexed: bool
    group: str


def trigger_body(id_: str) -> dict[str, Any]:
    """Body of the ``_mget``."""
    columns = [fields.TITLE, fields.CATEGORIES, fields.GROUP, fields.ENGAGEMENT, fields.RELEVANCE]
    return {"docs": [{"_id": id_, "_source": columns}]}


def read_trigger(id_: str, answer: Mapping[str, Any], scorer: HeadScorer, release: str) -> IndexedTrigger:
    """The trigger of an answer.

    Args:
        id_: of the item.
        answer: to `trigger_body`; ``{"docs": []}`` where nothing was asked.
        scorer: of the client.
        release: that was asked.

    Raises:
        InvalidQuery: neither the index nor the model knows the item.
        IndexNotFound: the index is gone.
        SearchError: it could not be read.
    """
    source = read_sources(answer).get(id_)
    if source is None:
        known = scorer.known(id_)
        if known is None:
            raise unknown_item(id_, f"{release}, nor in the model that it was made with")
        return IndexedTrigger(known, indexed=False, group="")
    item = item_of(id_, source)
    trigger = scorer.trigger(
        id_,
        item.title,
        item_category(item),
        _vector(source, fields.ENGAGEMENT, scorer.model.dims),
        _vector(source, fields.RELEVANCE, scorer.model.dims),
    )
    return IndexedTrigger(trigger, indexed=True, group=source.get(fields.GROUP, id_))


def _vector(source: Mapping[str, Any], field: str, dims: int) -> NDArray[np.float32]:
    if field not in source:
        return np.zeros(dims, dtype=np.float32)
    return np.array(source[field], dtype=np.float32)
