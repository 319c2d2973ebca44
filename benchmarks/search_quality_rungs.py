"""The ladder's rungs up to the tuned fusion: every leg, pair and all of them, by default and tuned. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from aisle.evaluation import JudgedSet
from aisle.mappings import BM25, FusionSpec, default_fusion
from aisle.search.tuning.tune import Tuned, TuneOptions, tune
from benchmarks.command_line import say
from benchmarks.quality_table import fusion_name
from benchmarks.search_quality_fused import (
    FusedLists,
    fused_alike,
    fused_by,
    held_out_per_query,
    held_out_specs,
    legs_only,
)
from benchmarks.search_quality_shop import WINDOW, Asked

TYPED: Final = f"{BM25}, typos not corrected"
TUNED: Final = ", tuned"
PER_QUERY: Final = ", tuned, weights per query"


@dataclass(frozen=True, slots=True)
class Rung:
    """One system and what it found.

    Attributes:
        name: in tables.
        lists: query id to item ids, best first.
        before: rungs of which the best is the one that this one should beat; none for the first.
        fusion: how it fuses, in words.
    """

    name: str
    lists: Mapping[str, Sequence[str]]
    before: tuple[str, ...] = ()
    fusion: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Attributes:
    rungs: in order.
    tuned: of all legs.
    fused: what the tuned fusion of all legs finds, each query fused as chosen without it.
    """

    rungs: tuple[Rung, ...]
    tuned: Tuned
    fused: FusedLists


def name_of(legs: Sequence[str]) -> str:
    """``bm25+dense``."""
    return "+".join(legs)


def default_systems(legs: tuple[str, ...]) -> dict[str, FusionSpec]:
    """Each leg, each pair and all of them, by name, with the fusion that nobody tuned."""
    numbers = range(1, len(legs) + 1)
    sets = [some for number in numbers for some in combinations(legs, number)]
    return {name_of(some): default_fusion(some) for some in sets}


def climb(asked: Asked, judged: JudgedSet, options: TuneOptions) -> Ladder:
    """All rungs that need no reranker.

    Args:
        asked: what two legs or more found.
        judged: queries with a relevant item.
        options: metric and folds of the tuning.

    Raises:
        InputError: too few queries for the folds.
    """
    rungs = [Rung(TYPED, asked.typed)]
    queries = tuple(judged.qrels)
    tunings: dict[str, Tuned] = {}
    for system, spec in default_systems(asked.runs.legs).items():
        legs = spec.legs
        rungs.append(Rung(system, ids_of(fused_alike(asked, spec)), _before(legs), fusion_name(spec)))
        if len(legs) > 1:
            say(f"tuning {system}")
            tuned = tunings[system] = tune(legs_only(asked.runs, legs), judged, options)
            lists = ids_of(fused_by(asked, held_out_specs(tuned, queries)))
            rungs.append(Rung(f"{system}{TUNED}", lists, (system,), worded(tuned.spec)))
    say("weights per query")
    everything = name_of(asked.runs.legs)
    tuned = tunings[everything]
    varying = ids_of(fused_by(asked, held_out_per_query(tuned, asked.runs, judged)))
    rungs.append(Rung(f"{everything}{PER_QUERY}", varying, (f"{everything}{TUNED}",), worded(tuned.spec)))
    return Ladder(tuple(rungs), tuned, fused_by(asked, held_out_specs(tuned, queries)))


def ids_of(fused: FusedLists) -> dict[str, list[str]]:
    """The lists without scores, as far as any metric looks."""
    return {query: [each.id for each in found[:WINDOW]] for query, found in fused.items()}


def worded(spec: FusionSpec) -> str:
    """The fusion with its legs, since the guard may have left some out."""
    return f"{name_of(spec.legs)} by {fusion_name(spec)}" if len(spec.legs) > 1 else f"{spec.legs[0]} alone"


def _before(legs: tuple[str, ...]) -> tuple[str, ...]:
    if legs == (BM25,):
        return (TYPED,)
    if len(legs) == 1:
        return ()
    smaller = combinations(legs, len(legs) - 1)
    return tuple(name_of(some) if len(some) == 1 else f"{name_of(some)}{TUNED}" for some in smaller)
