"""Golden replay: a few texts with the tokens and vectors they had when the artifact was built.

Hashes prove that the files are those that were built; the replay proves that this machine (CPU, onnxruntime,
tokenizers) makes the same vectors of them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.tokenizer import Pairs
from aisle.errors import ArtifactCorrupt

GOLDEN_TEXTS = (
    "led outdoor flood light",
    "Xerox 006R90321 toner cartridge Original Black 6 pc(s)",
    "3/4 in. x 10 ft. Copper Type L Pipe, Ø 19 mm — für Wasser, 日本",
    "a",
    "18-volt cordless drill with two batteries, charger and case. " * 6,
)

MIN_COSINE = 0.999
"""Least cosine of replayed to recorded: integer kernels are exact, float rounding may flip a level."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Recorded texts (n), their token ids and their vectors, float32 [n, dims]."""

    texts: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    vectors: NDArray[np.float32]

    def write(self, path: Path) -> None:
        """Write as npz, without pickled objects."""
        flat = np.array([token for row in self.tokens for token in row], dtype=np.int64)
        lengths = np.array([len(row) for row in self.tokens], dtype=np.int64)
        np.savez(path, texts=np.array(self.texts), tokens=flat, lengths=lengths, vectors=self.vectors)

    @staticmethod
    def read(path: Path) -> SelfTest:
        """Read what ``write`` wrote.

        Raises:
            ArtifactCorrupt: the file is no such npz, or holds pickled objects.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                texts, vectors = held["texts"].tolist(), held["vectors"].astype(np.float32)
                parts = np.split(held["tokens"], np.cumsum(held["lengths"])[:-1])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ArtifactCorrupt(f"{path} cannot be read: {error}", fix="export the model again") from error
        return SelfTest(tuple(texts), tuple(tuple(part.tolist()) for part in parts), vectors)

    def replay(
        self,
        tokenize: Callable[[Sequence[str]], Sequence[Sequence[int]]],
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
        source: Path,
    ) -> None:
        """Tokenize and encode the texts again, one by one, and compare.

        Raises:
            ArtifactCorrupt: names the first text whose tokens or vector differ, and by how much.
        """
        for text, expected, then, now in zip(
            self.texts, self.tokens, tokenize(self.texts), self.vectors, strict=True
        ):
            if tuple(then) != expected:
                raise ArtifactCorrupt(
                    f"{source}: the tokens of golden text {text[:40]!r} differ from those recorded",
                    fix="install the tokenizers version Aisle pins, or export the model again",
                )
            cosine = _cosine(encode([text])[0], now)
            if not cosine >= MIN_COSINE:
                raise ArtifactCorrupt(
                    f"{source}: this machine's vector of golden text {text[:40]!r} has cosine {cosine:.4f}"
                    f" to the recorded one (at least {MIN_COSINE})",
                    fix="export the model again on this kind of machine",
                )


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    if a.shape != b.shape:
        return 0.0
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 0.0


GOLDEN_QUERY = "18 volt cordless drill"
GOLDEN_ITEMS = (*GOLDEN_TEXTS, "")

MOST = 0.05
"""Greatest difference to a recorded score, as a share of their spread: rounding may flip a level."""


@dataclass(frozen=True, slots=True)
class PairSelfTest:
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
    def read(path: Path) -> PairSelfTest:
        """Read what ``write`` wrote.

        Raises:
            ArtifactCorrupt: the file is no such npz, or holds pickled objects.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                parts = np.split(held["tokens"], np.cumsum(held["lengths"])[:-1])
                return PairSelfTest(
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
