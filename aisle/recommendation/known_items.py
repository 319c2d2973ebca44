"""The items that a recommender knows, and how it reads the texts of others: what an index needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import RECOMMENDER, Artifact, ArtifactStore, readable
from aisle.encoder.whitening import Whitening
from aisle.errors import ArtifactCorrupt

ITEMS: Final = "items.json"
COUNTS: Final = "counts.npz"
TEXTS: Final = "texts.npy"
WHITENING: Final = "whitening.npz"

AGAIN: Final = "train the recommender again: aisle train recommender"


@dataclass(frozen=True, slots=True, eq=False)
class KnownItems:
    """The items that a recommender has counted, and how it reads the texts of all others.

    Attributes:
        popularity: id to how many users took it, against the item that most took: 0 to 1.
        whitening: places vectors of texts; None: the recommender reads none.
    """

    popularity: Mapping[str, float]
    whitening: Whitening | None


def find_recommender(ref: str | Path, store: ArtifactStore) -> Artifact:
    """The recommender that a reference names; its hashes are checked.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind or an older Aisle, or its files are not what was built.
    """
    fix = f"make one: aisle train recommender --data orders.csv --name {ref}"
    artifact = store.find(ref, RECOMMENDER, "recommender", fix)
    artifact.require(RECOMMENDER, "a recommender", fix="name one that `aisle train recommender` made")
    files = artifact.manifest.files
    if TEXTS in files and WHITENING not in files:
        raise ArtifactCorrupt(f"{artifact.path} cannot place new items beside its texts", fix=AGAIN)
    return artifact


def known_items(recommender: Artifact) -> KnownItems:
    """Read them without the counts of pairs, which are most of an artifact.

    Raises:
        ArtifactCorrupt: the files cannot be read.
    """
    folder = recommender.path
    with readable(folder, AGAIN):
        ids = orjson.loads((folder / ITEMS).read_bytes())["ids"]
        with np.load(folder / COUNTS, allow_pickle=False) as held:
            popularity = dict(zip(ids, popular(held["takers"]).tolist(), strict=True))
        return KnownItems(popularity, read_whitening(folder) if TEXTS in recommender.manifest.files else None)


def read_whitening(folder: Path) -> Whitening:
    """The map that made the texts' vectors of a recommender."""
    with np.load(folder / WHITENING, allow_pickle=False) as held:
        return Whitening(held["mean"], held["matrix"])


def write_whitening(whitening: Whitening, folder: Path) -> None:
    """Keep what `read_whitening` reads."""
    np.savez(folder / WHITENING, allow_pickle=False, mean=whitening.mean, matrix=whitening.matrix)


def popular(takers: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """How many users took each item, against the item that most of them took: float32 [items], 0 to 1."""
    return (takers / max(1, int(takers.max(initial=0)))).astype(np.float32)
