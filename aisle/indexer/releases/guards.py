"""What keeps a bad file from emptying a shop: how much of it was read, and how much of the live one it loses.

Looked at before the swap, so that a night's run over a broken export ends in an error and yesterday's
release.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aisle.catalogue.rejects import Rejects
from aisle.catalogue.report import RowCounts
from aisle.cluster import Cluster
from aisle.errors import AisleError, IndexingFailed, InputError
from aisle.indexer.releases.inventory import read_inventory
from aisle.mappings import fields
from aisle.types import CatalogueWarning


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """What a release may lose and still go live.

    Attributes:
        max_rejected: share of the rows, 0 to 1, that may be rejected; those left out on purpose do not count.
        max_shrink: share of the live release's documents, 0 to 1, by which the new one may be smaller.
        strict: a field that lost its coverage is an error and no warning.

    Raises:
        InputError: a share that is none.
    """

    max_rejected: float = 0.05
    max_shrink: float = 0.2
    strict: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.max_rejected <= 1 and 0 <= self.max_shrink <= 1):
            raise InputError(
                f"shares of {self.max_rejected:g} rejected rows and {self.max_shrink:g} fewer documents are"
                " impossible",
                fix="give shares from 0 to 1",
            )


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a release is not to go live.

    Attributes:
        why: with both counts.
        fix: what to look at.
        override: the option that lets it go live all the same.
    """

    why: str
    fix: str
    override: str


def rejected_stop(counts: RowCounts, rejects: Rejects, limits: GuardLimits) -> Stop | None:
    """Stops a file of which too little could be read; says the commonest reasons."""
    rows = counts.rows - counts.left_out.total()
    if not counts.rejected or counts.rejected / rows <= limits.max_rejected:
        return None
    aside = " that were not left out on purpose" if rows < counts.rows else ""
    return Stop(
        f"{counts.rejected:,} of {rows:,} rows{aside} were rejected ({_percent(counts.rejected, rows)}), and"
        f" {_limit(limits.max_rejected)} may be: {'; '.join(reasons_with_examples(rejects))}",
        f"look at {rejects.path or 'these rows'} and mend the file or --map",
        f"--max-rejected {_share_above(counts.rejected, rows)}",
    )


def raise_for(stops: Sequence[Stop | None]) -> None:
    """Raises IndexingFailed: something stops the release; says all of it, and every option at once."""
    found = [stop for stop in stops if stop is not None]
    if found:
        raise IndexingFailed(
            "; ".join(stop.why for stop in found),
            fix=f"{', '.join(dict.fromkeys(stop.fix for stop in found))}; if it is as it should be:"
            f" {' '.join(stop.override for stop in found)}",
        )


_REASONS: Final = 3


def reasons_with_examples(rejects: Rejects, most: int = _REASONS) -> Iterator[str]:
    """The commonest reasons, each with its number of rows and one of them; printable."""
    # A list of its own: another thread may be reading on.
    for reason, times in sorted(rejects.reasons.items(), key=lambda found: -found[1])[:most]:
        example = rejects.examples.get(reason)
        yield f"{times:,} x {reason}" + (f" ({example})" if example else "")


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _limit(share: float) -> str:
    return f"{100 * share:.3g} %"


def _share_above(part: int, whole: int) -> str:
    """The share with two decimals, rounded up: the limit that lets it pass."""
    return f"{-(-100 * part // whole) / 100:g}"


# Enough rows to judge by, even where their order may have a meaning: more than half of so many are bad only
# in a file that is read wrongly.
_EARLY_ROWS: Final = 10_000
_EARLY_SHARE: Final = 0.5


def early_stop(counts: RowCounts, rejects: Rejects, limits: GuardLimits) -> Stop | None:
    """As `rejected_stop`, while the file is read: of one that is plainly read wrongly."""
    rows = counts.rows - counts.left_out.total()
    plain = rows >= _EARLY_ROWS and counts.rejected > _EARLY_SHARE * rows
    return rejected_stop(counts, rejects, limits) if plain else None


# A list price is gone when a sale ends, and groups when variants are merged: both by intention.
_ASKED: Final = {
    name: asked for name, asked in fields.PRESENCE.items() if name not in ("group", fields.LIST_PRICE)
}


@dataclass(frozen=True, slots=True)
class ReleaseContent:
    """How much a release holds.

    Attributes:
        release: index.
        documents: of it.
        present: field of `aisle.types.Item` to the number of documents that have it.
    """

    release: str
    documents: int
    present: Mapping[str, int]

    @property
    def coverage(self) -> dict[str, float]:
        """Field to the share of the documents that have it: 0 to 1."""
        return {name: self.share(name) for name in self.present}

    def share(self, name: str) -> float:
        """Of the documents, how many have this field: 0 to 1."""
        return self.present.get(name, 0) / self.documents if self.documents else 0.0


