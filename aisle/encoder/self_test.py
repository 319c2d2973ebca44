"""The self-test of an artifact: a few inputs with the tokens and outputs they had when it was built.

Hashes prove that the files are those that were built; the self-test proves that this machine (CPU,
onnxruntime, tokenizers) makes the same outputs of them. In messages and in the file's name, what is recorded
is "golden".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import readable
from aisle.encoder.tokenizer import Pairs, Texts
from aisle.errors import ArtifactCorrupt

GOLDEN_TEXTS = (
    "led outdoor flood light",
    "Xerox 006R90321 toner cartridge Original Black 6 pc(s)",
    "3/4 in. x 10 ft. Copper Type L Pipe, Ø 19 mm — für Wasser, 日本",
    "a",
    "18-volt cordless drill with two batteries, charger and case. " * 6,
)
GOLDEN_QUERY = "18 volt cordless drill"
GOLDEN_ITEMS = (*GOLDEN_TEXTS, "")

MIN_COSINE = 0.999
"""Least cosine of replayed to recorded: integer kernels are exact, float rounding may flip a level."""

MOST = 0.05
"""Greatest difference to a recorded score, as a share of their spread: rounding may flip a level."""

_OTHER_TOKENS = "install the tokenizers version Aisle pins, or export the model again"
_OTHER_OUTPUTS = "export the model again on this kind of machine"


class SelfTest(ABC):
    """Recorded inputs, their tokens and their outputs, in one npz file without pickled objects."""

    def write(self, path: Path) -> None:
        """Write all that is recorded."""
        np.savez(path, **self._arrays())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what ``write`` wrote.

        Raises:
            ArtifactCorrupt: the file is no such npz, or holds pickled objects.
        """
        with readable(path, "export the model again"), np.load(path, allow_pickle=False) as held:
            return cls._of(held)

    @abstractmethod
    def _arrays(self) -> dict[str, Any]:
        """Arrays by name, in the order of the file."""

    @classmethod
    @abstractmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        """From the arrays of a file. Raises KeyError or ValueError if they are not what was written."""


@dataclass(frozen=True, slots=True)
class TextSelfTest(SelfTest):
    """Recorded texts (n), their token ids and their vectors, float32 [n, dims]."""

    texts: tuple[str, ...]
    tokens: Texts
    vectors: NDArray[np.float32]

    def check_tokens(self, now: Texts, source: Path) -> None:
        """Compare the tokens that the texts have on this machine.

        Raises:
            ArtifactCorrupt: names the first text of ``source`` whose tokens differ.
        """
        for text, then, found in zip(self.texts, self.tokens.rows, now.rows, strict=True):
            if found != then:
                raise ArtifactCorrupt(
                    f"{source}: the tokens of golden text {text[:40]!r} differ from those recorded",
                    fix=_OTHER_TOKENS,
                )

    def check_outputs(self, now: NDArray[np.float32], source: Path) -> None:
        """Compare the vectors that the texts have on this machine, float32 [n, dims].

        Raises:
            ArtifactCorrupt: names the first text of ``source`` whose vector differs, and by how much.
        """
        for text, then, found in zip(self.texts, self.vectors, now, strict=True):
            cosine = _cosine(found, then)
            if not cosine >= MIN_COSINE:
                raise ArtifactCorrupt(
                    f"{source}: this machine's vector of golden text {text[:40]!r} has cosine {cosine:.4f}"
                    f" to the recorded one (at least {MIN_COSINE})",
                    fix=_OTHER_OUTPUTS,
                )

    def _arrays(self) -> dict[str, Any]:
        return {"texts": np.array(self.texts), **_flat(self.tokens), "vectors": self.vectors}

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        return cls(tuple(held["texts"].tolist()), Texts(_rows(held)), held["vectors"].astype(np.float32))


@dataclass(frozen=True, slots=True)
class PairSelfTest(SelfTest):
    """A query, item texts (n), token ids and query segments of the pairs, and scores, float32 [n]."""

    query: str
    texts: tuple[str, ...]
    tokens: Pairs
    scores: NDArray[np.float32]

    def check_tokens(self, now: Pairs, source: Path) -> None:
        """Compare the tokens that the pairs have on this machine.

        Raises:
            ArtifactCorrupt: those of ``source`` differ.
        """
        if (now.rows, now.firsts) != (self.tokens.rows, self.tokens.firsts):
            raise ArtifactCorrupt(
                f"{source}: the tokens of the golden pairs differ from those recorded", fix=_OTHER_TOKENS
            )

    def check_outputs(self, now: NDArray[np.float32], source: Path) -> None:
        """Compare the scores that the pairs have on this machine, float32 [n].

        Raises:
            ArtifactCorrupt: names the first item of ``source`` whose score differs, and by how much.
        """
        most = MOST * float(np.ptp(self.scores))
        for text, found, then in zip(self.texts, now, self.scores, strict=True):
            if not abs(found - then) <= most:
                raise ArtifactCorrupt(
                    f"{source}: this machine scores the golden item {text[:40]!r} {found:.4f}, {then:.4f} was"
                    f" recorded (at most {most:.4f} apart)",
                    fix=_OTHER_OUTPUTS,
                )

    def _arrays(self) -> dict[str, Any]:
        return {
            "query": np.array(self.query),
            "texts": np.array(self.texts),
            **_flat(self.tokens),
            "firsts": np.array(self.tokens.firsts, dtype=np.int64),
            "scores": self.scores,
        }

    @classmethod
    def _of(cls, held: Mapping[str, NDArray[Any]]) -> Self:
        return cls(
            str(held["query"]),
            tuple(held["texts"].tolist()),
            Pairs(_rows(held), held["firsts"].tolist()),
            held["scores"].astype(np.float32),
        )


def _flat(tokens: Texts | Pairs) -> dict[str, NDArray[np.int64]]:
    flat = [token for row in tokens.rows for token in row]
    return {
        "tokens": np.array(flat, dtype=np.int64),
        "lengths": np.array(tokens.lengths, dtype=np.int64),
    }


def _rows(held: Mapping[str, NDArray[Any]]) -> list[list[int]]:
    parts = np.split(held["tokens"], np.cumsum(held["lengths"])[:-1])
    return [part.tolist() for part in parts]


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    if a.shape != b.shape:
        return 0.0
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 0.0
