"""Candidates of the current model: exact top-k of inner products, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.errors import InputError
from aisle.training.data.negatives import Candidates
from aisle.training.data.training_set import TrainingSet


class TextEncoder(Protocol):
    """Texts to vectors: a served encoder, or a model as it stands in training."""

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n, width], unit rows."""

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n, width], unit rows."""


ITEMS_AT_ONCE = 65_536
QUERIES_AT_ONCE = 128


def dense_candidates(training_set: TrainingSet, encoder: TextEncoder, depth: int = 100) -> Candidates:
    """The ``depth`` items of largest inner product with the query, best first. Raises as ``dense_search``."""
    return dense_search(training_set.items, training_set.queries, encoder, depth)


def dense_search(
    items: Mapping[str, str], queries: Mapping[str, str], encoder: TextEncoder, depth: int
) -> Candidates:
    """The same for any texts: item id to text, query id to text.

    Item vectors live one block of ``ITEMS_AT_ONCE`` at a time; a block of scores is at most 32 MiB.

    Raises:
        InputError: ``depth`` is under 1, or the encoder gave another number of rows than texts.
    """
    if depth < 1:
        raise InputError(f"depth {depth} finds nothing", fix="use 1 or more")
    ids, texts = list(items), list(queries.values())
    asked = _checked(encoder.encode_queries(texts), texts)
    best = np.full((len(queries), 0), 0, dtype=np.int64)
    scores = np.zeros((len(queries), 0), dtype=np.float32)
    for start in range(0, len(ids), ITEMS_AT_ONCE):
        texts = [items[item] for item in ids[start : start + ITEMS_AT_ONCE]]
        vectors = _checked(encoder.encode_items(texts), texts)
        places, values = nearest(asked, vectors, depth)
        best, scores = _merged(best, scores, places + start, values, depth)
    return {query: tuple(ids[i] for i in row) for query, row in zip(queries, best, strict=True)}


def nearest(
    queries: NDArray[np.float32], items: NDArray[np.float32], depth: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Row numbers [q, k] of ``items`` and their inner products [q, k], best first, k = min(depth, rows)."""
    k = min(depth, len(items))
    places = np.empty((len(queries), k), dtype=np.int64)
    values = np.empty((len(queries), k), dtype=np.float32)
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        block = slice(start, start + QUERIES_AT_ONCE)
        products = queries[block] @ items.T
        top = np.sort(np.argpartition(-products, k - 1, axis=1)[:, :k], axis=1)
        places[block], values[block] = _ordered(top, np.take_along_axis(products, top, axis=1))
    return places, values


def _merged(
    places: NDArray[np.int64],
    values: NDArray[np.float32],
    more: NDArray[np.int64],
    their_values: NDArray[np.float32],
    depth: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    both, all_values = _ordered(np.hstack([places, more]), np.hstack([values, their_values]))
    return both[:, :depth], all_values[:, :depth]


def _ordered(
    places: NDArray[np.int64], values: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Best first; a stable sort keeps equal ones in the order they came."""
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(values, order, axis=1)


def _checked(vectors: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise InputError(
            f"the encoder gave an array of shape {vectors.shape} for {len(texts)} texts",
            fix="return one row per text, float32 [n, width]",
        )
    return vectors


# One character counts too: "4" and "8" tell a 4 ft board from an 8 ft board.
_TOKEN = r"(?u)\b\w+\b"
_BATCH = 1024


def lexical_candidates(training_set: TrainingSet, depth: int = 100) -> Candidates:
    """The ``depth`` best items of each query, of those that share a word stem with it.

    Raises:
        InputError: ``depth`` is under 1, or the catalogue holds no word.
        MissingExtra: bm25s or PyStemmer is not installed.
    """
    return bm25_search(training_set.items, training_set.queries, depth)


def bm25_search(items: Mapping[str, str], queries: Mapping[str, str], depth: int) -> Candidates:
    """The same for any texts: item id to text, query id to text. Raises as ``lexical_candidates``."""
    if depth < 1:
        raise InputError(f"depth {depth} finds nothing", fix="use 1 or more")
    bm25s, stemmer = optional("bm25s", extra="train"), optional("Stemmer", extra="train").Stemmer("english")
    words = _tokens(bm25s, stemmer, items.values())
    if not any(words):
        raise InputError("no item has a word to search for", fix="check the catalogue's titles")
    index = bm25s.BM25(backend="numpy")
    index.index(words, show_progress=False)
    ids = list(items)
    found: dict[str, tuple[str, ...]] = {}
    names = list(queries)
    for start in range(0, len(names), _BATCH):
        batch = names[start : start + _BATCH]
        asked = _tokens(bm25s, stemmer, (queries[name] for name in batch))
        results = index.retrieve(
            asked, k=min(depth, len(ids)), show_progress=False, n_threads=0, backend_selection="numpy"
        )
        for name, places, scores in zip(batch, results.documents, results.scores, strict=True):
            found[name] = tuple(ids[i] for i, score in zip(places, scores, strict=True) if score > 0)
    return found


def _tokens(bm25s: Any, stemmer: Any, texts: Iterable[str]) -> list[list[str]]:
    rows: list[list[str]] = bm25s.tokenize(
        list(texts),
        token_pattern=_TOKEN,
        stopwords=None,
        stemmer=stemmer,
        return_ids=False,
        show_progress=False,
    )
    # bm25s gives a text without words one empty token, on which such queries and items would meet.
    return [[token for token in row if token] for row in rows]
