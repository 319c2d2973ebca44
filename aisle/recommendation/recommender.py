"""Recommends items for a history, and says which channel and which item of the history spoke for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from aisle._arguments import check_whole, listed_ids
from aisle.errors import InputError, InvalidQuery
from aisle.recommendation.channel import best, strongest
from aisle.recommendation.pool import candidates_of
from aisle.recommendation.preferences import PREFERENCE, Preferences, read_channels
from aisle.recommendation.router_artifact import TrainedRouter
from aisle.recommendation.sequence import SEQUENCE, SequenceChannel
from aisle.recommendation.settings import Learned, RecommenderSettings
from aisle.sequences import one_sequence

LONGEST: Final = 200
"""The latest items of a history that count; what lies before has faded long since."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended item and why.

    Attributes:
        id, title: of the item; the title is empty where no catalogue was named.
        rank: from 1.
        score: its order; only differences within one answer mean something.
        signals: channel to what it added to the score; they sum to it.
        because: id of the history's item that spoke most for it; None if none did.
    """

    id: str
    title: str
    rank: int
    score: float
    signals: Mapping[str, float]
    because: str | None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """An answer.

    Attributes:
        items: best first.
        unknown: ids of the history that the recommender does not know, each once; they were skipped.
        titles: of the history's known items, for "because you bought".
    """

    items: tuple[Recommendation, ...]
    unknown: tuple[str, ...]
    titles: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"items": [asdict(item) for item in self.items], "unknown": list(self.unknown)}


class Recommender:
    """Recommends for any history from counts, texts, popularity and perhaps a sequence model.

    Safe to share between threads.

    Open one with `aisle.open_recommender` and keep it. It holds no users: whoever asks brings the history.

    Attributes:
        learned, settings: that it was made of.
        titles: of its items.
        channel: that scores them.
        places: id of an item to its position.
        router: of the sequence channel; None without one.
    """

    def __init__(self, learned: Learned, titles: Sequence[str], settings: RecommenderSettings) -> None:
        """Use what was learned.

        Args:
            learned: counts, and texts if there are any.
            titles: of the items that were counted; empty texts where there are none.
            settings: as the validation chose them.

        Raises:
            InputError: titles or texts of other items.
        """
        items = learned.counts.items
        if len(titles) != len(items) or (learned.texts is not None and len(learned.texts) != len(items)):
            raise InputError("titles or texts do not fit the items", fix="train the recommender again")
        self.learned = learned
        self.settings = settings
        self.titles = tuple(titles)
        self.channel = settings.channel(learned)
        self.router: TrainedRouter | None = None
        self.preferences: Preferences | None = None
        self.places = {item: place for place, item in enumerate(items)}

    def with_router(self, router: TrainedRouter) -> Recommender:
        """The same with the sequence channel of a router that was trained for it, of the router's weight.

        Raises:
            InputError: the router reads other texts.
        """
        made = copy(self)
        vectors = router.encoder.item_vectors(self.items, self.learned.texts)
        made.router = router
        made.channel = self.channel.with_part(
            SequenceChannel(SEQUENCE, router.encoder, vectors), router.weight
        )
        return made

    def with_preferences(self, preferences: Preferences) -> Recommender:
        """The same with its best items ranked again.

        Raises:
            InputError: the preferences were learned with other channels.
        """
        channels = read_channels(self.channel)
        if preferences.settings.channels != channels:
            raise InputError(
                f"the preferences {preferences.artifact.manifest.name!r} were learned with "
                f"{', '.join(preferences.settings.channels)}, not with {', '.join(channels)}",
                fix="train them again: aisle train preferences",
            )
        made = copy(self)
        made.preferences = preferences
        return made

    @property
    def items(self) -> tuple[str, ...]:
        """Ids of the items that can be recommended."""
        return self.learned.counts.items

    def recommend(
        self,
        history: Iterable[str] = (),
        *,
        size: int = 10,
        exclude: Iterable[str] = (),
        exclude_bought: bool = True,
    ) -> Recommendations:
        """Recommend items for a history.

        Example:
            >>> recommender = aisle.open_recommender("shop")
            >>> found = recommender.recommend(["drill-18v"], size=1).items[0]
            >>> found.title, found.because
            ('Drill bits, 19 pieces', 'drill-18v')

        Args:
            history: ids of items, oldest first. May be empty: then what many buy is recommended. Ids that are
                not known are skipped and named in the answer.
            size: most items that are returned, 1 or more.
            exclude: ids that are not recommended; they are gone before the best are taken.
            exclude_bought: leave out what is in the history.

        Raises:
            InvalidQuery: a size under 1, or what is no list of ids.
        """
        check_whole(size=size)
        if size < 1:
            raise InvalidQuery(f"a size of {size} asks for nothing", fix="use 1 or more")
        given, exclude = listed_ids("history", history), listed_ids("exclude", exclude)
        known = [self.places[item] for item in given if item in self.places]
        unknown = tuple(dict.fromkeys(item for item in given if item not in self.places))
        steps = np.array(known[-LONGEST:], dtype=np.int32)
        excluded = [self.places[item] for item in exclude if item in self.places]
        allowed = np.ones(len(self.items), dtype=np.bool_)
        allowed[excluded + (known if exclude_bought else [])] = False
        asked = one_sequence(self.items, steps)
        added = {part.name: np.float32(weight) * part.scores(asked)[0] for part, weight in self.channel.parts}
        scores = np.stack(list(added.values())).sum(axis=0)
        if self.preferences is None:
            top = best(scores, size, allowed)
        else:
            pool = best(scores, max(size, self.preferences.settings.pool), allowed)
            candidates = candidates_of(self.channel.parts, added, asked, self.learned.counts.takers, pool)
            preferred = np.zeros(len(scores), dtype=np.float32)
            preferred[pool] = self.preferences.added(candidates)
            added[PREFERENCE] = preferred
            scores += preferred
            top = pool[best(scores[pool], size, np.ones(len(pool), dtype=np.bool_))]
        shares = self.channel.shares(steps, top)
        named = [self.items[step] for step in steps.tolist()]
        found = tuple(
            Recommendation(
                id=self.items[place],
                title=self.titles[place],
                rank=rank,
                score=float(scores[place]),
                signals={name: float(part[place]) for name, part in added.items()},
                because=strongest(named, shares[:, rank - 1]),
            )
            for rank, place in enumerate(top.tolist(), 1)
        )
        return Recommendations(
            found, unknown, {self.items[step]: self.titles[step] for step in steps.tolist()}
        )
