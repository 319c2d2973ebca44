"""What an index knows of one item's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opensearchpy import NotFoundError, OpenSearch

from cluster import translated_errors
from mappings import fields
from records import ArtifactMismatch, InputError
from search import read_live


@dataclass(frozen=True, slots=True)
class ExplainedItem:
    """Attributes:
    release: index that was asked.
    id, title: of the item.
    encoder: name of the sparse artifact, fingerprint: its 64 hex digits.
    tokens: token to weight, heaviest first.
    """

    release: str
    id: str
    title: str
    encoder: str
    fingerprint: str
    tokens: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "id": self.id,
            "title": self.title,
            "encoder": self.encoder,
            "fingerprint": self.fingerprint,
            "tokens": dict(self.tokens),
        }


def explain_item(client: OpenSearch, name: str, item: str) -> ExplainedItem:
    """The weights of an item's tokens, as they are stored in the live release.

    Raises:
        IndexNotFound, ForeignIndex: see ``search.read_live``.
        ArtifactMismatch: the index was made without a sparse encoder.
        InputError: there is no such item.
    """
    meta = read_live(client, name).meta
    space = meta.spaces.get(fields.SPARSE)
    if space is None:
        raise ArtifactMismatch(
            f"index {meta.release} has no sparse weights",
            fix="index the catalogue with --sparse ARTIFACT; `aisle train sparse` makes one",
        )
    with translated_errors():
        try:
            found = client.get(
                index=meta.release, id=item, params={"_source_includes": f"{fields.TITLE},{fields.SPARSE}"}
            )
        except NotFoundError as error:
            raise InputError(
                f"there is no item {item!r} in {meta.release}",
                fix=f"take an id from `aisle search --name {name}`",
            ) from error
    source = found["_source"]
    tokens = sorted(source.get(fields.SPARSE, {}).items(), key=lambda pair: (-pair[1], pair[0]))
    return ExplainedItem(
        meta.release, item, source.get(fields.TITLE, ""), space.name, space.fingerprint, dict(tokens)
    )
