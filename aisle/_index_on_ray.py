"""``aisle index --ray``: the same run, with its load on Ray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aisle._environment import optional
from aisle._item_fields import ItemFieldRefs, new_item_fields
from aisle._vectors import usual_dims
from aisle.cluster import ClusterSettings
from aisle.encoder import ArtifactStore, load_artifact
from aisle.encoder.dense import KIND
from aisle.errors import InputError
from aisle.indexer.ray.driver import LoadOnRay
from aisle.indexer.ray.session import RayOptions, ray_session, reachable_settings
from aisle.indexer.ray.task import EncoderSource, ShippedArtifact, WordsOnly, artifact_files
from aisle.indexer.vectors import ItemFields, reads


@contextmanager
def load_for(
    address: str | None,
    workers: int,
    ref: str | Path | None,
    dims: int | None = None,
    store: ArtifactStore | None = None,
    refs: ItemFieldRefs | None = None,
) -> Iterator[LoadOnRay | None]:
    """What ``--ray ADDRESS --workers N`` asks for; None without an address: the run loads by itself.

    Args:
        address: "local", "auto" or ``HOST:PORT`` of Ray.
        workers: processes that encode and write.
        ref: artifact that makes the vectors; None indexes words alone.
        dims: width to cut to; None takes ``usual_dims``.
        store: where artifacts are looked up, default the store under ``AISLE_HOME``.
        refs: artifacts that make further fields of items; None: none do.

    Raises:
        MissingExtra, InputError, ArtifactNotFound, ArtifactCorrupt: as `ray_load`.
    """
    if address is None:
        yield None
        return
    store = store or ArtifactStore.default()
    makers = new_item_fields(refs, store) if refs else ()
    with ray_load(RayOptions(address, workers), ref, dims, store=store, makers=makers) as load:
        yield load


@contextmanager
def ray_load(
    options: RayOptions,
    ref: str | Path | None,
    dims: int | None = None,
    *,
    settings: ClusterSettings | None = None,
    store: ArtifactStore | None = None,
    makers: tuple[ItemFields, ...] = (),
) -> Iterator[LoadOnRay]:
    """Connect to Ray, and have the encoder ready for its workers.

    Args:
        options: which Ray, and how much of it.
        ref: artifact that makes the vectors; None indexes words alone.
        dims: width to cut to; None takes ``usual_dims``.
        settings: of the OpenSearch cluster, default those of the environment.
        store: where artifacts are looked up, default the store under ``AISLE_HOME``.
        makers: of further fields of items.

    Raises:
        MissingExtra, InputError: see `ray_session`, `reachable_settings` and `encoder_source`.
        ArtifactNotFound, ArtifactCorrupt: see ``load_artifact``.
    """
    with ray_session(options) as ray:
        there = reachable_settings(settings or ClusterSettings.load(), ray)
        source = encoder_source(ray, store or ArtifactStore.default(), ref, dims, makers)
        yield LoadOnRay(ray, there, source, options)


def encoder_source(
    ray: Any,
    store: ArtifactStore,
    ref: str | Path | None,
    dims: int | None = None,
    makers: tuple[ItemFields, ...] = (),
) -> EncoderSource:
    """What the workers open; the artifact's files wait in Ray's object store for those who lack it.

    Raises:
        InputError: another encoder would have to read the texts for one of the makers.
        ArtifactNotFound, ArtifactCorrupt: see ``load_artifact``.
    """
    artifact = None if ref is None else load_artifact(store.resolve(ref, KIND).absolute())
    for maker in makers:
        if artifact is None or not reads(maker, artifact.fingerprint):
            raise InputError(
                f"on Ray the release's own encoder reads all texts, and {maker.space.title} was trained with"
                f" another one ({maker.space.encoder[:12] or 'none'})",
                fix="name that one with --encoder, or index without --ray",
            )
    if artifact is None:
        return WordsOnly()
    files = partial(_fetch, ray.put(artifact_files(artifact.path)))
    width = dims or usual_dims(artifact.manifest)
    return ShippedArtifact(artifact.path, artifact.fingerprint, width, files, makers)


def _fetch(files: Any) -> Mapping[str, bytes]:
    content: Mapping[str, bytes] = optional("ray", extra="ray").get(files)
    return content
