"""What differs between two releases: documents, mapping, settings and models."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import opensearchpy

from cluster import translated_errors
from indexer.diff_documents import DocumentDiff, diff_documents
from indexer.diff_indexes import Differences, diff_indexes
from indexer.diff_stream import documents, vector_fields
from indexer.release_names import check_name
from indexer.retries import RetryPolicy, until_done
from indexer.standing import standing
from records import InputError

USUAL_EXAMPLES: Final = 10
_DEFAULT_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """Attributes:
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
    client: opensearchpy.OpenSearch,
    name: str,
    before: str,
    after: str,
    *,
    examples: int = USUAL_EXAMPLES,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> ReleaseDiff:
    """Compare two releases of one catalogue, document by document; vectors are left out.

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
    stop = threading.Event()
    with translated_errors():
        known = until_done(partial(standing, client, name), policy, stop).releases
        for release in (before, after):
            if release not in known:
                raise InputError(
                    f"{name} has no release {release}",
                    fix=f"choose from {', '.join(known)}" if known else "index a catalogue first",
                )
        params = {"flat_settings": "true"}
        bodies = [
            until_done(partial(client.indices.get, index=release, params=params), policy, stop)[release]
            for release in (before, after)
        ]
        vectors = sorted({name for body in bodies for name in vector_fields(body["mappings"])})
        with (
            documents(client, before, vectors, policy) as old,
            documents(client, after, vectors, policy) as new,
        ):
            found = diff_documents(old, new, examples)
    return ReleaseDiff(before, after, found, diff_indexes(*bodies))
