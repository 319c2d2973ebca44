"""``manifest.json``: what an artifact is, where it came from and the hash of each of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from records import ArtifactCorrupt

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
GOLDEN = "golden.npz"
CARD = "README.md"

# Facts about one export, not about the vector space: the same model built twice has one fingerprint. How it
# was trained and for which CPU is settled by the model file's own hash.
_NOT_SEMANTIC = {"name", "git_commit", "created", "metrics", "training", "instruction_set"}
# Golden outputs differ in the last bits between CPUs, and a card tells dates and figures: their hashes guard
# the files but stay out of the fingerprint.
_NOT_SEMANTIC_FILES = {GOLDEN, CARD}

_SHA256 = r"^[0-9a-f]{64}$"
_WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Prefixes(BaseModel):
    """What is put before a text, for example E5's ``query: `` and ``passage: ``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: str = ""
    item: str = ""


class Manifest(BaseModel):
    """The content of ``manifest.json``.

    Attributes:
        kind: family of the model ("dense", "sparse", ...), the first folder under the store.
        name: name within the kind.
        base_model, revision: where the weights come from.
        dims: full width of a vector.
        widths: Matryoshka widths the model was trained for, at most ``dims``, widest first; others can be
            cut, at a loss.
        pooling: "mean" or "cls"; normalisation: "l2"; both are part of the graph.
        max_length: longest input, in tokens, special tokens included.
        text_version: ``encoder.text.TEXT_VERSION`` of the code that made its training or export texts.
        precision: "int8", "int8-static" (scales fixed at export) or "fp32".
        instruction_set: the ``InstructionSet`` an INT8 graph was made for; empty: none, or not recorded.
        data_hash: sha256 of the training data, empty for a base model.
        created: UTC, ISO 8601.
        metrics: figures measured at export or training.
        training: settings of the training run, empty for a base model.
        files: file name to sha256, for every file but the manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    kind: str = Field(pattern=_WORD)
    name: str = Field(pattern=_WORD)
    base_model: str
    revision: str = ""
    dims: int = Field(gt=0)
    widths: tuple[int, ...] = ()
    pooling: str = ""
    normalisation: str = ""
    prefixes: Prefixes = Prefixes()
    max_length: int = Field(gt=2)
    text_version: str
    precision: str = ""
    instruction_set: str = ""
    data_hash: str = ""
    git_commit: str = ""
    created: str = ""
    metrics: Mapping[str, float] = {}
    training: Mapping[str, Any] = {}
    files: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space: sha256 over all that decides a vector, files included."""
        content = self.model_dump(mode="json", exclude=_NOT_SEMANTIC)
        files = content["files"].items()
        content["files"] = {name: digest for name, digest in files if name not in _NOT_SEMANTIC_FILES}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def to_bytes(self) -> bytes:
        """Indented JSON."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2)


def read_manifest(folder: Path) -> Manifest:
    """Read ``folder/manifest.json``.

    Raises:
        ArtifactCorrupt: the file is missing, is no JSON, lacks a field, or is of another schema version.
    """
    path = folder / MANIFEST
    again = "export the model again with `aisle encoder export`"
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix=again) from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise ArtifactCorrupt(
            f"{path} has schema_version {version!r}; this Aisle reads {SCHEMA_VERSION}",
            fix="use the Aisle that wrote the artifact, or " + again,
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ArtifactCorrupt(f"{path}: {field}: {first['msg']}", fix=again) from error
