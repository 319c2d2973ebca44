"""Preferences: a bounded correction of a recommender's ranking, learned from what users took of its pools.

The score of an item becomes its own and a bound times tanh(delta), where a small model reads delta off the
pool (Rafailov et al. 2023, "Direct Preference Optimization", arXiv 2305.18290, with the recommender as the
reference). Nothing can move farther than the bound.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import GOLDEN, MODEL, PREFERENCES, Artifact, ArtifactStore, readable
from aisle.encoder.cpu import open_session
from aisle.encoder.self_test import SelfTest
from aisle.errors import ArtifactCorrupt, InputError
from aisle.recommendation.channels import Blend
from aisle.recommendation.pool import Candidates, deviation, feature_names, features
from aisle.recommendation.settings import POPULARITY

SETTINGS: Final = "settings.json"
PREFERENCE: Final = "preference"
"""The name under which a recommendation's signals hold what preferences added."""

INPUT, OUTPUT = "features", "deltas"
_AGAIN: Final = "train the preferences again: aisle train preferences"
_CLOSE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class PreferenceSettings:
    """How a model of preferences is used.

    Attributes:
        bound: farthest that an item moves, in standard deviations of its pool's scores.
        pool: best items of a request that are ranked again; the rest stay as they are.
        channels: whose scores the model reads, in order.

    Raises:
        InputError: a bound that is not above 0, a pool under 2, or no channel.
    """

    bound: float
    pool: int
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        if not (0 < self.bound < np.inf and self.pool >= 2 and self.channels):
            raise InputError(
                f"nothing can be ranked with {self}", fix="use a bound above 0, a pool of 2 or more"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"bound": self.bound, "pool": self.pool, "channels": list(self.channels)}

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> Self:
        """From what ``to_json`` made."""
        return cls(float(held["bound"]), int(held["pool"]), tuple(held["channels"]))


@dataclass(frozen=True, slots=True)
class DeltasSelfTest(SelfTest):
    """Recorded features, float32 [n, columns], and their deltas, float32 [n]."""

    features: NDArray[np.float32]
    deltas: NDArray[np.float32]

    def _arrays(self) -> dict[str, Any]:
        return {"features": self.features, "deltas": self.deltas}

    @classmethod
    def _of(cls, held: Any) -> Self:
        return cls(held["features"].astype(np.float32), held["deltas"].astype(np.float32))


class Preferences:
    """Ranks the best of a recommender again, within a bound. Safe to share between threads."""

    def __init__(self, artifact: Artifact) -> None:
        """Open a verified artifact.

        Raises:
            ArtifactCorrupt: it is of another kind, or its files are not what was built.
        """
        artifact.require(PREFERENCES, "a model of preferences", fix="name one of `aisle train preferences`")
        self.artifact = artifact
        with readable(artifact.path, _AGAIN):
            self.settings = PreferenceSettings.from_json(orjson.loads(artifact.file(SETTINGS).read_bytes()))
        if artifact.manifest.dims != len(feature_names(self.settings.channels)):
            raise ArtifactCorrupt(f"{artifact.path} reads other features than this Aisle makes", fix=_AGAIN)
        self._session = open_session(artifact.file(MODEL))

    @classmethod
    def load(cls, ref: str | Path, store: ArtifactStore) -> Self:
        """Open an artifact: its hashes are checked, its self-test is replayed.

        Raises:
            ArtifactNotFound: nothing goes by that reference.
            ArtifactCorrupt: it is of another kind, or gives other deltas on this machine.
        """
        fix = f"make them: aisle train preferences --data orders.csv --recommender {ref}"
        found = cls(store.find(ref, PREFERENCES, "preferences", fix))
        recorded = DeltasSelfTest.read(found.artifact.file(GOLDEN))
        if not np.allclose(found.deltas(recorded.features), recorded.deltas, rtol=_CLOSE, atol=_CLOSE):
            raise ArtifactCorrupt(f"{found.artifact.path}: the deltas differ from those recorded", fix=_AGAIN)
        return found

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the model and how it is used."""
        return self.artifact.fingerprint

    def deltas(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model says of features, before the bound.

        Args:
            rows: float32 [n, columns], see ``aisle.recommendation.pool.features``.

        Returns:
            float32 [n].
        """
        found: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: rows})[0]
        return found

    def added(self, candidates: Candidates) -> NDArray[np.float32]:
        """What preferences add to the scores of candidates, in the scores' own unit.

        Only the pool, the best of the candidates, is moved; of one score the earlier one is in it.

        Args:
            candidates: of one request, n.

        Returns:
            float32 [n], none beyond the bound times the standard deviation of the pool's scores.
        """
        base = candidates.base
        added = np.zeros(len(base), dtype=np.float32)
        best = np.argsort(-base, kind="stable")[: self.settings.pool]
        if len(best) < 2:
            return added
        pool = candidates.at(best)
        deltas = self.deltas(features(pool, pool, self.settings.channels))
        added[best] = bounded(deltas, self.settings.bound) * deviation(pool.base)
        return added


class PreferencesNotice(UserWarning):
    """Warns that preferences were learned with other channels, and are left out."""


def preferences_of(
    recommender: Artifact, channels: tuple[str, ...], store: ArtifactStore
) -> Preferences | None:
    """The preferences that go by a recommender's name; None if there are none.

    Those that were learned with other channels, as before a router was trained, are left out with a
    `PreferencesNotice`: they would read scores that mean something else.

    Args:
        recommender: by whose name they are found.
        channels: that it has, see `read_channels`.
        store: where they are.

    Raises:
        ArtifactCorrupt: they are not what was built, or give other deltas on this machine.
    """
    name = recommender.manifest.name
    there = [path for path, held in store.list() if (held.kind, held.name) == (PREFERENCES, name)]
    if not there:
        return None
    found = Preferences.load(there[0], store)
    if found.settings.channels == channels:
        return found
    warnings.warn(
        f"the preferences '{name}' were learned with {', '.join(found.settings.channels)}, not with "
        f"{', '.join(channels)}, and are left out; train them again: aisle train preferences "
        f"--recommender {name}",
        PreferencesNotice,
        stacklevel=2,
    )
    return None


def read_channels(blend: Blend) -> tuple[str, ...]:
    """The channels whose scores a model reads: all but popularity, in place of which it reads the takers."""
    return tuple(channel.name for channel, _ in blend.parts if channel.name != POPULARITY)


def bounded(deltas: NDArray[np.float32], bound: float) -> NDArray[np.float32]:
    """Bound times tanh(delta), float32 [n]: never beyond the bound, whatever a model says."""
    return np.float32(bound) * np.tanh(deltas, dtype=np.float32)
