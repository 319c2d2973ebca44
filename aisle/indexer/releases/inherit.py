"""What a new release takes over from the live one: how it was tuned, and the models that were bound to it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aisle.cluster import Cluster
from aisle.errors import ForeignIndex
from aisle.indexer.releases.create import put_pipelines
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.release_meta import read_meta, rewrite_meta
from aisle.mappings import FusionSpec, IndexMeta, VectorSpace, fields, pipeline_name
from aisle.mappings.ordering import AS_FUSED, Ordering
from aisle.mappings.signals import SignalBoosts


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a new release takes over from the live one.

    Attributes:
        fusion: tuned; None: the default.
        boosts: that were tuned beside it; None: none.
        ordering: the models that order what is found.
    """

    fusion: FusionSpec | None = None
    boosts: SignalBoosts | None = None
    ordering: Ordering = AS_FUSED


def inherited(
    cluster: Cluster, name: str, spaces: Mapping[str, VectorSpace], recommends: str = ""
) -> Inherited:
    """What a new release takes over from the live one; notes say what does not fit it.

    The lease of the name must be held: others may still tune what is live, or bind models to it.

    Args:
        cluster: connection.
        name: of the catalogue.
        spaces: vector field to space, of the new release.
        recommends: fingerprint of its recommender; empty: it has none.
    """
    live = _live(cluster, name)
    if live is None:
        return Inherited()
    ordering = live.ordering
    before = live.item_spaces.recommends
    if ordering.preferences is not None and (before is None or before.recommender != recommends):
        _not_inherited(f"{live.release} recommends by another recommender", "preferences", "preferences")
        ordering = replace(ordering, preferences=None)
    if fits(live, spaces):
        return Inherited(live.fusion, live.boosts, ordering)
    if live.fusion is not None:
        warnings.warn(
            f"{live.release} was tuned with other legs or encoders: the new release begins with the default"
            " fusion; tune it anew with `aisle tune run`",
            stacklevel=3,
        )
    if ordering.ranker is not None:
        _not_inherited(f"{live.release} has other legs or encoders", "ranker", "a ranker")
        ordering = replace(ordering, ranker=None)
    return Inherited(ordering=ordering)


def _not_inherited(why: str, what: str, training: str) -> None:
    warnings.warn(
        f"{why}: the new release begins without its {what}; train {training} for it (`aisle train {what}`),"
        f" then `aisle releases bind RELEASE --{what}`",
        stacklevel=4,
    )


def fits(live: IndexMeta, spaces: Mapping[str, VectorSpace]) -> bool:
    """Whether raw scores of the new release mean what they mean in the live one."""
    return _searched(live.spaces) == _searched(spaces)


def _searched(spaces: Mapping[str, VectorSpace]) -> dict[str, VectorSpace]:
    return {field: space for field, space in spaces.items() if field in fields.SEARCHED_VECTORS}


def _live(cluster: Cluster, name: str) -> IndexMeta | None:
    """None for the first release, and where nothing can be read."""
    live = read_inventory(cluster, name).live
    if len(live) != 1:
        return None
    try:
        return IndexMeta.from_mapping(live[0], cluster.indices.get(index=live[0])[live[0]]["mappings"])
    except ForeignIndex:
        return None


def inherit_again(cluster: Cluster, release: str, taken: Inherited) -> None:
    """Give it to the release of a run that was interrupted, as what is live may have been changed since.

    To be repeated safely.

    Args:
        cluster: one that repeats its requests.
        release: index, unfinished.
        taken: see `inherited`. Boosts are written with how the signals are spread.

    Raises:
        SearchError: it does not read back.
        ClusterError: the cluster does not answer.
    """
    pipelines = read_meta(cluster, release)["aisle"]["pipelines"]
    if taken.fusion is not None:
        put_pipelines(cluster, [taken.fusion])
        pipelines = list(dict.fromkeys((*pipelines, pipeline_name(taken.fusion))))
    changed = {
        "fusion": taken.fusion.to_json() if taken.fusion else None,
        "ordering": taken.ordering.to_json() if taken.ordering != AS_FUSED else None,
        "pipelines": pipelines,
        "boosts": None,
    }
    rewrite_meta(cluster, release, changed)
