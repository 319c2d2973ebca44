"""What the channels of a recommender find of what users took next, and how long they take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.code_artifact import ItemCodes
from aisle.errors import EvaluationError
from aisle.evaluation.coverage import covered_targets
from aisle.evaluation.diagnosis import CandidateDiagnosis, Gap
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.recommendation.channel import Channel, best
from aisle.recommendation.channels import Popularity
from aisle.recommendation.choose import sampled
from aisle.recommendation.counts import count_items
from aisle.recommendation.prefix_channel import PrefixItems, ProjectedPrefixes, RoutedPrefixes
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.router import prefix_tree
from aisle.recommendation.sequence import SEQUENCE, SequenceChannel
from aisle.recommendation.settings import Learned, popularity
from aisle.sequences import Sequences

METRICS: Final = ("R@10", "N@10", "R@50")
_LENGTH: Final = 2
"""Codes of the prefixes that are candidates."""

_BUDGETS: Final = (500, 2000)
_SIZE: Final = 10
_TIMED: Final = 100
"""Histories that are timed."""

SEEN: Final = "learned from these steps"


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosed:
    """What is looked at.

    Attributes:
        recommender: whose channels these are; with its router if there is one.
        codes: of items; None without.
        codes_fingerprint: of their artifact; prefixes of a router for others are left out.
        sequences: of users, over the recommender's items.
        users: most that are asked.
        seed: of their draw.
    """

    recommender: Recommender
    codes: ItemCodes | None
    codes_fingerprint: str
    sequences: Sequences
    users: int
    seed: int

    def run(self) -> CandidateDiagnosis:
        """Count without users' last two steps, and look for the first of these.

        Raises:
            EvaluationError: no user took enough.
        """
        data = split(self.sequences, EvaluationProtocol(), Phase.VALIDATION)
        asked = sampled(data, self.users, self.seed)
        learned = Learned(count_items(data.train), self.recommender.learned.texts)
        targets = covered_targets(
            tuple(self._channels(learned)),
            self.recommender.settings.channel(learned),
            asked,
            beside=tuple(self._routed(popularity(learned.counts))),
        )
        return CandidateDiagnosis(
            protocol=f"validation; {asked.protocol.words()}",
            targets=targets,
            budgets=budgets(len(self.sequences.items)),
            gap=self._gap(learned, data, asked),
            milliseconds=self._milliseconds(asked),
        )

    def _channels(self, learned: Learned) -> Iterator[Channel]:
        """Those of the recommender by themselves, counted anew, and prefixes by the counts."""
        parts = [part for part, _ in self.recommender.settings.channel(learned).parts]
        yield from parts
        codes = self._codes()
        if codes is not None:
            prefixes = prefix_tree(codes[codes[:, 0] >= 0], min(_LENGTH, codes.shape[1]))[-1][0]
            often = popularity(learned.counts).popularity
            yield ProjectedPrefixes("prefixes by counts", parts[0], PrefixItems.of(codes, prefixes, often))

    def _routed(self, often: Popularity) -> Iterator[Channel]:
        """Those of the router, whose training does not know which steps are asked for here."""
        routed = self.recommender.router
        if routed is None:
            return
        same = routed.artifact.manifest.data_hash == self.sequences.digest()
        words = f" ({SEEN})" if same else ""
        vectors = routed.encoder.item_vectors(self.recommender.items, self.recommender.learned.texts)
        sequence = SequenceChannel(f"{SEQUENCE}{words}", routed.encoder, vectors)
        yield sequence
        codes = self._codes()
        if codes is not None and routed.router is not None and routed.codes == self.codes_fingerprint:
            level = min(_LENGTH, routed.router.depth)
            items = PrefixItems.of(codes, routed.router.levels[level - 1].codes, often.popularity)
            yield RoutedPrefixes(f"prefixes by router{words}", routed.router, sequence, level, items)

    def _codes(self) -> NDArray[np.int32] | None:
        """Of the recommender's items, a row of -1 for those without; None if none has any."""
        if self.codes is None:
            return None
        places = {item: place for place, item in enumerate(self.codes.items)}
        rows = np.array([places.get(item, -1) for item in self.recommender.items])
        found = np.where((rows >= 0)[:, None], self.codes.codes[rows], -1).astype(np.int32)
        return found if (rows >= 0).any() else None

    def _gap(self, learned: Learned, data: Split, asked: Split) -> Gap:
        channel = self.recommender.settings.channel(learned)
        validation = rank_targets(channel, asked, "").means(METRICS)
        try:
            counted = split(data.train, EvaluationProtocol(), Phase.TEST)
        except EvaluationError:
            # Nobody has three steps besides those held out.
            return Gap({}, validation)
        counted = sampled(counted, self.users, self.seed)
        return Gap(rank_targets(channel, counted, "").means(METRICS), validation)

    def _milliseconds(self, asked: Split) -> Mapping[str, float]:
        """Of a recommendation as it is served: each channel, and the whole."""
        took: dict[str, list[float]] = {}
        everything = np.ones(len(self.recommender.items), dtype=np.bool_)
        for user in range(min(_TIMED, len(asked.histories))):
            history = asked.histories.of_users(np.array([user]))
            for part, _ in self.recommender.channel.parts:
                with _timed(took, part.name):
                    part.scores(history)
            scores = self.recommender.channel.scores(history)[0]
            with _timed(took, "taking the best"):
                best(scores, _SIZE, everything)
            ids = [history.items[step] for step in history.steps.tolist()]
            with _timed(took, "whole, with reasons"):
                self.recommender.recommend(ids, size=_SIZE)
        return {part: median(held) for part, held in took.items()}


@contextmanager
def _timed(took: dict[str, list[float]], part: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took.setdefault(part, []).append((time.perf_counter() - started) * 1000)


def budgets(items: int) -> tuple[int, ...]:
    """Candidates in all at which coverage is told; fewer in a small catalogue."""
    return tuple(one for one in _BUDGETS if one < items / 2) or (max(1, items // 10), max(1, items // 3))
