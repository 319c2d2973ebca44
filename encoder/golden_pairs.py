"""Golden replay of a reranker: pairs with the tokens and the scores they had when the artifact was built."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.golden import GOLDEN_TEXTS
from encoder.pair_tokens import Pairs
from records import ArtifactCorrupt

GOLDEN_QUERY = "18 volt cordless drill"
GOLDEN_ITEMS = (*GOLDEN_TEXTS, "")

MOST = 0.05
"""Greatest difference to a recorded score, as a share of their spread: rounding may flip a level."""


@dataclass(frozen=True, slots=True)
class GoldenPairs:
    """A query, item texts (n), token ids and query segments of the pairs, and scores, float32 [n]."""

    query: str
    texts: tuple[str, ...]
    tokens: Pairs
    scores: NDArray[np.float32]

    def write(self, path: Path) -> None:
        """Write as npz, without pickled objects."""
        flat = np.array([token for row in self.tokens.rows for token in row], dtype=np.int64)
        np.savez(
            path,
            query=np.array(self.query),
            texts=np.array(self.texts),
            tokens=flat,
            lengths=np.array(self.tokens.lengths, dtype=np.int64),
            firsts=np.array(self.tokens.firsts, dtype=np.int64),
            scores=self.scores,
        )

    @staticmethod
    def read(path: Path) -> GoldenPairs:
        """Read what ``write`` wrote.

        Raises:
            ArtifactCorrupt: the file is no such npz, or holds pickled objects.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                parts = np.split(held["tokens"], np.cumsum(held["lengths"])[:-1])
                return GoldenPairs(
                    str(held["query"]),
                    tuple(held["texts"].tolist()),
                    Pairs([part.tolist() for part in parts], held["firsts"].tolist()),
                    held["scores"].astype(np.float32),
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix="export the model again") from error

    def replay(
        self,
        tokenize: Callable[[str, Sequence[str]], Pairs],
        score: Callable[[Pairs], NDArray[np.float32]],
        source: Path,
    ) -> None:
        """Tokenize and score the pairs again, and compare.

        Raises:
            ArtifactCorrupt: names the first item whose tokens or score differ, and by how much.
        """
        pairs = tokenize(self.query, self.texts)
        if (pairs.rows, pairs.firsts) != (self.tokens.rows, self.tokens.firsts):
            raise ArtifactCorrupt(
                f"{source}: the tokens of the golden pairs differ from those recorded",
                fix="install the tokenizers version Aisle pins, or export the model again",
            )
        most = MOST * float(np.ptp(self.scores))
        for text, now, then in zip(self.texts, score(pairs), self.scores, strict=True):
            if not abs(now - then) <= most:
                raise ArtifactCorrupt(
                    f"{source}: this machine scores the golden item {text[:40]!r} {now:.4f}, {then:.4f} was"
                    f" recorded (at most {most:.4f} apart)",
                    fix="export the model again on this kind of machine",
                )
