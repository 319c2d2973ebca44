"""A recommender on disk: counts, texts, titles and settings, verified as every artifact is; no user in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy import sparse

from aisle.encoder.artifact import (
    GOLDEN,
    RECOMMENDER,
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
from aisle.errors import ArtifactCorrupt, InputError
from aisle.recommendation.counts import CountOptions, ItemCounts
from aisle.recommendation.known_items import (
    AGAIN,
    COUNTS,
    ITEMS,
    TEXTS,
    find_recommender,
    read_whitening,
    write_whitening,
)
from aisle.recommendation.recommender import LONGEST, Recommender
from aisle.recommendation.settings import CountSettings, Learned, RecommenderSettings, TextSettings
from aisle.sequences import Sequences, sequences_of

SETTINGS: Final = "settings.json"

_CLOSE: Final = 1e-4


@dataclass(frozen=True, slots=True)
class ScoresSelfTest(SelfTest):
    """A few histories, the items that were best for them, and their scores.

    Attributes:
        histories: positions of items, oldest first.
        best: int64 [histories, k], positions.
        scores: float32 [histories, k].
    """

    histories: tuple[tuple[int, ...], ...]
    best: NDArray[np.int64]
    scores: NDArray[np.float32]

    def _arrays(self) -> dict[str, Any]:
        lengths = np.array([len(history) for history in self.histories], dtype=np.int64)
        steps = np.array([step for history in self.histories for step in history], dtype=np.int64)
        return {"lengths": lengths, "steps": steps, "best": self.best, "scores": self.scores}

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        ends = np.cumsum(held["lengths"])[:-1]
        histories = tuple(tuple(part.tolist()) for part in np.split(held["steps"], ends))
        return cls(histories, held["best"], held["scores"])

    def check(self, recommender: Recommender, source: Path) -> None:
        """Hold this machine's scores to those that were recorded.

        Raises:
            ArtifactCorrupt: names the first history whose scores differ.
        """
        now = _scores(recommender, self.histories)
        for history, places, then, found in zip(self.histories, self.best, self.scores, now, strict=True):
            if not np.allclose(found[places], then, rtol=_CLOSE, atol=_CLOSE):
                named = [recommender.items[step] for step in history]
                raise ArtifactCorrupt(f"{source}: the scores for history {named} differ", fix=AGAIN)


def save_recommender(
    recommender: Recommender,
    name: str,
    store: ArtifactStore,
    *,
    learned_from: Sequences,
    encoder: Artifact | None = None,
    metrics: Mapping[str, float] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Artifact:
    """Write a recommender into the store, whole or not at all.

    Args:
        recommender: to be kept.
        name: of the artifact.
        store: where it goes.
        learned_from: hashed, so that the manifest says what was counted; nothing of it is written.
        encoder: that made the texts' vectors, if there are any.
        metrics: measured on the validation.
        training: how it was made.

    Raises:
        InputError: a name that no artifact can have, or texts without what whitened them.
    """
    check_name(name)
    learned = recommender.learned
    if (learned.texts is None) != (learned.whitening is None):
        raise InputError(
            "texts and their whitening are kept together, so that new items can be placed beside them",
            fix="give both to aisle.recommendation.train.train, or neither",
        )
    with store.staging() as folder:
        (folder / ITEMS).write_bytes(orjson.dumps({"ids": recommender.items, "titles": recommender.titles}))
        (folder / SETTINGS).write_bytes(
            orjson.dumps(asdict(recommender.settings), option=orjson.OPT_INDENT_2)
        )
        np.savez(folder / COUNTS, allow_pickle=False, **_count_arrays(learned.counts))
        if learned.texts is not None:
            np.save(folder / TEXTS, learned.texts.astype(np.float16))
        if learned.whitening is not None:
            write_whitening(learned.whitening, folder)
        # What is read again is what is served: texts are rounded on disk.
        served = _read(folder, has_texts=learned.texts is not None)
        _self_test(served).write(folder / GOLDEN)
        manifest = Manifest(
            kind=RECOMMENDER,
            name=name,
            base_model=encoder.manifest.name if encoder else "",
            revision=encoder.fingerprint if encoder else "",
            dims=len(recommender.items),
            max_length=LONGEST,
            text_version=encoder.manifest.text_version if encoder else TEXT_VERSION,
            data_hash=learned_from.digest(),
            metrics=metrics or {},
            training=training or {},
        )
        write_manifest(folder, manifest)
        return load_artifact(store.add(folder))


def load_recommender(ref: str | Path, store: ArtifactStore) -> Recommender:
    """Open a recommender: its hashes are checked, its self-test is replayed.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or names what differs.
    """
    return read_recommender(find_recommender(ref, store))


def read_recommender(artifact: Artifact) -> Recommender:
    """Open a recommender whose hashes were checked, as `find_recommender` does: its self-test is replayed.

    Raises:
        ArtifactCorrupt: names what differs.
    """
    recommender = _read(artifact.path, has_texts=TEXTS in artifact.manifest.files)
    ScoresSelfTest.read(artifact.file(GOLDEN)).check(recommender, artifact.path)
    return recommender


def _read(folder: Path, *, has_texts: bool) -> Recommender:
    with readable(folder, AGAIN):
        known = orjson.loads((folder / ITEMS).read_bytes())
        counts = _counts(folder / COUNTS, tuple(known["ids"]))
        texts = np.load(folder / TEXTS, allow_pickle=False).astype(np.float32) if has_texts else None
        held = orjson.loads((folder / SETTINGS).read_bytes())
        settings = RecommenderSettings(
            **{**held, "counts": CountSettings(**held["counts"]), "text": TextSettings(**held["text"])}
        )
        whitening = read_whitening(folder) if has_texts else None
        return Recommender(Learned(counts, texts, whitening), known["titles"], settings)


_MATRICES: Final = ("follows", "together")


def _count_arrays(counts: ItemCounts) -> dict[str, NDArray[Any]]:
    options = np.array([counts.options.window, counts.options.together], dtype=np.int64)
    arrays: dict[str, NDArray[Any]] = {"options": options, "taken": counts.taken, "takers": counts.takers}
    for name in _MATRICES:
        matrix = getattr(counts, name)
        arrays |= {f"{name}_{part}": getattr(matrix, part) for part in ("indptr", "indices", "data")}
    return arrays


def _counts(path: Path, items: tuple[str, ...]) -> ItemCounts:
    with np.load(path, allow_pickle=False) as held:
        follows, together = (
            sparse.csr_array(
                tuple(held[f"{name}_{part}"] for part in ("data", "indices", "indptr")),
                shape=(len(items), len(items)),
            )
            for name in _MATRICES
        )
        window, most = held["options"].tolist()
        return ItemCounts(items, CountOptions(window, most), held["taken"], held["takers"], follows, together)


def _self_test(recommender: Recommender) -> ScoresSelfTest:
    takers = recommender.learned.counts.takers
    popular = np.argsort(-takers, kind="stable")[:3].tolist()
    histories = ((), (popular[0],), tuple(popular))
    scores = _scores(recommender, histories)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    return ScoresSelfTest(histories, best, np.take_along_axis(scores, best, axis=1))


def _scores(recommender: Recommender, histories: tuple[tuple[int, ...], ...]) -> NDArray[np.float32]:
    return recommender.channel.scores(sequences_of(recommender.items, histories))
