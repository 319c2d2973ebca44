"""``aisle index --ray``: the same run, with its load on Ray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aisle._environment import optional
from aisle._vectors import usual_dims
from aisle.cluster import ClusterSettings
from aisle.encoder import ArtifactStore, load_artifact
from aisle.encoder.dense import KIND
from aisle.indexer.ray.driver import LoadOnRay
from aisle.indexer.ray.session import RayOptions, ray_session, reachable_settings
from aisle.indexer.ray.task import EncoderSource, ShippedArtifact, WordsOnly, artifact_files


@contextmanager
def load_for(
    address: str | None,
    workers: int,
    ref: str | Path | None,
    dims: int | None = None,
    store: ArtifactStore | None = None,
) -> Iterator[LoadOnRay | None]:
    """What ``--ray ADDRESS --workers N`` asks for; None without an address: the run loads by itself.

    Args:
        address: "local", "auto" or ``HOST:PORT`` of Ray.
        workers: processes that encode and write.
        ref: artifact that makes the vectors; None indexes words alone.
        dims: width to cut to; None takes ``usual_dims``.
        store: where artifacts are looked up, default the store under ``AISLE_HOME``.

    Raises:
        MissingExtra, InputError, ArtifactNotFound, ArtifactCorrupt: as `ray_load`.
    """
    if address is None:
        yield None
        return
    with ray_load(RayOptions(address, workers), ref, dims, store=store) as load:
        yield load


@contextmanager
def ray_load(
    options: RayOptions,
    ref: str | Path | None,
    dims: int | None = None,
    *,
    settings: ClusterSettings | None = None,
    store: ArtifactStore | None = None,
) -> Iterator[LoadOnRay]:
    """Connect to Ray, and have the encoder ready for its workers.

    Args:
        options: which Ray, and how much of it.
        ref: artifact that makes the vectors; None indexes words alone.
        dims: width to cut to; None takes ``usual_dims``.
        settings: of the OpenSearch cluster, default those of the environment.
        store: where artifacts are looked up, default the store under ``AISLE_HOME``.

    Raises:
        MissingExtra, InputError: see `ray_session` and `reachable_settings`.
        ArtifactNotFound, ArtifactCorrupt: see ``load_artifact``.
    """
    with ray_session(options) as ray:
        there = reachable_settings(settings or ClusterSettings.load(), ray)
        source = encoder_source(ray, store or ArtifactStore.default(), ref, dims)
        yield LoadOnRay(ray, there, source, options)


def encoder_source(
    ray: Any, store: ArtifactStore, ref: str | Path | None, dims: int | None = None
) -> EncoderSource:
    """What the workers open; the artifact's files wait in Ray's object store for those who lack it."""
    if ref is None:
        return WordsOnly()
    artifact = load_artifact(store.resolve(ref, KIND).absolute())
    files = partial(_fetch, ray.put(artifact_files(artifact.path)))
    return ShippedArtifact(artifact.path, artifact.fingerprint, dims or usual_dims(artifact.manifest), files)


def _fetch(files: Any) -> Mapping[str, bytes]:
    content: Mapping[str, bytes] = optional("ray", extra="ray").get(files)
    return content