def live_content(cluster: Cluster, name: str) -> ReleaseContent | None:
    """What is live under a name; None if nothing is, or if it cannot be asked, which a warning says.

    A release whose shards are lost must not keep the one that replaces it from going live.
    """
    live = read_inventory(cluster, name).live
    if not live:
        return None
    try:
        return release_content(cluster, *live)
    except AisleError as error:
        _warn(f"{live[0]} is live and cannot be asked, so nothing is compared with it ({error.message})")
        return None


def release_content(cluster: Cluster, *releases: str) -> ReleaseContent:
    """How much a release holds, refreshed documents alone.

    Raises:
        IndexNotFound: there is no such release.
        ClusterError: the cluster does not answer.
    """
    body = {
        "size": 0,
        "track_total_hits": True,
        "aggs": {name: {"filter": {"exists": {"field": asked}}} for name, asked in _ASKED.items()},
    }
    found = cluster.search(index=",".join(releases), body=body)
    return ReleaseContent(
        release=", ".join(releases),
        documents=found["hits"]["total"]["value"],
        present={name: found["aggregations"][name]["doc_count"] for name in _ASKED},
    )


def shrink_stop(documents: int, live: ReleaseContent, limits: GuardLimits) -> Stop | None:
    """Stops a release that holds too little of what is live."""
    lost = live.documents - documents
    if lost <= 0 or lost / live.documents <= limits.max_shrink:
        return None
    return Stop(
        f"the new release holds {documents:,} documents, and the live {live.release} {live.documents:,}:"
        f" {_percent(lost, live.documents)} fewer, and {_limit(limits.max_shrink)} may be",
        "check that the file is whole",
        f"--max-shrink {_share_above(lost, live.documents)}",
    )


# Below this share a field is an exception, and its going means nothing.
_USUAL: Final = 0.1
# A night in which a fifth of the prices go is worth a word.
_KEPT: Final = 0.8


def lost_coverage(counts: RowCounts, live: ReleaseContent) -> tuple[str, ...]:
    """The fields that more than a fifth of those items lost which had them, a line each."""
    new = ReleaseContent("", counts.items, counts.present)
    return tuple(
        f"{name}: {new.share(name):.0%} of the items have it, {live.share(name):.0%} in {live.release}"
        for name in _ASKED
        if fields.TITLE in counts.present
        and live.share(name) >= _USUAL
        and new.share(name) < _KEPT * live.share(name)
    )


def lost_stop(lost: Sequence[str], limits: GuardLimits) -> Stop | None:
    """Stops a release whose fields lost their coverage, where one is strict."""
    if not (lost and limits.strict):
        return None
    return Stop(
        "; ".join(lost),
        "look at what --dry-run says was read as what and mend the file or --map",
        "without --strict",
    )


@dataclass(slots=True)
class ReleaseGuard:
    """Holds a run to its limits; a check of the release before it goes live.

    Attributes:
        cluster: one that repeats its requests.
        name: of the catalogue.
        limits: what may be lost.
        counts, rejects: of the reader, growing.
        lost: fields that lost their coverage, once `check` has passed.
    """

    cluster: Cluster
    name: str
    limits: GuardLimits
    counts: RowCounts
    rejects: Rejects
    lost: tuple[str, ...] = field(default=(), init=False)

    def early(self) -> None:
        """Look at what is read so far.

        Raises:
            IndexingFailed: the rest need not be read.
        """
        raise_for([early_stop(self.counts, self.rejects, self.limits)])

    def check(self, release: str) -> None:
        """Hold a loaded release to the limits.

        Raises:
            IndexingFailed: it is not to go live.
        """
        self.check_content(self.cluster.count(index=release)["count"])

    def check_content(self, documents: int) -> None:
        """Hold a release of so many documents to the limits.

        Raises:
            IndexingFailed: it is not to go live.
        """
        stops = [rejected_stop(self.counts, self.rejects, self.limits)]
        if (live := live_content(self.cluster, self.name)) is not None:
            self.lost = lost_coverage(self.counts, live)
            stops += [shrink_stop(documents, live, self.limits), lost_stop(self.lost, self.limits)]
        raise_for(stops)
        for line in self.lost:
            _warn(line)


def _warn(line: str) -> None:
    warnings.warn(line, CatalogueWarning, stacklevel=2)
