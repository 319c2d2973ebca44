"""What is served together in one release, bound by fingerprints: an immutable record. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aisle.errors import RegistryError

SCHEMA_VERSION: Final = 1
_SHA256: Final = r"^[0-9a-f]{64}$"
_WORD: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
# When it was recorded and what changes by itself: two records of the same are one.
_NOT_BOUND: Final = {"created", "documents"}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BoundArtifact(_Record):
    """An artifact that a release is served with.

    Attributes:
        role: what it does there: "encoder", "sparse encoder", "recommender", "codes", "router",
            "preferences", "item-to-item model", "ranker", or "reranker 1" and so on.
        kind, name: of the artifact.
        fingerprint: of the artifact, 64 hex digits.
    """

    role: str
    kind: str = Field(pattern=_WORD)
    name: str = Field(pattern=_WORD)
    fingerprint: str = Field(pattern=_SHA256)

    @property
    def folder(self) -> str:
        """``kind/name-sha12``, as in every store of artifacts."""
        return f"{self.kind}/{self.name}-{self.fingerprint[:12]}"


class BoundText(_Record):
    """Lines that a release is served with: its synonyms, or the rules of its catalogue.

    Attributes:
        lines: synonyms, or rules; how many.
        fingerprint: sha256 of them, 64 hex digits.
    """

    lines: int = Field(ge=0)
    fingerprint: str = Field(pattern=_SHA256)


class BoundIndex(_Record):
    """The index that is searched.

    Attributes:
        uuid: OpenSearch's own name for it, which no other index ever has.
        schema_version: of its documents.
        engine: of its vectors.
        kept_as: type of its vectors' numbers.
        mapping: sha256 of its fields and analysis, 64 hex digits.
    """

    uuid: str
    schema_version: int
    engine: str
    kept_as: str
    mapping: str = Field(pattern=_SHA256)


class BoundLineage(_Record):
    """Where a release comes from, see ``aisle.mappings.meta.Lineage``."""

    data: str = ""
    commit: str = ""
    aisle: str = ""
    parent: str = ""


class ReleaseManifest(_Record):
    """What is served together in one release.

    Attributes:
        catalogue: name.
        release: its index.
        cluster: uuid of the cluster that holds it.
        index: the index itself.
        artifacts: that answer its questions, by role.
        fusion: how legs become one ranking; None: the default of the Aisle that searches.
        boosts: business signals that count beside it; None: none.
        rules: of the catalogue while this was served; None: it had none.
        synonyms: of the index; None: it has none.
        suggestions: uuid of the index of suggestions; empty: there is none.
        lineage: where it comes from.
        created: when it was recorded, UTC, ISO 8601.
        documents: in the index then.
    """

    schema_version: int = SCHEMA_VERSION
    catalogue: str
    release: str
    cluster: str
    index: BoundIndex
    artifacts: tuple[BoundArtifact, ...] = ()
    fusion: Mapping[str, Any] | None = None
    boosts: Mapping[str, Any] | None = None
    rules: BoundText | None = None
    synonyms: BoundText | None = None
    suggestions: str = ""
    lineage: BoundLineage = BoundLineage()
    created: str = ""
    documents: int = 0

    @property
    def fingerprint(self) -> str:
        """64 hex digits over all that decides what shoppers are served, and where it comes from."""
        content = self.model_dump(mode="json", exclude=_NOT_BOUND)
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def texts(self) -> tuple[BoundText, ...]:
        """Rules and synonyms, if there are any."""
        return tuple(text for text in (self.rules, self.synonyms) if text is not None)

    def to_bytes(self) -> bytes:
        """Indented JSON, with its own fingerprint, by which a reader knows that it is whole."""
        content = {**self.model_dump(mode="json"), "fingerprint": self.fingerprint}
        return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def read_release_manifest(content: bytes, source: str) -> ReleaseManifest:
    """Read back what ``to_bytes`` made.

    Args:
        content: JSON.
        source: where it is from, for errors.

    Raises:
        RegistryError: it is no manifest, was changed, or is of another schema version.
    """
    again = "record the release again: aisle artifacts push NAME"
    try:
        held = orjson.loads(content)
        fingerprint = held.pop("fingerprint")
        version = held.get("schema_version")
        if version != SCHEMA_VERSION:
            raise RegistryError(
                f"{source} has schema_version {version!r}; this Aisle reads {SCHEMA_VERSION}",
                fix="use the Aisle that wrote it",
            )
        found = ReleaseManifest.model_validate(held)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RegistryError(f"{source} is no release manifest: {where}: {first['msg']}", fix=again) from error
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise RegistryError(f"{source} is no release manifest ({error!r})", fix=again) from error
    if found.fingerprint != fingerprint:
        raise RegistryError(f"{source} was changed: its fingerprint is another one", fix=again)
    return found
