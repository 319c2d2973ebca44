"""Two heads on disk: towers, vectors of known items, counts; no basket in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy import sparse

from aisle.encoder.artifact import (
    GOLDEN,
    ITEM_TO_ITEM,
    Artifact,
    ArtifactStore,
    Manifest,
    check_name,
    load_artifact,
    readable,
    write_manifest,
)
from aisle.encoder.self_test import SelfTest
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import ArtifactCorrupt
from aisle.recommendation.item_to_item.basket_counts import BasketCountOptions, BasketCounts
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.towers import AGAIN, HeadLayers, HeadTowers, Vocabulary
from aisle.recommendation.known_items import COUNTS, ITEMS, WHITENING, read_whitening, write_whitening
from aisle.recommendation.matrices import canonical

TOWERS: Final = "towers.npz"
VECTORS: Final = "vectors.npz"
TOGETHER: Final = "together.npz"
SETTINGS: Final = "settings.json"

_CLOSE: Final = 1e-4
_LAYERS: Final = tuple(part.name for part in fields(HeadLayers))


@dataclass(frozen=True, slots=True, eq=False)
class HeadsSelfTest(SelfTest):
    """A few items, known and new, and the vectors that they had; what a known one sells with.

    Attributes:
        ids: of the items; one that no catalogue has is new.
        texts: float32 [items, text dims].
        engagement, relevance: float32 [items, dims].
        trigger: place of a known item.
        best: int64 [k], places of those that sell with it, and ``scores`` float32 [k].
    """

    ids: tuple[str, ...]
    texts: NDArray[np.float32]
    engagement: NDArray[np.float32]
    relevance: NDArray[np.float32]
    trigger: int
    best: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def recorded(cls, model: TwoHeads) -> Self:
        """With the vectors of this machine."""
        popular = np.argsort(-model.counts.taken, kind="stable")[:3]
        ids = (*(model.items[place] for place in popular.tolist()), "\0new")
        texts = np.zeros((len(ids), model.towers.text_dims), dtype=np.float32)
        texts[:, :1] = 1
        made = model.vectors(ids, texts, ("",) * len(ids), ("",) * len(ids))
        trigger = int(popular[0])
        scores = model.engagement_scores(popular[:1])[0]
        best = np.argsort(-scores, kind="stable")[:10]
        return cls(ids, texts, made.engagement, made.relevance, trigger, best, scores[best])

    def check(self, model: TwoHeads, source: Path) -> None:
        """Hold this machine's vectors and scores to those that were recorded.

        Raises:
            ArtifactCorrupt: names the head that differs.
        """
        none = ("",) * len(self.ids)
        now = model.vectors(self.ids, self.texts, none, none)
        scores = model.engagement_scores(np.array([self.trigger]))[0][self.best]
        pairs = {
            "engagement vectors": (now.engagement, self.engagement),
            "relevance vectors": (now.relevance, self.relevance),
            "engagement scores": (scores, self.scores),
        }
        for name, (found, then) in pairs.items():
            if found.shape != then.shape or not np.allclose(found, then, rtol=_CLOSE, atol=_CLOSE):
                raise ArtifactCorrupt(f"{source}: {name} differ from those recorded", fix=AGAIN)

    def _arrays(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("texts", "engagement", "relevance", "best", "scores")},
            "ids": np.array([id_.encode() for id_ in self.ids], dtype=np.bytes_),
            "trigger": np.array(self.trigger, dtype=np.int64),
        }

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        return cls(
            ids=tuple(id_.decode() for id_ in held["ids"].tolist()),
            texts=held["texts"],
            engagement=held["engagement"],
            relevance=held["relevance"],
            trigger=int(held["trigger"]),
            best=held["best"],
            scores=held["scores"],
        )


def save_two_heads(
    model: TwoHeads,
    name: str,
    store: ArtifactStore,
    *,
    encoder: Artifact | None = None,
    data_hash: str = "",
    metrics: Mapping[str, float] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Artifact:
    """Write a model into the store, whole or not at all.

    Args:
        model: to be kept.
        name: of the artifact.
        store: where it goes.
        encoder: that made the texts' vectors, if there are any.
        data_hash: of the baskets that were learned from; nothing of them is written.
        metrics: measured on the validation.
        training: how it was made.

    Raises:
        InputError: a name that no artifact can have.
    """
    check_name(name)
    with store.staging() as folder:
        _write(model, folder)
        HeadsSelfTest.recorded(model).write(folder / GOLDEN)
        manifest = Manifest(
            kind=ITEM_TO_ITEM,
            name=name,
            base_model=encoder.manifest.name if encoder else "",
            revision=model.encoder,
            dims=model.dims,
            text_version=TEXT_VERSION,
            precision="fp32",
            data_hash=data_hash,
            metrics=metrics or {},
            training=training or {},
        )
        write_manifest(folder, manifest)
        return load_artifact(store.add(folder))


def find_two_heads(ref: str | Path, store: ArtifactStore) -> Artifact:
    """The model that a reference names; its hashes are checked.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or its files are not what was built.
    """
    fix = f"make one: aisle train item-to-item --data orders.csv --name {ref}"
    artifact = store.find(ref, ITEM_TO_ITEM, "item-to-item model", fix)
    artifact.require(
        ITEM_TO_ITEM, "an item-to-item model", fix="name one that `aisle train item-to-item` made"
    )
    return artifact


def load_two_heads(ref: str | Path, store: ArtifactStore) -> TwoHeads:
    """Open a model: its hashes are checked, its self-test is replayed.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or names what differs.
    """
    return read_two_heads(find_two_heads(ref, store))


def read_two_heads(artifact: Artifact) -> TwoHeads:
    """Open a model whose hashes were checked, as `find_two_heads` does: its self-test is replayed.

    Raises:
        ArtifactCorrupt: names what differs.
    """
    folder = artifact.path
    with readable(folder, AGAIN):
        model = _read(folder)
    HeadsSelfTest.read(artifact.file(GOLDEN)).check(model, folder)
    return model


def _write(model: TwoHeads, folder: Path) -> None:
    towers, counts = model.towers, model.counts
    known = {
        "ids": model.items,
        "titles": model.titles,
        "categories": model.categories,
        "vocabulary": {name: getattr(towers.vocabulary, name) for name in ("ids", "categories", "brands")},
    }
    (folder / ITEMS).write_bytes(orjson.dumps(known))
    heads = {
        f"{head}_{part}": getattr(getattr(towers, head), part)
        for head in ("engagement", "relevance")
        for part in _LAYERS
    }
    np.savez(
        folder / TOWERS, allow_pickle=False, embeddings=towers.embeddings, text_map=towers.text_map, **heads
    )
    np.savez(folder / VECTORS, allow_pickle=False, engagement=model.engagement, relevance=model.relevance)
    np.savez(folder / COUNTS, allow_pickle=False, taken=counts.taken)
    sparse.save_npz(folder / TOGETHER, counts.together)
    settings = {
        "counts": asdict(counts.options),
        "counts_weight": model.counts_weight,
        "encoder": model.encoder,
    }
    (folder / SETTINGS).write_bytes(orjson.dumps(settings))
    if model.whitening is not None:
        write_whitening(model.whitening, folder)


def _read(folder: Path) -> TwoHeads:
    known = orjson.loads((folder / ITEMS).read_bytes())
    settings = orjson.loads((folder / SETTINGS).read_bytes())
    vocabulary = Vocabulary(**{name: tuple(names) for name, names in known["vocabulary"].items()})
    with np.load(folder / TOWERS, allow_pickle=False) as held:
        engagement, relevance = (
            HeadLayers(**{part: held[f"{head}_{part}"] for part in _LAYERS})
            for head in ("engagement", "relevance")
        )
        towers = HeadTowers(vocabulary, held["embeddings"], held["text_map"], engagement, relevance)
    with np.load(folder / COUNTS, allow_pickle=False) as held:
        taken = held["taken"]
    counts = BasketCounts(
        tuple(known["ids"]),
        BasketCountOptions(**settings["counts"]),
        taken,
        canonical(sparse.csr_array(sparse.load_npz(folder / TOGETHER))),
    )
    with np.load(folder / VECTORS, allow_pickle=False) as held:
        vectors = held["engagement"], held["relevance"]
    return TwoHeads(
        counts,
        float(settings["counts_weight"]),
        tuple(known["titles"]),
        tuple(known["categories"]),
        *vectors,
        towers,
        read_whitening(folder) if (folder / WHITENING).is_file() else None,
        settings["encoder"],
    )
