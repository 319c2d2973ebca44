"""What differs between two releases: documents, mapping, settings and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import InputError
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import check_name
from aisle.mappings import fields
from aisle.mappings.document import item_of

Document: TypeAlias = tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class DocumentDiff:
    """How the documents of two releases differ.

    Attributes:
        added, removed, changed, same: counts.
        added_ids, removed_ids: the first few.
        changed_fields: the first few changed ids, each with the fields that differ.
    """

    added: int = 0
    removed: int = 0
    changed: int = 0
    same: int = 0
    added_ids: list[str] = field(default_factory=list)
    removed_ids: list[str] = field(default_factory=list)
    changed_fields: dict[str, list[str]] = field(default_factory=dict)


def diff_documents(before: Iterable[Document], after: Iterable[Document], examples: int) -> DocumentDiff:
    """Compare two releases.

    Args:
        before: id and content, sorted by id (code points, as OpenSearch sorts keywords), no id twice.
        after: the same of the other release.
        examples: ids to keep of each kind.
    """
    diff = DocumentDiff()
    for identity, old, new in _side_by_side(iter(before), iter(after)):
        if old is None:
            diff.added += 1
            _keep(diff.added_ids, identity, examples)
        elif new is None:
            diff.removed += 1
            _keep(diff.removed_ids, identity, examples)
        elif old == new:
            diff.same += 1
        else:
            diff.changed += 1
            if len(diff.changed_fields) < examples:
                diff.changed_fields[identity] = differing(old, new)
    return diff


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The fields whose values differ, sorted."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _keep(ids: list[str], identity: str, examples: int) -> None:
    if len(ids) < examples:
        ids.append(identity)


def _side_by_side(
    before: Iterator[Document], after: Iterator[Document]
) -> Iterator[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if old is not None and new is not None and old[0] == new[0]:
            yield old[0], old[1], new[1]
            old, new = next(before, None), next(after, None)
        elif old is not None and (new is None or old[0] < new[0]):
            yield old[0], old[1], None
            old = next(before, None)
        elif new is not None:
            yield new[0], None, new[1]
            new = next(after, None)


# Path of a leaf, to its value in the one and in the other; None where it is missing.
Differences: TypeAlias = dict[str, tuple[Any, Any]]

# Of every index its own, whatever it holds.
_ITS_OWN: Final = ("index.uuid", "index.creation_date", "index.provided_name", "index.version.")
_META: Final = "_meta"
_OF_ONE_RELEASE: Final = ("aisle.release", "aisle.lineage.parent")


def diff_indexes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Differences]:
    """Compare two values of ``GET <index>``.

    Returns:
        ``mapping``, ``settings`` and ``meta`` (artifacts, pipelines, engine), each from path to both values.
    """
    return {
        "mapping": _differences(_without_meta(before["mappings"]), _without_meta(after["mappings"])),
        "settings": _differences(before["settings"], after["settings"], _ITS_OWN),
        "meta": _differences(
            before["mappings"].get(_META, {}), after["mappings"].get(_META, {}), _OF_ONE_RELEASE
        ),
    }


def _without_meta(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != _META}


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], leave_out: tuple[str, ...] = ()
) -> Differences:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return {
        path: (old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and not path.startswith(leave_out)
    }


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


_PAGE: Final = 1_000
# Renewed by every page.
_KEEP_ALIVE: Final = "5m"
# Numbers for machines; two runs of one model need not agree to the last digit.
_VECTORS: Final = frozenset({"knn_vector", "rank_features", "sparse_vector"})


def learned_fields(mapping: Mapping[str, Any]) -> frozenset[str]:
    """The fields of a mapping that hold what models make of items: every training changes all of them."""
    properties: Mapping[str, Any] = mapping.get("properties", {})
    vectors = (name for name, body in properties.items() if body.get("type") in _VECTORS)
    return frozenset((fields.TEXT_HASH, fields.TAKEN, *vectors, *filter(fields.is_sid, properties)))


@contextmanager
def documents(
    cluster: Cluster, release: str, without: Sequence[str], page: int = _PAGE
) -> Iterator[Iterator[Document]]:
    """A stream of (id, content), as the release was at this moment, closed with the block.

    Args:
        cluster: one that repeats its requests.
        release: index.
        without: fields to leave out.
        page: documents per request.
    """
    pit = cluster.create_pit(index=release, params={"keep_alive": _KEEP_ALIVE})["pit_id"]
    try:
        yield _pages(cluster, pit, without, page)
    finally:
        cluster.delete_pit(body={"pit_id": [pit]})


def _pages(cluster: Cluster, pit: str, without: Sequence[str], page: int) -> Iterator[Document]:
    body: dict[str, Any] = {
        "size": page,
        "query": {"match_all": {}},
        "pit": {"id": pit, "keep_alive": _KEEP_ALIVE},
        "sort": [{fields.ID: "asc"}],
        "_source": {"excludes": list(without)},
        "track_total_hits": False,
    }
    while True:
        hits = cluster.search(body=body)["hits"]["hits"]
        for hit in hits:
            yield hit["_id"], _compared(hit["_id"], hit["_source"])
        if len(hits) < page:
            return
        body["search_after"] = hits[-1]["sort"]


def _compared(identity: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared: the item, in whichever schema version it is stored, and what is none of it."""
    rest = {name: value for name, value in source.items() if name not in fields.OF_ITEM}
    content = item_of(identity, source).to_json()
    return {**rest, **content, **content.pop("signals")}


USUAL_EXAMPLES: Final = 10
_DEFAULT_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """How two releases of a catalogue differ.

    Attributes:
        before, after: the releases.
        documents: see `diff_documents`.
        index: see `diff_indexes`.
    """

    before: str
    after: str
    documents: DocumentDiff
    index: dict[str, Differences]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def diff_releases(
    client: OpenSearch,
    name: str,
    before: str,
    after: str,
    *,
    examples: int = USUAL_EXAMPLES,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> ReleaseDiff:
    """Compare two releases of one catalogue, document by document; what models make of items is left out.

    Args:
        client: connection.
        name: of the catalogue.
        before: one of its releases.
        after: another one.
        examples: ids to name of each kind of difference.
        policy: for each request.

    Raises:
        InputError: one of them is no release of ``name``.
        ClusterError: the cluster is away.
    """
    check_name(name)
    cluster = Cluster.of(client).retrying(policy)
    known = read_inventory(cluster, name).releases
    for release in (before, after):
        if release not in known:
            raise InputError(
                f"{name} has no release {release}",
                fix=f"choose from {', '.join(known)}" if known else "index a catalogue first",
            )
    params = {"flat_settings": "true"}
    bodies = [cluster.indices.get(index=release, params=params)[release] for release in (before, after)]
    learned = sorted(frozenset().union(*(learned_fields(body["mappings"]) for body in bodies)))
    with documents(cluster, before, learned) as old, documents(cluster, after, learned) as new:
        found = diff_documents(old, new, examples)
    return ReleaseDiff(before, after, found, diff_indexes(*bodies))
