"""A ranking in which the items that the query names come first, or alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mappings import FusionSpec
from search.exact import Named, facets_by_id, on_top
from search.facets import read_facets
from search.fusion import Fused, LegResult
from search.ranking import Ranking
from search.search_path import SearchPath


def pinned(ranking: Ranking, named: Named) -> Ranking:
    """The items named on top, the rest as they were."""
    if not named.ids:
        return ranking
    return replace(
        ranking,
        fused=on_top(ranking.fused, named.ids, len(ranking.spec.legs)),
        path=SearchPath.EXACT,
        pinned_first=len(named.ids),
    )


def alone(text: str, spec: FusionSpec, named: Named, answer: Mapping[str, Any], *, facets: bool) -> Ranking:
    """The one item whose id the query is. No leg was asked, so its score is 0.

    Args:
        text: the query.
        spec: the fusion that would have been asked.
        named: of the one id.
        answer: to ``exact.exact_body``.
        facets: whether facets were asked for.
    """
    return Ranking(
        fused=[Fused(id_, 0.0, (0.0,) * len(spec.legs)) for id_ in named.ids],
        results={leg: LegResult((), ()) for leg in spec.legs},
        spec=spec,
        release=named.release,
        total=1,
        total_is_exact=True,
        facets=read_facets(facets_by_id(answer)) if facets else None,
        encode_ms=0.0,
        server_ms=named.server_ms,
        text=text,
        path=SearchPath.EXACT,
        pinned_first=1,
    )
