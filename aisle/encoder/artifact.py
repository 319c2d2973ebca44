"""Artifacts on disk: folders whose files are exactly those that a manifest names, and the store of them."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aisle import _environment as paths
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, InputError

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
GOLDEN = "golden.npz"
CARD = "README.md"

RECOMMENDER, ITEM_CODES = "recommender", "codes"
"""Kinds that are no ONNX models: ``aisle.recommendation.artifact``, ``aisle.encoder.code_artifact``."""

ROUTER = "router"
"""A history encoder and heads over prefixes of codes, see ``aisle.recommendation.router_artifact``."""
PREFERENCES = "preferences"
"""The kind that ranks recommendations again, see ``aisle.recommendation.preferences``."""
ITEM_TO_ITEM = "item-to-item"
"""Two towers with two heads and counts of baskets, see ``aisle.recommendation.item_to_item.artifact``."""
RANKER = "ranker"
"""Orders candidates by their features, see ``aisle.search.rank.artifact``."""

QUERY_HASHES: Final = "query_hashes"
"""Of a manifest's ``training``: hashes of queries that the model learned from, ``aisle.evaluation.seen``."""

# Facts about one export, not about the vector space: the same model built twice has one fingerprint. How it
# was trained and for which CPU is settled by the model file's own hash.
_NOT_SEMANTIC = {"name", "git_commit", "created", "metrics", "training", "instruction_set"}
# Golden outputs differ in the last bits between CPUs, and a card tells dates and figures: their hashes guard
# the files but stay out of the fingerprint.
_NOT_SEMANTIC_FILES = {GOLDEN, CARD}

_SHA256 = r"^[0-9a-f]{64}$"
_WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


_MOST_NAME: Final = 100
"""Characters: folders are called by it with more beside, and 255 bytes is all that file systems take."""


def check_name(name: str) -> str:
    """The name itself.

    Raises:
        InputError: no manifest takes it.
    """
    if not re.fullmatch(_WORD, name) or len(name) > _MOST_NAME:
        raise InputError(
            f"{name[:_MOST_NAME]!r} is no name for an artifact",
            fix=f"use at most {_MOST_NAME} letters, digits, '.', '_', '-'",
        )
    return name


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
        max_length: longest input, in tokens, special tokens included; 0: it reads no texts itself.
        text_version: ``aisle.encoder.text.TEXT_VERSION`` of the code that made its training or export texts.
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
    max_length: int = Field(default=0, ge=0)
    text_version: str
    precision: str = ""
    instruction_set: str = ""
    data_hash: str = ""
    git_commit: str = ""
    created: str = ""
    metrics: Mapping[str, float] = {}
    training: Mapping[str, Any] = {}
    files: Mapping[str, str] = {}

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space: sha256 over all that decides a vector, files included."""
        content = self.model_dump(mode="json", exclude=_NOT_SEMANTIC)
        files = content["files"].items()
        content["files"] = {name: digest for name, digest in files if name not in _NOT_SEMANTIC_FILES}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def told_training(self) -> Mapping[str, Any]:
        """``training`` for people: hashes are counted."""
        hashes = self.training.get(QUERY_HASHES)
        return self.training if hashes is None else {**self.training, QUERY_HASHES: f"{len(hashes):,}"}

    def to_bytes(self) -> bytes:
        """Indented JSON."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2)


_MAKE_AGAIN = "make it again, with `aisle encoder export` or `aisle train`"


