"""The sparse encoder: texts to weights of vocabulary tokens, with an ONNX graph on the CPU.

How it takes queries is the artifact's: with ``query_weights.npy`` a query's tokens are looked up and no model
is run; without, the model weighs queries as it does items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle.encoder.artifact import Artifact, ArtifactStore
from aisle.encoder.base import TextModel
from aisle.encoder.cpu import InstructionSet
from aisle.errors import ArtifactCorrupt, InputError

# OpenSearch refuses queries of more clauses.
MAX_QUERY_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Pruning:
    """How many weights are kept: of items, which decides the index's size, and of queries, which decides
    time.

    Attributes:
        max_tokens_item: most tokens of an item, the heaviest.
        min_weight_item: least weight of these, above 0.
        max_tokens_query: most tokens of a query, the heaviest.
        keep_ratio_query: least weight of these, as a share of the heaviest one's, in [0, 1].

    Raises:
        InputError: a value that keeps nothing.
    """

    max_tokens_item: int = 128
    min_weight_item: float = 0.01
    max_tokens_query: int = 64
    keep_ratio_query: float = 0.1

    def __post_init__(self) -> None:
        if self.max_tokens_item < 1 or not 1 <= self.max_tokens_query <= MAX_QUERY_TOKENS:
            raise InputError(
                f"{self.max_tokens_item} tokens of items, {self.max_tokens_query} of queries cannot be kept",
                fix=f"keep 1 or more of an item's, 1 to {MAX_QUERY_TOKENS} of a query's",
            )
        if not self.min_weight_item > 0 or not 0 <= self.keep_ratio_query <= 1:
            raise InputError(
                f"weights from {self.min_weight_item} or a share of {self.keep_ratio_query} cannot be kept",
                fix="give a weight above 0, and a share of 0 to 1",
            )


# Of a weight, what an index keeps (9 bits) and a little more.
DIGITS = 4


def is_feature(token: str) -> bool:
    """Whether a weight may have this name.

    Tokens with a dot are nothing but punctuation in a WordPiece vocabulary. OpenSearch takes them, but to
    other readers of ``_source`` a dot in a key is a path.
    """
    return bool(token.strip()) and "." not in token


@dataclass(frozen=True, slots=True)
class SparseRows:
    """Token weights of n texts, as compressed sparse rows; ``rows[i]`` is token to weight, heaviest first.

    Attributes:
        vocabulary: the token of each column.
        starts: int64 [n + 1], where each row begins in the other two.
        columns: int32, the column of each weight.
        weights: float64, above 0.
    """

    vocabulary: tuple[str, ...]
    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> dict[str, float]:
        """Token to weight of one text; empty if no token has any."""
        own = slice(self.starts[row], self.starts[row + 1])
        tokens = (self.vocabulary[column] for column in self.columns[own].tolist())
        return dict(zip(tokens, self.weights[own].tolist(), strict=True))

    def __iter__(self) -> Iterator[dict[str, float]]:
        return (self[row] for row in range(len(self)))

    @classmethod
    def of(
        cls, vocabulary: tuple[str, ...], rows: Sequence[tuple[NDArray[np.int32], NDArray[np.float64]]]
    ) -> Self:
        """From the columns and weights of each row."""
        lengths = np.fromiter((len(columns) for columns, _ in rows), dtype=np.int64, count=len(rows))
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        columns = [columns for columns, _ in rows] or [np.zeros(0, dtype=np.int32)]
        weights = [weights for _, weights in rows] or [np.zeros(0)]
        return cls(vocabulary, starts, np.concatenate(columns), np.concatenate(weights))


def pruned(
    weights: NDArray[np.float32], most: int, least: float, ratio: float = 0.0
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Columns and rounded weights that are kept of one dense row, heaviest first; equal ones by column.

    Args:
        weights: float32 [v], not negative.
        most: how many are kept at most.
        least: the smallest weight that is kept, above 0.
        ratio: the smallest that is kept, as a share of the row's largest.
    """
    (active,) = np.nonzero(weights >= max(least, ratio * float(weights.max(initial=0.0))))
    order = np.lexsort((active, -weights[active]))[:most]
    kept = active[order]
    return kept.astype(np.int32), rounded(weights[kept])


