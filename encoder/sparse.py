"""The sparse encoder: texts to weights of vocabulary tokens, with an ONNX graph on the CPU.

How it takes queries is the artifact's: with ``query_weights.npy`` a query's tokens are looked up and no model
is run; without, the model weighs queries as it does items.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoder.artifact import Artifact, load_artifact
from encoder.batching import token_batches
from encoder.cpu import InstructionSet, say_if_lacking
from encoder.golden import Golden
from encoder.manifest import GOLDEN, Manifest
from encoder.sessions import cores, open_session
from encoder.sparse_options import Pruning
from encoder.sparse_rows import SparseRows, pruned
from encoder.sparse_vocabulary import QUERY_WEIGHTS, VOCABULARY, read_query_weights, read_vocabulary
from encoder.store import ArtifactStore
from encoder.text import clean
from encoder.tokens import TextTokenizer, padded

KIND = "sparse"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

BATCH_TOKENS = 256
"""Tokens of a bulk batch: each has a logit for every vocabulary token."""

WINDOW = 4096
"""Texts that are sorted by length together."""

# Above 0: the field refuses it.
_LEAST = float(np.finfo(np.float32).tiny)

_Row = tuple[NDArray[np.int32], NDArray[np.float64]]


class SparseEncoder:
    """Text to weights of tokens. Safe to share between threads."""

    def __init__(
        self, artifact: Artifact, *, threads: int | None = None, pruning: Pruning | None = None
    ) -> None:
        artifact.require(KIND, "a sparse encoder", fix="name a sparse artifact, see `aisle encoder list`")
        self.artifact = artifact
        self.pruning = pruning or Pruning()
        self._threads = threads or cores()
        self._tokenize = TextTokenizer(artifact.file(TOKENIZER), self.manifest.max_length)
        vocabulary = read_vocabulary(artifact.file(VOCABULARY), self.manifest.dims)
        self._tokens = vocabulary.tokens
        self._columns = vocabulary.columns()
        self._query: NDArray[np.float32] | None = None
        if QUERY_WEIGHTS in self.manifest.files:
            self._query = read_query_weights(artifact.file(QUERY_WEIGHTS), self.manifest.dims)
        self._session = open_session(artifact.file(MODEL))

    @classmethod
    def load(
        cls,
        ref: str | Path,
        *,
        store: ArtifactStore | None = None,
        threads: int | None = None,
        pruning: Pruning | None = None,
        cpu: frozenset[InstructionSet] | None = None,
    ) -> SparseEncoder:
        """Open an artifact: check its hashes, then replay its golden texts on this machine.

        Args:
            ref: a folder, a name, ``kind/name`` or a fingerprint, see ``ArtifactStore.resolve``.
            store: where names are looked up, default the store under ``AISLE_HOME``.
            threads: cores for many texts, default all that this process may use.
            pruning: how many weights are kept.
            cpu: see ``DenseEncoder.load``.

        Raises:
            ArtifactNotFound: nothing goes by that reference.
            ArtifactCorrupt: names the file, or the golden text, that differs.
        """
        artifact = load_artifact((store or ArtifactStore.default()).resolve(ref, KIND))
        encoder = cls(artifact, threads=threads, pruning=pruning)
        say_if_lacking(encoder.manifest.instruction_set, cpu, encoder.manifest.name)
        golden = Golden.read(artifact.file(GOLDEN))
        golden.replay(encoder.tokenize, encoder.encode_raw, artifact.path)
        return encoder

    @property
    def manifest(self) -> Manifest:
        """What the artifact is."""
        return self.artifact.manifest

    @property
    def dims(self) -> int:
        """Size of the vocabulary."""
        return self.manifest.dims

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space."""
        return self.artifact.fingerprint

    @property
    def inference_free(self) -> bool:
        """Whether queries are looked up instead of read by the model."""
        return self._query is not None

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The token of each column."""
        return self._tokens

    def encode_query(self, text: str) -> dict[str, float]:
        """Token to weight of a query, pruned, heaviest first; empty if none of its tokens is known."""
        row = self.tokenize([self.manifest.prefixes.query + clean(text)])[0]
        weights = self._alone([row])[0] if self._query is None else self._looked_up(self._query, row)
        limits = self.pruning
        kept = pruned(weights, limits.max_tokens_query, _LEAST, limits.keep_ratio_query)
        return SparseRows.of(self._tokens, [kept])[0]

    def encode_items(self, texts: Sequence[str]) -> SparseRows:
        """Pruned weights of item texts (``encoder.text.item_text``), a row each."""
        found: list[_Row] = []
        for start in range(0, len(texts), WINDOW):
            window = texts[start : start + WINDOW]
            rows = self.tokenize([self.manifest.prefixes.item + clean(text) for text in window])
            found += self._bulk(rows)
        return SparseRows.of(self._tokens, found)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts as given, without prefix or cleaning."""
        return self._tokenize(texts)

    def encode_raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """All weights of texts as given, float32 [n, v], one at a time, neither cleaned nor pruned."""
        return self._alone(self.tokenize(texts))

    def _looked_up(self, weights: NDArray[np.float32], row: Sequence[int]) -> NDArray[np.float32]:
        own = np.asarray(row, dtype=np.int64)
        columns = self._columns[own[own < len(self._columns)]]
        columns = columns[columns >= 0]
        found = np.zeros(len(weights), dtype=np.float32)
        found[columns] = weights[columns]
        return found

    def _alone(self, rows: list[list[int]]) -> NDArray[np.float32]:
        out = np.empty((len(rows), self.dims), dtype=np.float32)
        for position, row in enumerate(rows):
            feed = {"input_ids": np.array([row]), "lengths": np.array([len(row)])}
            out[position] = self._session.run(None, feed)[0][0]
        return out

    def _bulk(self, rows: list[list[int]]) -> list[_Row]:
        empty = np.zeros(0, dtype=np.int32), np.zeros(0)
        out: list[_Row] = [empty] * len(rows)
        limits = self.pruning

        def run(batch: NDArray[np.intp]) -> None:
            ids, lengths = padded([rows[position] for position in batch])
            weights = self._session.run(None, {"input_ids": ids, "lengths": lengths})[0]
            for position, own in zip(batch, weights, strict=True):
                out[position] = pruned(own, limits.max_tokens_item, limits.min_weight_item)

        with ThreadPoolExecutor(self._threads, thread_name_prefix="aisle-encode") as pool:
            for _ in pool.map(run, token_batches([len(row) for row in rows], BATCH_TOKENS)):
                pass
        return out