def read_manifest(folder: Path) -> Manifest:
    """Read ``folder/manifest.json``.

    Raises:
        ArtifactCorrupt: the file is missing, or see `parse_manifest`.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix=_MAKE_AGAIN) from error
    return parse_manifest(content, str(path))


def parse_manifest(content: bytes, source: str) -> Manifest:
    """A manifest from its JSON.

    Args:
        content: of ``manifest.json``.
        source: where it is from, for errors.

    Raises:
        ArtifactCorrupt: it is no JSON, lacks a field, or is of another schema version.
    """
    try:
        held = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ArtifactCorrupt(f"{source} cannot be read: {error}", fix=_MAKE_AGAIN) from error
    version = held.get("schema_version") if isinstance(held, dict) else None
    if version != SCHEMA_VERSION:
        raise ArtifactCorrupt(
            f"{source} has schema_version {version!r}; this Aisle reads {SCHEMA_VERSION}",
            fix="use the Aisle that wrote the artifact, or " + _MAKE_AGAIN,
        )
    try:
        return Manifest.model_validate(held)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ArtifactCorrupt(f"{source}: {field}: {first['msg']}", fix=_MAKE_AGAIN) from error


@dataclass(frozen=True, slots=True)
class Artifact:
    """A verified folder and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space: sha256 over all that decides an output."""
        return self.manifest.fingerprint

    def file(self, name: str) -> Path:
        """Path of one of its files.

        Raises:
            ArtifactCorrupt: the manifest does not name it.
        """
        if name not in self.manifest.files:
            raise ArtifactCorrupt(f"{self.path} has no {name}", fix="export the model again")
        return self.path / name

    def require(self, kind: str, what: str, fix: str) -> None:
        """Refuse a model of another kind.

        Args:
            kind: that is needed.
            what: its name in a sentence.
            fix: what to name instead.

        Raises:
            ArtifactCorrupt: it is another kind.
        """
        if self.manifest.kind != kind:
            raise ArtifactCorrupt(f"{self.path} is a {self.manifest.kind} model, not {what}", fix=fix)


def load_artifact(path: Path) -> Artifact:
    """Read the manifest and check every file's sha256. The model's own ``load`` replays the self-test.

    Raises:
        ArtifactNotFound: no such folder.
        ArtifactCorrupt: names the file that is missing, was changed, or does not belong there.
    """
    if not path.is_dir():
        raise ArtifactNotFound(f"no artifact at {path}", fix="list artifacts with `aisle encoder list`")
    manifest = read_manifest(path)
    for name, expected in manifest.files.items():
        if Path(name).name != name:
            raise ArtifactCorrupt(
                f"{path}: the manifest names {name!r}, not a plain file", fix="export it again"
            )
        _check(path / name, expected)
    unknown = sorted({entry.name for entry in path.iterdir()} - set(manifest.files) - {MANIFEST})
    if unknown:
        raise ArtifactCorrupt(
            f"{path} holds {unknown[0]}, which its manifest does not name", fix="remove the file"
        )
    return Artifact(path, manifest)


def sha256_of(path: Path) -> str:
    """sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, expected: str) -> None:
    fix = _MAKE_AGAIN
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error.strerror}", fix=fix) from error
    if found != expected:
        raise ArtifactCorrupt(f"{path} was changed: its sha256 is not the one in the manifest", fix=fix)


@contextmanager
def readable(path: Path, fix: str) -> Iterator[None]:
    """Read an artifact's files inside: what numpy, zip and JSON raise of them becomes one error.

    Hashes vouch for files that a store wrote; these may have been written by anybody.

    Args:
        path: of the artifact or file, for the error.
        fix: the error's.

    Raises:
        ArtifactCorrupt: they cannot be read, or what they hold does not fit together.
    """
    try:
        yield
    except InputError as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error.message}", fix=fix) from error
    except _UNREADABLE as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix=fix) from error


