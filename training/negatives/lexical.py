"""BM25 candidates (Robertson and Zaragoza 2009) over the whole catalogue, by the library bm25s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from records import InputError
from records.extras import optional
from training.negatives.candidates import Candidates
from training.pairs.training_set import TrainingSet

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
