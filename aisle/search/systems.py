"""The systems that an evaluation compares: each is a fusion of legs, and has a name."""

from __future__ import annotations

from aisle.errors import InputError
from aisle.mappings import BM25, DENSE, SPARSE, FusionSpec, IndexMeta, default_fusion, standard_fusions

HYBRID = "hybrid"

TUNED = "tuned"
"""The fusion that the release was tuned to, see ``aisle tune``."""

RERANKED = "+rerank"
"""Ends the name of a system whose candidates are reranked, as in ``hybrid+rerank``."""

LEARNED = "+ranker"
"""Ends the name of a system whose candidates a learned ranker orders, as in ``hybrid+ranker``; a reranker may
follow: ``hybrid+ranker+rerank``."""

RULED = "+rules"
"""Ends the name of a system on whose results the catalogue's rules acted."""


def legs_of(meta: IndexMeta) -> tuple[str, ...]:
    """The legs that an index can be asked: words, and each vector field by its name."""
    return (BM25, *(leg for leg in (DENSE, SPARSE) if leg in meta.spaces))


def parse_systems(
    names: str, legs: tuple[str, ...] = (BM25, DENSE), tuned: FusionSpec | None = None
) -> dict[str, FusionSpec]:
    """Systems from ``bm25,dense,hybrid``; ``hybrid:min_max+geometric_mean`` names a standard fusion.

    A name with ``+ranker`` or ``+rerank`` at its end is the same fusion; ``is_learned`` and ``is_reranked``
    tell.

    Args:
        names: separated by commas.
        legs: those that the index has; ``hybrid`` fuses them all.
        tuned: what the release was tuned to, None if it was not.

    Raises:
        InputError: for a name that is no system, or none at all.
    """
    known = known_systems(legs) | ({TUNED: tuned} if tuned else {})
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in wanted:
        if _fused(name) not in known:
            raise InputError(
                f"there is no system {name!r}",
                fix=f"use any of {', '.join(known)}, or one with {LEARNED} or {RERANKED}",
            )
    if not wanted:
        raise InputError("no system to evaluate", fix=f"name some with --systems {','.join((*legs, HYBRID))}")
    return {name: known[_fused(name)] for name in wanted}


def _fused(name: str) -> str:
    return name.removesuffix(RERANKED).removesuffix(LEARNED)


def check_systems(names: str) -> None:
    """Refuse names that are no systems of any index. Raises as ``parse_systems``."""
    legs = (BM25, DENSE, SPARSE)
    parse_systems(names, legs, default_fusion(legs))


def is_reranked(system: str) -> bool:
    """Whether a system of that name is to be reranked."""
    return system.endswith(RERANKED)


def is_learned(system: str) -> bool:
    """Whether a learned ranker is to order the candidates of a system of that name."""
    return system.removesuffix(RERANKED).endswith(LEARNED)


def known_systems(legs: tuple[str, ...] = (BM25, DENSE)) -> dict[str, FusionSpec]:
    """Every system of these legs by name: each leg, and their fusions."""
    return {
        **{leg: FusionSpec.equal(leg) for leg in legs},
        HYBRID: default_fusion(legs),
        **{f"{HYBRID}:{spec.title}": spec for spec in standard_fusions(legs)},
    }


def named_fusion(title: str, legs: tuple[str, ...] | None = None) -> FusionSpec:
    """The standard fusion of that title over these legs (default: bm25 and dense).

    Raises:
        InputError: if there is none of that title.
    """
    known = {spec.title: spec for spec in standard_fusions(legs or (BM25, DENSE))}
    if title not in known:
        raise InputError(f"there is no fusion {title!r}", fix=f"use one of {', '.join(known)}")
    return known[title]
