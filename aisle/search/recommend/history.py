"""The history of a request as the index knows it: one ``_mget``. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.recommendation.recommender import LONGEST
from aisle.search.answers import read_sources

MAX_ID_BYTES: Final = 512
"""What OpenSearch takes as an id."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a user took, as far as anything is known of it.

    Attributes:
        steps: ids, oldest first, the latest `LONGEST` of those that the index or the recommender knows.
        unknown: ids that neither knows, each once.
        vectors: float32 [steps, dims], as the index has them; zeros for an item without one.
        titles: id to title, of those that the index has.
    """

    steps: tuple[str, ...]
    unknown: tuple[str, ...]
    vectors: NDArray[np.float32]
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """Which documents a history needs.

    Attributes:
        given: the history, oldest first.
        wanted: ids whose vectors count.
        checked: further ids of which it is only asked whether they exist.
    """

    given: Sequence[str]
    wanted: tuple[str, ...]
    checked: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to ask."""
        return not (self.wanted or self.checked)


def history_request(given: Sequence[str], counted: Container[str]) -> HistoryRequest:
    """What is to be asked of a history.

    The latest `LONGEST` known steps count. How many of the others the index knows is not known yet, so that
    steps are taken until so many are known to the recommender.

    Args:
        given: ids, oldest first.
        counted: ids that the recommender knows.
    """
    wanted: dict[str, None] = {}
    known = 0
    place = len(given)
    while place and known < LONGEST:
        place -= 1
        wanted[given[place]] = None
        known += given[place] in counted
    older = dict.fromkeys(id_ for id_ in given[:place] if id_ not in counted and id_ not in wanted)
    return HistoryRequest(given, tuple(filter(can_be_id, wanted)), tuple(filter(can_be_id, older)))


def can_be_id(id_: str) -> bool:
    """Whether OpenSearch takes it as an id; nothing else can be in an index."""
    try:
        return 0 < len(id_.encode()) <= MAX_ID_BYTES
    except UnicodeEncodeError:
        return False


def history_body(asked: HistoryRequest) -> dict[str, Any]:
    """Body of the ``_mget``."""
    columns = [fields.TITLE, fields.ITEM_VECTOR]
    return {
        "docs": [
            *({"_id": id_, "_source": columns} for id_ in asked.wanted),
            *({"_id": id_, "_source": False} for id_ in asked.checked),
        ]
    }


def read_history(
    asked: HistoryRequest, answer: Mapping[str, Any], counted: Container[str], dims: int
) -> History:
    """What is known of a history.

    Args:
        asked: from `history_request`.
        answer: to `history_body`; ``{"docs": []}`` where nothing was asked.
        counted: ids that the recommender knows.
        dims: of item vectors.

    Raises:
        IndexNotFound: the index is gone.
        SearchError: a document could not be read.
    """
    there = read_sources(answer)
    known = [id_ for id_ in asked.given if id_ in there or id_ in counted]
    steps = tuple(known[-LONGEST:])
    vectors = np.zeros((len(steps), dims), dtype=np.float32)
    if dims:
        read = {
            id_: np.array(found[fields.ITEM_VECTOR], dtype=np.float32)
            for id_, found in there.items()
            if fields.ITEM_VECTOR in found
        }
        for row, id_ in enumerate(steps):
            if id_ in read:
                vectors[row] = read[id_]
    titles = {id_: found[fields.TITLE] for id_, found in there.items() if fields.TITLE in found}
    known_ids = set(known)
    unknown = tuple(dict.fromkeys(id_ for id_ in asked.given if id_ not in known_ids))
    return History(steps, unknown, vectors, titles)
