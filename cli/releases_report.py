"""Releases and their differences as text."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.diff import ReleaseDiff
from workflows.releases_list import ReleaseRow


def cells(row: ReleaseRow) -> Iterator[str]:
    """A release as the cells of a table."""
    yield row.release
    yield row.state
    yield "?" if row.documents is None else f"{row.documents:,}"
    yield "?" if row.size_bytes is None else f"{row.size_bytes / 1e6:,.1f} MB"
    yield row.created
    yield ", ".join(f"{field}: {model}" for field, model in row.encoders.items()) or "words alone"
    yield "?" if row.schema_version is None else str(row.schema_version)


def diff_lines(found: ReleaseDiff) -> Iterator[str]:
    """A comparison as lines for people."""
    documents = found.documents
    yield f"{found.before} → {found.after}"
    yield (
        f"documents: {documents.added:,} added, {documents.removed:,} removed, {documents.changed:,} changed,"
        f" {documents.same:,} the same"
    )
    for kind, ids in (("added", documents.added_ids), ("removed", documents.removed_ids)):
        if ids:
            yield f"  {kind}: {', '.join(ids)}"
    for identity, names in documents.changed_fields.items():
        yield f"  changed: {identity} ({', '.join(names)})"
    for part, differences in found.index.items():
        yield f"{part}: {'no difference' if not differences else ''}"
        for path, (old, new) in differences.items():
            yield f"  {path}: {old} → {new}"
