"""What rules ask of the index: clauses of the request, and what its answer says of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from aisle.errors import AisleError
from aisle.search.legs import Bm25Leg
from aisle.search.preflight import LiveIndex
from aisle.search.rules.effects import Chosen, Effect, Outcome, RuleEffects
from aisle.search.rules.rule import Selection

Clause = dict[str, Any]

_MOVED: Final = "rules:"
_KEPT: Final = "kept"


def usable(effects: RuleEffects, live: LiveIndex) -> RuleEffects:
    """The effects without selections that a release does not know, which are named among the outcomes.

    A shopper who asks for one is told; a rule that does must not cost shoppers their results.
    """
    known, outcomes = [], []
    for one in effects.chosen:
        try:
            one.selection.filters.check(live.meta, live.numbers)
        except AisleError as error:
            outcomes.append(one.outcome(error.message))
        else:
            known.append(one)
            if one.effect in (Effect.FILTER, Effect.EXCLUDE):
                outcomes.append(one.outcome())
    return replace(effects, chosen=tuple(known), outcomes=(*effects.outcomes, *outcomes))


def rule_clauses(effects: RuleEffects, languages: Sequence[str] = ()) -> list[Clause]:
    """Filter clauses that every result must match, beside those of the shopper.

    Args:
        effects: of the rules.
        languages: that the release is searched in beside its main one.
    """
    chosen = [(one.effect, _clause(one.selection, languages)) for one in effects.chosen]
    wanted = [clause for effect, clause in chosen if effect is Effect.FILTER]
    unwanted = [clause for effect, clause in chosen if effect is Effect.EXCLUDE]
    if effects.hidden:
        unwanted.append({"ids": {"values": list(effects.hidden)}})
    return [*wanted, *([{"bool": {"must_not": unwanted}}] if unwanted else [])]


def _clause(selection: Selection, languages: Sequence[str]) -> Clause:
    clauses = selection.filters.clauses()
    if selection.ids:
        clauses.append({"ids": {"values": list(selection.ids)}})
    if selection.words:
        clauses.append(Bm25Leg().having(selection.words, languages))
    return {"bool": {"filter": clauses}}


def marks(effects: RuleEffects, languages: Sequence[str] = ()) -> list[Clause]:
    """Clauses that add nothing to a score and tell by their names which items' scores are multiplied.

    Args:
        effects: of the rules.
        languages: that the release is searched in beside its main one.
    """
    clauses = ((place, _clause(one.selection, languages)) for place, one in _moving(effects))
    return [
        {"constant_score": {"filter": clause, "boost": 0.0, "_name": f"{_MOVED}{place}"}}
        for place, clause in clauses
    ]


def _moving(effects: RuleEffects) -> Iterator[tuple[int, Chosen]]:
    return ((place, one) for place, one in enumerate(effects.chosen) if one.by != 1.0)


def read_factors(effects: RuleEffects, hits: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Item to what its score is multiplied by, from hits that carry the names of `marks`."""
    factors = {f"{_MOVED}{place}": one.by for place, one in _moving(effects)}
    found: dict[str, float] = {}
    if factors:
        for hit in hits:
            for name in hit.get("matched_queries", ()):
                if name in factors:
                    found[hit["_id"]] = found.get(hit["_id"], 1.0) * factors[name]
    return found


def moved(effects: RuleEffects, hits: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    """Whether there was anything whose score could be multiplied."""
    there = {name for hit in hits for name in hit.get("matched_queries", ())}
    return tuple(
        one.outcome("" if f"{_MOVED}{place}" in there else "no result is among them")
        for place, one in _moving(effects)
    )


def pins_body(ids: Sequence[str], clauses: Sequence[Clause], stored: Sequence[Any]) -> dict[str, Any]:
    """Body of the request that tells which pinned items there are, and which meet the filters.

    Args:
        ids: of pinned items.
        clauses: that every result must match.
        stored: fields whose values are asked for, as in a request for candidates.
    """
    meets: Clause = {"bool": {"filter": list(clauses), "_name": _KEPT}} if clauses else _ALL
    return {
        "size": len(ids),
        "_source": False,
        "track_total_hits": False,
        **({"docvalue_fields": list(stored)} if stored else {}),
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}], "should": [meets]}},
    }


_ALL: Final[Clause] = {"match_all": {"_name": _KEPT}}


def missing(ids: Collection[str], answer: Mapping[str, Any], release: str) -> dict[str, str]:
    """Pinned items that cannot be shown, with the reason, from the answer to `pins_body`."""
    hits = {hit["_id"]: hit.get("matched_queries", ()) for hit in answer["hits"]["hits"]}
    gone = {id_: f"{release} has no such item" for id_ in ids if id_ not in hits}
    filtered = {id_: "the filters leave it out" for id_, names in hits.items() if _KEPT not in names}
    return gone | filtered
