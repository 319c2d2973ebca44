"""The systems that an evaluation compares: each is a fusion of legs, and has a name."""

from __future__ import annotations

from mappings import BM25, DENSE, FusionSpec, default_fusion, standard_fusions
from records import InputError

HYBRID = "hybrid"


def parse_systems(names: str) -> dict[str, FusionSpec]:
    """Systems from ``bm25,dense,hybrid``; ``hybrid:min_max+geometric_mean`` names a standard fusion.

    Raises:
        InputError: for a name that is no system, or none at all.
    """
    known = known_systems()
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in wanted:
        if name not in known:
            raise InputError(f"there is no system {name!r}", fix=f"use any of {', '.join(known)}")
    if not wanted:
        raise InputError("no system to evaluate", fix=f"name some with --systems {BM25},{DENSE},{HYBRID}")
    return {name: known[name] for name in wanted}


def known_systems() -> dict[str, FusionSpec]:
    """Every system by name."""
    return {
        BM25: FusionSpec.equal(BM25),
        DENSE: FusionSpec.equal(DENSE),
        HYBRID: default_fusion(),
        **{f"{HYBRID}:{spec.title}": spec for spec in standard_fusions()},
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
