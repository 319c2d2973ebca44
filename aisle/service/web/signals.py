"""Why a hit is where it is, for its panel: of the numbers that the clients' JSON has, and no others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aisle.recommendation.item_to_item.quota import Head

_BECAUSE: Final[Mapping[str, str]] = {
    Head.ENGAGEMENT.value: "found by what is bought together (engagement head)",
    Head.RELEVANCE.value: "found by what is alike (relevance head)",
}
# Of some sixty; the others say little of one hit.
_FEATURES: Final = 8


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What one leg, part, rule or business signal added to a score.

    Attributes:
        name: of it.
        value: added; below 0 for what lowers it.
        width: of its bar, 0 to 100: its share of the largest of the hit.
        rank, raw, weight: of a leg; None where it has none.
    """

    name: str
    value: float
    width: float
    rank: int | None = None
    raw: float | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Finder:
    """A channel or head that has the item in its list, with its place there and its own score."""

    name: str
    rank: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What the learned ranker said of a hit.

    Attributes:
        score: of the ranker; base, the rows and the others sum to it.
        base: what every item begins with.
        rows: the features that moved it most, the largest first.
        others: how many more did; others_value: what they add together.
        moved: which way it moved the hit, in words.
    """

    score: float
    base: float
    rows: tuple[SignalRow, ...]
    others: int
    others_value: float
    moved: str


@dataclass(frozen=True, slots=True)
class Signals:
    """The panel of one hit.

    Attributes:
        score: what the rows sum to, of an additive fusion.
        rows: legs or parts first, then what was added to them.
        finders: channels or heads.
        notes: what moved it after the score, in words.
        learned: None where no ranker ordered it.
    """

    score: float
    rows: tuple[SignalRow, ...]
    finders: tuple[Finder, ...] = ()
    notes: tuple[str, ...] = ()
    learned: Learned | None = None

    @property
    def by_leg(self) -> bool:
        """Whether rows have ranks and weights of their own."""
        return any(row.weight is not None for row in self.rows)


def search_signals(hit: Mapping[str, Any]) -> Signals:
    """Of a hit of a search, as `Hit.to_json` has it."""
    legs = [
        (leg, said["contribution"], said["rank"], said["raw_score"], said["weight"])
        for leg, said in hit["signals"].items()
    ]
    added = [(name, value, None, None, None) for name, value in hit["additions"].items()]
    notes = []
    if hit["rerank"]:
        said = hit["rerank"]
        notes.append(f"{_moved('reranked', said)}: score {said['score']:.3f}, stage {said['stage']}")
    if hit["diversity"]:
        said = hit["diversity"]
        notes.append(f"{_moved('moved for diversity', said)}: likeness {said['likeness']:.2f}")
    if hit["sorted_by"] is not None:
        notes.append(f"sorted by {hit['sorted_by']}")
    learned = _learned(hit["ranker"]) if hit["ranker"] else None
    return Signals(hit["score"], _rows([*legs, *added]), (), tuple(notes), learned)


def _learned(said: Mapping[str, Any]) -> Learned:
    moves = said["contributions"]
    shown, rest = list(moves.items())[:_FEATURES], list(moves.values())[_FEATURES:]
    rows = _rows([(name, value, None, None, None) for name, value in shown])
    moved = _moved("the ranker moved it", said)
    return Learned(said["score"], said["base"], rows, len(rest), sum(rest), moved)


def similar_signals(hit: Mapping[str, Any]) -> Signals:
    """Of a similar item, as `SimilarHit.to_json` has it."""
    finders = tuple(
        Finder(f"{name} head", said["rank"], said["score"])
        for name, said in hit["heads"].items()
        if said["rank"] is not None or said["score"] is not None
    )
    notes = [_BECAUSE.get(hit["head"], "pinned by a rule")]
    if hit["diversity"]:
        notes.append(_moved("moved for diversity", hit["diversity"]))
    return Signals(hit["score"], _parts(hit["signals"]), finders, tuple(notes))


def recommendation_signals(hit: Mapping[str, Any], titles: Mapping[str, str]) -> Signals:
    """Of a recommended item, as `RecommendedItem.to_json` has it.

    Args:
        hit: the item.
        titles: of the history's items.
    """
    finders = tuple(Finder(name, said["rank"], said["score"]) for name, said in hit["channels"].items())
    because = hit["because"]
    notes = [f"because of {titles.get(because, because)}"] if because else []
    if hit["semantic_id"]:
        notes.append(f"semantic ID {' → '.join(map(str, hit['semantic_id']))}")
    return Signals(hit["score"], _parts(hit["signals"]), finders, tuple(notes))


def _parts(signals: Mapping[str, float]) -> tuple[SignalRow, ...]:
    return _rows([(name, value, None, None, None) for name, value in signals.items()])


def _rows(
    found: Sequence[tuple[str, float, int | None, float | None, float | None]],
) -> tuple[SignalRow, ...]:
    largest = max((abs(value) for _, value, *_ in found), default=0.0) or 1.0
    return tuple(
        SignalRow(name, value, round(abs(value) / largest * 100, 1), rank, raw, weight)
        for name, value, rank, raw, weight in found
    )


def _moved(what: str, said: Mapping[str, Any]) -> str:
    before, after = said["rank_before"], said["rank"]
    way = "↑" if after < before else "↓" if after > before else "="
    return f"{what} {way} from {before} to {after}"
