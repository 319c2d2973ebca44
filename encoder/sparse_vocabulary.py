"""The vocabulary of a sparse artifact, and what its tokens weigh in a query: two array files, no pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from records import ArtifactCorrupt

VOCABULARY = "vocabulary.json"
QUERY_WEIGHTS = "query_weights.npy"

# ``neural_sparse`` refuses larger ones.
MAX_QUERY_WEIGHT = 64.0

_FIX = "export the model again"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens of the columns, and their ids in the tokenizer, int64 [v]."""

    tokens: tuple[str, ...]
    ids: NDArray[np.int64]

    def columns(self) -> NDArray[np.int64]:
        """Column by token id, -1 for tokens that have none; int64 [largest id + 1]."""
        found = np.full(int(self.ids.max(initial=-1)) + 1, -1, dtype=np.int64)
        found[self.ids] = np.arange(len(self.ids))
        return found

    def write(self, path: Path) -> None:
        """As JSON: token to id, in the order of the columns."""
        path.write_bytes(orjson.dumps(dict(zip(self.tokens, self.ids.tolist(), strict=True))))


def read_vocabulary(path: Path, columns: int) -> Vocabulary:
    """Read what ``Vocabulary.write`` wrote.

    Raises:
        ArtifactCorrupt: it is no such file, or has another number of tokens than ``columns``.
    """
    try:
        held = orjson.loads(path.read_bytes())
        found = Vocabulary(
            tuple(map(str, held)), np.array([int(id_) for id_ in held.values()], dtype=np.int64)
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix=_FIX) from error
    if len(found.tokens) != columns or found.ids.min(initial=0) < 0:
        raise ArtifactCorrupt(f"{path} has {len(found.tokens)} tokens, the model {columns}", fix=_FIX)
    return found


def read_query_weights(path: Path, columns: int) -> NDArray[np.float32]:
    """What each token of a query weighs, float32 [v], above 0.

    Raises:
        ArtifactCorrupt: it is no such array.
    """
    try:
        weights = np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix=_FIX) from error
    within = weights.shape == (columns,) and bool(((weights > 0) & (weights <= MAX_QUERY_WEIGHT)).all())
    if not within:
        raise ArtifactCorrupt(
            f"{path} does not hold {columns} weights above 0 and up to {MAX_QUERY_WEIGHT:g}", fix=_FIX
        )
    return weights
