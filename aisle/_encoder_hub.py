"""Artifacts on the Hugging Face hub: push one with its card, pull one and verify it before it can be seen."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aisle._artifacts import verified_artifact
from aisle._environment import optional
from aisle.encoder import Artifact, ArtifactStore
from aisle.encoder.artifact import CARD, MANIFEST, Manifest, parse_manifest, write_manifest
from aisle.encoder.front_matter import CARDED, front_matter
from aisle.errors import ArtifactCorrupt, InputError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TOKEN, ENDPOINT = "HF_TOKEN", "HF_ENDPOINT"
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_LEAST_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class OnHub:
    """An artifact on the hub.

    Attributes:
        repository: OWNER/NAME.
        commit: that holds it, 40 hex digits: the revision that always gives the same.
        fingerprint: of the artifact.
        path: of the artifact on this machine.
        private: whether only those whom its owner lets may see it; None: the hub did not say.
    """

    repository: str
    commit: str
    fingerprint: str
    path: Path
    private: bool | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        held = {name: getattr(self, name) for name in self.__slots__}
        return held | {"path": str(self.path)}


def push_encoder(
    ref: str | Path,
    repository: str,
    *,
    public: bool = False,
    licence: str | None = None,
    message: str | None = None,
    store: ArtifactStore | None = None,
) -> OnHub:
    """Upload an encoder or reranker to the Hugging Face hub, with the card that its manifest tells.

    A repository that is made is private unless ``public`` is set. The token is that of ``HF_TOKEN``; what
    somebody logged in with is not used.

    Example:
        >>> aisle.push_encoder("shop", "acme/shop-encoder").commit
        '6f1c2d0b...'

    Args:
        ref: path, name or fingerprint of the artifact.
        repository: OWNER/NAME on the hub.
        public: everybody may see it.
        licence: of the weights, as the hub names licences, such as "apache-2.0"; None: none is stated.
        message: of the commit; None: name and fingerprint.
        store: where the artifact is looked up; None: the one under ``AISLE_HOME``.

    Raises:
        MissingExtra: the extra ``export`` is not installed.
        InputError: no such kind of artifact goes there, no token, a repository that is public without
            ``public``, or the hub refuses or does not answer.
        ArtifactNotFound, ArtifactCorrupt: there is no such artifact, or it is not what was built.
    """
    _check_repository(repository)
    store = store or ArtifactStore.default()
    artifact = verified_artifact(ref, store=store)
    if artifact.manifest.kind not in CARDED:
        raise InputError(
            f"{artifact.path} is a {artifact.manifest.kind} artifact, which holds ids and counts of a shop",
            fix="keep it in a registry of your own: aisle artifacts push",
        )
    api = _api(needs_token=True)
    with store.staging() as folder, _translated(repository):
        manifest = _copied(artifact, folder, licence)
        api.create_repo(repository, private=not public, exist_ok=True)
        private = api.model_info(repository).private
        if not private and not public:
            raise InputError(
                f"{repository} can be seen by everybody", fix="name another one, or add --public"
            )
        name = f"{manifest.kind} {manifest.name} {manifest.fingerprint[:12]}"
        done = api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message or name)
    return OnHub(repository, done.oid, manifest.fingerprint, artifact.path, private)


def pull_encoder(
    repository: str,
    *,
    revision: str | None = None,
    fingerprint: str | None = None,
    store: ArtifactStore | None = None,
) -> OnHub:
    """Download an artifact from the Hugging Face hub; it can be seen once hashes and self-test agree here.

    A branch or tag is resolved once, so that all files are of one commit. Private ones need ``HF_TOKEN``.

    Example:
        >>> pulled = aisle.pull_encoder("acme/shop-encoder", revision="6f1c2d0b")
        >>> aisle.index("products.csv", "shop", encoder=pulled.path)

    Args:
        repository: OWNER/NAME on the hub.
        revision: branch, tag or commit; None: the newest.
        fingerprint: that the artifact must have, its first 8 digits or more; None: any.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.

    Raises:
        MissingExtra: the extra ``export`` is not installed.
        InputError: no such repository or revision, or the hub does not answer.
        ArtifactCorrupt: it is no artifact, not the one asked for, or does something else on this machine.
    """
    _check_repository(repository)
    store = store or ArtifactStore.default()
    api = _api(needs_token=False)
    with store.staging() as folder:
        staged = folder / "artifact"
        with _translated(repository):
            found = api.model_info(repository, revision=revision)
            commit = str(found.sha)
            manifest = _manifest(_file(api, repository, commit, MANIFEST, staged), repository)
            _check_asked(manifest, fingerprint, repository)
            for name in manifest.files:
                _file(api, repository, commit, name, staged)
        # The library's notes about what it downloaded.
        shutil.rmtree(staged / ".cache", ignore_errors=True)
        try:
            verified_artifact(staged, store=store)
        except ArtifactCorrupt as error:
            raise ArtifactCorrupt(
                error.message.replace(str(staged), f"{repository} at {commit[:12]}"),
                fix="name another --revision; or ask its owner to push what was built",
            ) from None
        place = store.add(staged)
    return OnHub(repository, commit, manifest.fingerprint, place, found.private)


def _copied(artifact: Artifact, folder: Path, licence: str | None) -> Manifest:
    """The artifact as it goes up: its card begins with what the hub reads of it."""
    for name in artifact.manifest.files:
        shutil.copyfile(artifact.path / name, folder / name)
    card = folder / CARD
    text = card.read_text(encoding="utf-8") if card.exists() else f"# {artifact.manifest.name}\n"
    card.write_text(front_matter(artifact.manifest, licence) + text, encoding="utf-8")
    return write_manifest(folder, artifact.manifest)


def _file(api: HfApi, repository: str, commit: str, name: str, folder: Path) -> Path:
    return Path(str(api.hf_hub_download(repository, name, revision=commit, local_dir=folder)))


def _manifest(path: Path, repository: str) -> Manifest:
    manifest = parse_manifest(path.read_bytes(), f"{MANIFEST} of {repository}")
    for name in manifest.files:
        if Path(name).name != name:
            raise ArtifactCorrupt(
                f"{repository} names {name!r}, which is no plain file", fix="use another repository"
            )
    if manifest.kind not in CARDED:
        raise ArtifactCorrupt(
            f"{repository} holds a {manifest.kind} artifact, no encoder or reranker",
            fix="use another repository",
        )
    return manifest


def _check_asked(manifest: Manifest, fingerprint: str | None, repository: str) -> None:
    if fingerprint is None:
        return
    if len(fingerprint) < _LEAST_DIGITS:
        raise InputError(
            f"{fingerprint!r} is too little of a fingerprint", fix=f"give {_LEAST_DIGITS} digits or more"
        )
    if not manifest.fingerprint.startswith(fingerprint.lower()):
        raise ArtifactCorrupt(
            f"{repository} holds {manifest.fingerprint[:12]}, not {fingerprint[:12]}",
            fix="name the --revision that holds it",
        )


def _check_repository(repository: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{repository!r} is no repository of the hub", fix="write OWNER/NAME")


def _api(*, needs_token: bool) -> HfApi:
    optional("huggingface_hub", extra="export")
    from huggingface_hub import HfApi

    token = os.environ.get(TOKEN)
    if needs_token and not token:
        raise InputError("the hub wants to know who pushes", fix=f"set {TOKEN} to a token that may write")
    # False: a token that somebody once logged in with on this machine is not sent.
    return HfApi(endpoint=os.environ.get(ENDPOINT) or None, token=token or False, library_name="aisle")


@contextmanager
def _translated(repository: str) -> Iterator[None]:
    errors = optional("huggingface_hub.errors", extra="export")

    try:
        yield
    except errors.EntryNotFoundError:
        raise ArtifactCorrupt(
            f"{repository} is no artifact of Aisle, or not a whole one",
            fix="push one there: aisle encoder push NAME OWNER/NAME",
        ) from None
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        raise InputError(
            f"the hub has no {repository}, no such revision of it, or does not show it",
            fix=f"check the name and --revision; of a private one, set {TOKEN}",
        ) from None
    except (OSError, ValueError, RuntimeError, errors.HTTPError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"the hub did not do it for {repository} ({reason[:200]})",
            fix=f"check the network, and that {TOKEN} may do it; what was here is as it was",
        ) from None
