"""What comes where: the candidates of a search in the order that its pages are cut from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aisle.search.fusion import Fused
from aisle.search.groups import collapsed, group_of, pinned_variants
from aisle.search.identifiers import Named, on_top
from aisle.search.page import Correction, Matched, MatchType
from aisle.search.ranking import Ranking
from aisle.search.rules.effects import Outcome, placed
from aisle.search.sorting import SortValue, sorted_candidates


def pinned(ranking: Ranking, named: Named) -> Ranking:
    """The items that the query names on top, the rest as they were."""
    ranking = replace(ranking, server_ms=ranking.server_ms + named.server_ms)
    if not named.all:
        return ranking
    return replace(
        ranking,
        fused=on_top(ranking.fused, named.all, len(ranking.spec.legs), named.by_id),
        path=MatchType.EXACT,
        by_words=ranking.by_words.union(named.all),
        matched=Matched.WORDS,
        pinned_first=len(named.all),
        values={**named.values, **ranking.values},
    )


def is_crowded(ranking: Ranking, window: int) -> bool:
    """Whether variants of few products take the places of others: fewer products than half the window.

    It goes by the candidates of one window and never by the page that is asked for, so that all pages of a
    search are cut from one list.

    Args:
        ranking: of a grouped search.
        window: candidates per leg that it was asked for; a leg that found fewer has no others.
    """
    if all(len(result.ids) < window for result in ranking.results.values()):
        return False
    return 2 * len({group_of(fused.id, ranking.values) for fused in ranking.fused}) < window


def by_product(ranking: Ranking, order: Sequence[Fused]) -> tuple[Ranking, list[Fused]]:
    """Candidates with one variant per product: the best, or the one that rules pin.

    Args:
        ranking: of the search.
        order: its candidates.

    Returns:
        The ranking, in which a pinned item is missing if another variant of its product is pinned before it,
        and what is left of the order.
    """
    pins = [pin.id for pin in ranking.rules.pins] if ranking.rules else []
    pinned, missing = pinned_variants(pins, ranking.missing, ranking.values)
    return replace(ranking, missing=missing), collapsed(order, ranking.values, pinned)


def in_order(ranking: Ranking, order: Sequence[Fused]) -> list[Fused]:
    """Candidates in the order that was asked for instead of that of relevance.

    Args:
        ranking: of the search.
        order: its candidates, or those of them that are shown.
    """
    if ranking.sort is None:
        return list(order)
    key, least = ranking.sort
    return sorted_candidates(order, key, ranking.values, ranking.by_words, least)


def sort_values_of(ranking: Ranking) -> Mapping[str, SortValue]:
    """Item to what it is sorted by; empty for a search by relevance."""
    if ranking.listed is not None:
        return ranking.listed.values
    if ranking.sort is None:
        return {}
    key, _ = ranking.sort
    return {fused.id: key.value(ranking.values.get(fused.id, {})) for fused in ranking.fused}


def with_pins(ranking: Ranking, order: Sequence[Fused]) -> tuple[list[Fused], tuple[Outcome, ...]]:
    """Results in their final order with those that rules pin at their places, and all that rules did.

    Args:
        ranking: of the search.
        order: its candidates, or those of them that are shown, after everything else that orders them.
    """
    if ranking.rules is None:
        return list(order), ()
    found = placed([each.id for each in order], ranking.rules.pins, ranking.missing)
    known = {each.id: each for each in (*ranking.fused, *order)}
    nothing = (0.0,) * len(ranking.spec.legs)
    return (
        [known.get(id_) or Fused(id_, 0.0, nothing) for id_ in found.ids],
        (*ranking.outcomes, *found.outcomes),
    )


def corrected_ranking(typed: Ranking, again: Ranking, correction: Correction) -> Ranking:
    """The ranking of the corrected words, with the time that those typed took."""
    return replace(
        again,
        path=MatchType.CORRECTED if again.path is MatchType.LEGS else again.path,
        corrected=correction,
        encode_ms=typed.encode_ms + again.encode_ms,
        server_ms=typed.server_ms + again.server_ms,
    )