def rounded(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """To ``DIGITS`` significant digits; float32 [n], above 0."""
    wide = weights.astype(np.float64)
    unit = 10.0 ** (DIGITS - 1 - np.floor(np.log10(wide)))
    result: NDArray[np.float64] = np.round(wide * unit) / unit
    return result


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


KIND = "sparse"

BATCH_TOKENS = 256
"""Tokens of a bulk batch: each has a logit for every vocabulary token."""

# Above 0: the field refuses it.
_LEAST = float(np.finfo(np.float32).tiny)

_Row = tuple[NDArray[np.int32], NDArray[np.float64]]


class SparseEncoder(TextModel[_Row]):
    """Text to weights of tokens. Safe to share between threads."""

    kind = KIND
    what = "a sparse encoder"
    hint = "name a sparse artifact, see `aisle encoder list`"

    def __init__(
        self, artifact: Artifact, *, threads: int | None = None, pruning: Pruning | None = None
    ) -> None:
        """Open a verified artifact without replaying its self-test; ``pruning``: how many weights are kept.

        Raises:
            ArtifactCorrupt: it is of another kind, or one of its files cannot be opened.
        """
        super().__init__(artifact, threads=threads)
        self.pruning = pruning or Pruning()
        vocabulary = read_vocabulary(artifact.file(VOCABULARY), self.dims)
        self._vocabulary = vocabulary.tokens
        self._columns = vocabulary.columns()
        self._query: NDArray[np.float32] | None = None
        if QUERY_WEIGHTS in self.manifest.files:
            self._query = read_query_weights(artifact.file(QUERY_WEIGHTS), self.dims)

    @classmethod
    def load(
        cls,
        ref: str | Path,
        *,
        store: ArtifactStore | None = None,
        threads: int | None = None,
        cpu: frozenset[InstructionSet] | None = None,
        pruning: Pruning | None = None,
    ) -> Self:
        """Open an artifact as ``OnnxModel.load`` does; ``pruning`` says how many weights are kept."""
        encoder = super().load(ref, store=store, threads=threads, cpu=cpu)
        encoder.pruning = pruning or encoder.pruning
        return encoder

    @property
    def inference_free(self) -> bool:
        """Whether queries are looked up instead of read by the model."""
        return self._query is not None

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The token of each column."""
        return self._vocabulary

    def encode_query(self, text: str) -> dict[str, float]:
        """Token to weight of a query, pruned, heaviest first; empty if none of its tokens is known."""
        inputs = self._queries([text])
        weights = (
            self._alone(inputs)[0] if self._query is None else self._looked_up(self._query, inputs.rows[0])
        )
        limits = self.pruning
        kept = pruned(weights, limits.max_tokens_query, _LEAST, limits.keep_ratio_query)
        return SparseRows.of(self._vocabulary, [kept])[0]

    def encode_items(self, texts: Sequence[str]) -> SparseRows:
        """Pruned weights of item texts (``aisle.encoder.text.item_text``), a row each."""
        rows = [row for window in self._items(texts) for row in self._bulk(window, BATCH_TOKENS)]
        return SparseRows.of(self._vocabulary, rows)

    def _kept(self, outputs: NDArray[np.float32]) -> Sequence[_Row]:
        limits = self.pruning
        return [pruned(own, limits.max_tokens_item, limits.min_weight_item) for own in outputs]

    def _looked_up(self, weights: NDArray[np.float32], row: Sequence[int]) -> NDArray[np.float32]:
        own = np.asarray(row, dtype=np.int64)
        columns = self._columns[own[own < len(self._columns)]]
        columns = columns[columns >= 0]
        found = np.zeros(len(weights), dtype=np.float32)
        found[columns] = weights[columns]
        return found
