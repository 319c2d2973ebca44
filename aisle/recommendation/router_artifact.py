"""A router on disk: history encoder, items' vectors, heads over prefixes; no user in it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import (
    GOLDEN,
    MODEL,
    ROUTER,
    Artifact,
    ArtifactStore,
    Manifest,
    check_name,
    load_artifact,
    readable,
    write_manifest,
)
from aisle.encoder.cpu import warn_if_lacking
from aisle.encoder.export.graph import Graph
from aisle.encoder.self_test import MIN_COSINE, SelfTest
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import ArtifactCorrupt
from aisle.recommendation.history_encoder import HistoryEncoder, ItemEmbeddings
from aisle.recommendation.router import PrefixLevel, Router

ITEMS: Final = "items.json"
EMBEDDINGS: Final = "embeddings.npy"
TEXT_MAP: Final = "text_map.npy"
PREFIXES: Final = "prefixes.npz"
SETTINGS: Final = "settings.json"

_AGAIN: Final = "train the router again: aisle train router"
_LEVEL_PARTS: Final = ("codes", "vectors", "biases", "firsts")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedRouter:
    """A router that was opened.

    Attributes:
        artifact: where it is.
        encoder: of histories and items.
        router: over prefixes; None where it was trained without codes.
        weight: of the sequence channel beside those of its recommender.
        recommender: fingerprint of the one that it was trained for.
        codes: fingerprint of the codes that the prefixes are of; empty without.
    """

    artifact: Artifact
    encoder: HistoryEncoder
    router: Router | None
    weight: float
    recommender: str
    codes: str

    @property
    def fingerprint(self) -> str:
        """64 hex digits."""
        return self.artifact.fingerprint


@dataclass(frozen=True, slots=True, eq=False)
class RouterContent:
    """What a training made, to be kept.

    Attributes:
        model: graph of the history encoder.
        embeddings: of the items.
        max_steps: the latest steps of a history that are read.
        router: over prefixes; None without codes.
        weight: of the sequence channel.
        recommender, codes: artifacts that it was trained with; None: without codes.
    """

    model: Graph
    embeddings: ItemEmbeddings
    max_steps: int
    router: Router | None
    weight: float
    recommender: Artifact
    codes: Artifact | None


@dataclass(frozen=True, slots=True, eq=False)
class HistoriesSelfTest(SelfTest):
    """Histories of a few items, and the users that they became.

    Attributes:
        histories: ids of items, oldest first.
        users: float32 [histories, dims].
    """

    histories: tuple[tuple[str, ...], ...]
    users: NDArray[np.float32]

    @classmethod
    def recorded(cls, encoder: HistoryEncoder) -> Self:
        """With the users of this machine."""
        items = encoder.embeddings.items
        lengths = (1, 2, 3, min(encoder.max_steps, len(items)))
        histories = tuple(items[:length] for length in lengths if length <= len(items))
        return cls(histories, _users(encoder, histories))

    def check(self, encoder: HistoryEncoder, source: Path) -> None:
        """Hold this machine's users to those that were recorded.

        Raises:
            ArtifactCorrupt: names the first history whose user differs.
        """
        for history, found, then in zip(
            self.histories, _users(encoder, self.histories), self.users, strict=True
        ):
            size = float(np.linalg.norm(found) * np.linalg.norm(then))
            if not float(found @ then) >= MIN_COSINE * size > 0:
                raise ArtifactCorrupt(
                    f"{source}: the user of the history {list(history[:5])} differs from the one recorded",
                    fix=_AGAIN,
                )

    def _arrays(self) -> dict[str, Any]:
        return {
            "lengths": np.array([len(history) for history in self.histories], dtype=np.int64),
            "items": np.array([item for history in self.histories for item in history], dtype=np.str_),
            "users": self.users,
        }

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        parts = np.split(held["items"], np.cumsum(held["lengths"])[:-1])
        return cls(tuple(tuple(part.tolist()) for part in parts), held["users"])


def _users(encoder: HistoryEncoder, histories: tuple[tuple[str, ...], ...]) -> NDArray[np.float32]:
    return encoder.encode([encoder.item_vectors(history) for history in histories])


def save_router(
    content: RouterContent,
    name: str,
    store: ArtifactStore,
    *,
    instruction_set: str = "",
    data_hash: str = "",
    metrics: Mapping[str, float] | None = None,
    training: Mapping[str, Any] | None = None,
) -> TrainedRouter:
    """Write a router into the store, whole or not at all.

    Args:
        content: to be kept.
        name: of the artifact.
        store: where it goes.
        instruction_set: that the graph was made for.
        data_hash: of the sequences that were learned from; nothing of them is written.
        metrics: measured on the validation.
        training: how it was made.

    Raises:
        InputError: a name that no artifact can have.
        MissingExtra: onnx is not installed.
    """
    check_name(name)
    codes = content.codes.fingerprint if content.codes else ""
    settings = {"weight": content.weight, "recommender": content.recommender.fingerprint, "codes": codes}
    with store.staging() as folder:
        content.model.write(folder / MODEL)
        held = content.embeddings
        (folder / ITEMS).write_bytes(orjson.dumps(held.items))
        # Rounded: a router of a million items has half the size, and no rank changes that means something.
        np.save(folder / EMBEDDINGS, held.embeddings.astype(np.float16))
        if held.text_map is not None:
            np.save(folder / TEXT_MAP, held.text_map)
        if content.router is not None:
            np.savez(folder / PREFIXES, allow_pickle=False, **_arrays(content.router))
        (folder / SETTINGS).write_bytes(orjson.dumps({**settings, "max_steps": content.max_steps}))
        # What is read again is what is served.
        HistoriesSelfTest.recorded(_read(folder)[0]).write(folder / GOLDEN)
        manifest = Manifest(
            kind=ROUTER,
            name=name,
            base_model=content.recommender.manifest.name,
            revision=content.recommender.fingerprint,
            dims=held.dims,
            max_length=content.max_steps,
            text_version=TEXT_VERSION,
            precision="int8",
            instruction_set=instruction_set,
            data_hash=data_hash,
            metrics=metrics or {},
            training=training or {},
        )
        write_manifest(folder, manifest)
        return _opened(load_artifact(store.add(folder)))


def find_router(ref: str | Path, store: ArtifactStore) -> Artifact:
    """The router that a reference names; its hashes are checked.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or its files are not what was built.
    """
    fix = f"make one: aisle train router --data orders.csv --recommender NAME --name {ref}"
    artifact = store.find(ref, ROUTER, "router", fix)
    artifact.require(ROUTER, "a router", fix="name one that `aisle train router` made")
    return artifact


def load_router(ref: str | Path, store: ArtifactStore) -> TrainedRouter:
    """Open a router: its hashes are checked, its self-test is replayed.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or names what differs.
    """
    artifact = find_router(ref, store)
    warn_if_lacking(artifact.manifest.instruction_set, None, artifact.manifest.name)
    opened = _opened(artifact)
    HistoriesSelfTest.read(artifact.file(GOLDEN)).check(opened.encoder, artifact.path)
    return opened


def read_item_embeddings(artifact: Artifact) -> ItemEmbeddings:
    """The vectors of its items alone, for an index, without its graph.

    Raises:
        ArtifactCorrupt: they cannot be read.
    """
    with readable(artifact.path, _AGAIN):
        return _embeddings(artifact.path)


class RouterNotice(UserWarning):
    """Warns that a router was trained for another recommender, and is left out."""


def router_of(recommender: Artifact, store: ArtifactStore) -> TrainedRouter | None:
    """The router that was trained for a recommender and goes by its name; None if there is none.

    One that was trained for an earlier recommender of this name is left out, with a `RouterNotice`: its
    items and weights are not those of this one.

    Raises:
        ArtifactCorrupt: it is not what was built, or answers differently on this machine.
    """
    name = recommender.manifest.name
    there = [(path, held) for path, held in store.list() if (held.kind, held.name) == (ROUTER, name)]
    for path, held in there:
        if held.revision == recommender.fingerprint:
            return load_router(path, store)
    if there:
        warnings.warn(
            f"the router '{name}' was trained for another recommender and is left out; train it again:"
            f" aisle train router --recommender {name}",
            RouterNotice,
            stacklevel=2,
        )
    return None


def _opened(artifact: Artifact) -> TrainedRouter:
    encoder, router, held = _read(artifact.path)
    return TrainedRouter(artifact, encoder, router, held["weight"], held["recommender"], held["codes"])


def _read(folder: Path) -> tuple[HistoryEncoder, Router | None, dict[str, Any]]:
    with readable(folder, _AGAIN):
        settings = orjson.loads((folder / SETTINGS).read_bytes())
        encoder = HistoryEncoder(folder / MODEL, _embeddings(folder), int(settings["max_steps"]))
        router = _router(folder / PREFIXES) if (folder / PREFIXES).is_file() else None
        known = {name: settings[name] for name in ("weight", "recommender", "codes")}
    return encoder, router, known


def _embeddings(folder: Path) -> ItemEmbeddings:
    return ItemEmbeddings(
        tuple(orjson.loads((folder / ITEMS).read_bytes())),
        np.load(folder / EMBEDDINGS, allow_pickle=False).astype(np.float32),
        np.load(folder / TEXT_MAP, allow_pickle=False) if (folder / TEXT_MAP).is_file() else None,
    )


def _arrays(router: Router) -> dict[str, NDArray[Any]]:
    return {
        f"{part}_{number}": getattr(level, part)
        for number, level in enumerate(router.levels, 1)
        for part in _LEVEL_PARTS
    }


def _router(path: Path) -> Router:
    with np.load(path, allow_pickle=False) as held:
        count = len(held.files) // len(_LEVEL_PARTS)
        return Router(
            tuple(
                PrefixLevel(*(held[f"{part}_{number}"] for part in _LEVEL_PARTS))
                for number in range(1, count + 1)
            )
        )
