"""A ranker on disk: arrays, a manifest and a self-test. No training library is needed to use one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import (
    GOLDEN,
    RANKER,
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
from aisle.errors import ArtifactCorrupt, ArtifactMismatch, InputError
from aisle.search.rank.features import FEATURE_VERSION, FEATURES
from aisle.search.rank.linear import Linear
from aisle.search.rank.ranker import DEPTH, MAX_DEPTH, Ranker, RankModel
from aisle.search.rank.trees import Trees

MODEL: Final = "model.npz"
SETTINGS: Final = "ranker.json"

_AGAIN: Final = "train it again: aisle train ranker --index NAME --data JUDGED"
_KINDS: Final[Mapping[str, type[Trees] | type[Linear]]] = MappingProxyType({"trees": Trees, "linear": Linear})
_RECORDED: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class RankerSelfTest(SelfTest):
    """Rows of features and the scores that they had.

    Attributes:
        rows: float64 [k, F]; scores: float64 [k].
    """

    rows: NDArray[np.float64]
    scores: NDArray[np.float64]

    def check(self, model: RankModel, source: Path) -> None:
        """Hold this machine's scores to those that were recorded; only their last bits may differ.

        Raises:
            ArtifactCorrupt: names the first row whose score differs.
        """
        now = model.scores(self.rows)
        wrong = ~np.isclose(now, self.scores, rtol=1e-9, atol=1e-12)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ArtifactCorrupt(
                f"{source}: recorded candidate {row} has the score {now[row]} on this machine,"
                f" {self.scores[row]} was recorded",
                fix=_AGAIN,
            )

    def _arrays(self) -> dict[str, Any]:
        return {"rows": self.rows, "scores": self.scores}

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        return cls(held["rows"], held["scores"])


def save_ranker(
    model: Trees | Linear,
    name: str,
    store: ArtifactStore,
    rows: NDArray[np.float64],
    *,
    depth: int = DEPTH,
    data_hash: str = "",
    metrics: Mapping[str, float] | None = None,
    training: Mapping[str, Any] | None = None,
) -> Artifact:
    """Write a ranker into the store, whole or not at all.

    Args:
        model: to be kept.
        name: of the artifact.
        store: where it goes.
        rows: float64 [n, F], features of candidates; the first become the self-test.
        depth: candidates that it orders.
        data_hash: of the judgments that it learned from; nothing of them is written.
        metrics: measured on queries that it did not learn from.
        training: how it was made.

    Raises:
        InputError: a name that no artifact can have.
    """
    check_name(name)
    kind = next(name for name, of in _KINDS.items() if isinstance(model, of))
    few = rows[:_RECORDED]
    with store.staging() as folder:
        np.savez(folder / MODEL, allow_pickle=False, **model.arrays())
        described = {
            "model": kind,
            "depth": depth,
            "feature_version": FEATURE_VERSION,
            "features": [feature.name for feature in FEATURES],
        }
        (folder / SETTINGS).write_bytes(orjson.dumps(described, option=orjson.OPT_INDENT_2))
        RankerSelfTest(few, model.scores(few)).write(folder / GOLDEN)
        manifest = Manifest(
            kind=RANKER,
            name=name,
            base_model=kind,
            dims=len(FEATURES),
            text_version=TEXT_VERSION,
            data_hash=data_hash,
            metrics=metrics or {},
            training=training or {},
        )
        write_manifest(folder, manifest)
        return load_artifact(store.add(folder))


def load_ranker(ref: str | Path, store: ArtifactStore) -> tuple[Ranker, Artifact]:
    """Open a ranker: its hashes are checked, its self-test is replayed.

    Args:
        ref: a path, a name or a fingerprint.
        store: where names are looked up.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: it is of another kind, or names what differs.
        ArtifactMismatch: it was trained on features of another version.
    """
    artifact = store.find(
        ref, RANKER, "ranker", f"train one: aisle train ranker --index NAME --data JUDGED --name {ref}"
    )
    artifact.require(RANKER, "a ranker", fix="name one that `aisle train ranker` made")
    folder = artifact.path
    with readable(folder, _AGAIN):
        described = orjson.loads(artifact.file(SETTINGS).read_bytes())
        version, names = described["feature_version"], described["features"]
    if (version, names) != (FEATURE_VERSION, [feature.name for feature in FEATURES]):
        raise ArtifactMismatch(
            f"the ranker {artifact.manifest.name} was trained on features of version {version}, which are not"
            f" those of this Aisle (version {FEATURE_VERSION})",
            fix=_AGAIN,
        )
    with readable(folder, _AGAIN):
        with np.load(artifact.file(MODEL), allow_pickle=False) as held:
            model = _KINDS[described["model"]].of_arrays(held)
        depth = int(described["depth"])
        if not 1 <= depth <= MAX_DEPTH:
            raise InputError(f"it would order {depth} candidates", fix=_AGAIN)
        RankerSelfTest.read(artifact.file(GOLDEN)).check(model, folder)
    return Ranker(artifact.manifest.name, artifact.fingerprint, model, depth), artifact