_UNREADABLE: Final = (
    *(OSError, EOFError, zipfile.BadZipFile, MemoryError),
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),
)


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write ``manifest.json``: with the hash of every other file that is there, the commit and the time.

    Returns:
        The manifest as written; a commit or time that it has already is kept.
    """
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    complete = manifest.model_copy(
        update={
            "files": files,
            "git_commit": manifest.git_commit or git_commit(),
            "created": manifest.created or datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
    )
    (folder / MANIFEST).write_bytes(complete.to_bytes())
    return complete


def git_commit() -> str:
    """The repository's HEAD, 40 hex digits; empty outside a repository or without git."""
    git = shutil.which("git")
    if git is None:
        return ""

    def ask(*words: str) -> str:
        here = Path(__file__)
        done = subprocess.run([git, *words], cwd=here.parent, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    # An installed Aisle may lie inside somebody else's repository: only one that tracks this file is Aisle's.
    return ask("rev-parse", "HEAD") if ask("ls-files", "--error-unmatch", Path(__file__).name) else ""


def _renew(place: Path, staged: Path, manifest: Manifest) -> bool:
    """Whether a whole artifact of the very same files is there; then its manifest is the new one."""
    try:
        if load_artifact(place).manifest.files != manifest.files:
            return False
        (staged / MANIFEST).replace(place / MANIFEST)
    except (ArtifactNotFound, ArtifactCorrupt, FileNotFoundError):
        return False
    return True


_HEX = re.compile(r"^[0-9a-f]{8,64}$")


@dataclass(frozen=True, slots=True)
class ArtifactStore:
    """A folder of artifacts. ``ArtifactStore.default()`` is the one under ``AISLE_HOME``."""

    home: Path

    @staticmethod
    def default() -> ArtifactStore:
        """The store of this user: ``artifacts`` under ``AISLE_HOME``."""
        return ArtifactStore(paths.home() / "artifacts")

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A temporary folder on the store's own disk; whatever is left of it afterwards is removed."""
        self.home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=self.home))
        try:
            # mkdtemp makes a private folder; an artifact is as readable as the store it is in.
            folder.chmod(self.home.stat().st_mode & 0o777)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, staged: Path) -> Path:
        """Verify a finished folder and move it into the store; its place. The same artifact is kept once.

        Other processes may add the same at the same time, and read it: what is there already is left alone
        but for its manifest, which says when and how it was made last.

        Raises:
            ArtifactCorrupt: the folder is not what its manifest says.
        """
        manifest = load_artifact(staged).manifest
        place = self.home / manifest.kind / f"{manifest.name}-{manifest.fingerprint[:12]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        while not (_renew(place, staged, manifest) or self._put(place, staged)):
            pass
        return place

    def _put(self, place: Path, staged: Path) -> bool:
        """Move a folder to its place, and away what is there; False where another one came there between."""
        with self.staging() as attic:
            with suppress(FileNotFoundError):
                place.rename(attic / "old")
            try:
                staged.rename(place)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                return False
        return True

    def list(self) -> tuple[tuple[Path, Manifest], ...]:
        """Every artifact with a readable manifest, newest first."""
        found = []
        for path in self.home.glob(f"[!.]*/[!.]*/{MANIFEST}"):
            try:
                found.append((path.parent, read_manifest(path.parent)))
            except ArtifactCorrupt:
                continue
        return tuple(sorted(found, key=lambda entry: (entry[1].created, entry[0].name), reverse=True))

    def find(self, ref: str | Path, kind: str, noun: str, fix: str) -> Artifact:
        """The artifact that a reference to one kind names, verified; a path's kind remains to be required.

        Args:
            ref: as for ``resolve``.
            kind: that is meant.
            noun: what the kind is called in a sentence.
            fix: how one is made.

        Raises:
            ArtifactNotFound: nothing of the kind goes by that reference; names those of it that are there.
            ArtifactCorrupt: its files are not what was built.
        """
        there = ", ".join(dict.fromkeys(m.name for _, m in self.list() if m.kind == kind)) or "none"
        none = f"no {noun} {str(ref)!r} (there: {there})"
        try:
            path = self.resolve(ref, kind)
        except ArtifactNotFound as error:
            raise ArtifactNotFound(none, fix=fix) from error
        found = load_artifact(path)
        if found.manifest.kind != kind and path != Path(ref).expanduser():
            raise ArtifactNotFound(f"{none}; a {found.manifest.kind} goes by it", fix=fix)
        return found

    def resolve(self, ref: str | Path, kind: str = "") -> Path:
        """The folder that ``ref`` names.

        Args:
            ref: a path; a ``name`` or ``kind/name`` (the newest of them); a folder's own
                ``[kind/]name-sha12``; or a fingerprint, at least its first 8 hex digits.
            kind: which one is meant if artifacts of several kinds have that name.

        Raises:
            ArtifactNotFound: no artifact goes by ``ref``, or a short fingerprint fits more than one.
            InputError: ``ref`` is no text and no path.
        """
        if not isinstance(ref, str | Path):
            raise InputError(
                f"an artifact is not named by a {type(ref).__name__}", fix='give its name, such as "shop"'
            )
        path = Path(ref).expanduser()
        if (path / MANIFEST).is_file():
            return path
        wanted = str(ref)
        known = sorted(self.list(), key=lambda entry: entry[1].kind != kind) if kind else self.list()
        for folder, manifest in known:
            names = (manifest.name, folder.name)
            if wanted in names or wanted in [f"{manifest.kind}/{name}" for name in names]:
                return folder
        if _HEX.match(wanted):
            matching = {m.fingerprint: folder for folder, m in known if m.fingerprint.startswith(wanted)}
            # Two folders of one fingerprint are one model, exported under two names.
            if len(matching) == 1:
                return next(iter(matching.values()))
        there = ", ".join(dict.fromkeys(f"{m.kind}/{m.name}" for _, m in known)) or "none"
        words = "" if known else "; `aisle index --encoder none` needs none and indexes words alone"
        raise ArtifactNotFound(
            f"no single artifact {wanted!r} (there: {there})",
            fix=f"make one with `aisle encoder export`, or see `aisle encoder list`{words}",
        )
