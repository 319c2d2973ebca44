"""Which legs a search asks, and how they are fused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mappings import FusionSpec, default_fusion
from records import InputError
from search.legs import Leg

Choice = tuple[list[Leg], FusionSpec]


def chosen(
    known: Mapping[str, Leg],
    legs: Sequence[str] | None,
    fusion: FusionSpec | None,
    tuned: FusionSpec | None = None,
) -> Choice:
    """Legs and fusion of one search.

    Args:
        known: name to leg, of those that may be asked.
        legs: names; None takes the fusion's, or all.
        fusion: None takes ``tuned`` if the search names no legs either, else ``mappings.default_fusion``.
        tuned: the release's own fusion (``IndexMeta.fusion``). A client that lacks one of its legs, as one
            that asks words alone, goes without it.

    Raises:
        InputError: a leg that is not known, or legs that are not the fusion's.
    """
    if fusion is None and legs is None and tuned is not None and known.keys() >= set(tuned.legs):
        fusion = tuned
    if fusion is None:
        fusion = default_fusion(tuple(legs) if legs is not None else tuple(known))
    elif legs is not None and tuple(legs) != fusion.legs:
        raise InputError(
            f"legs {list(legs)} are not those of the fusion, {list(fusion.legs)}",
            fix="give one or the other",
        )
    for name in fusion.legs:
        if name not in known:
            raise InputError(f"there is no leg {name!r}", fix=f"use {', '.join(known)}")
    return [known[name] for name in fusion.legs], fusion
