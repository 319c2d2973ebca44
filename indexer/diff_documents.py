"""Which documents differ between two streams that are sorted by id. Pure; holds one document of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Document: TypeAlias = tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class DocumentDiff:
    """Attributes:
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
        before: id and source, sorted by id (code points, as OpenSearch sorts keywords), no id twice.
        after: likewise.
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
