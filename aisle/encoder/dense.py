"""The dense encoder: texts to unit vectors with an ONNX graph on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import GOLDEN, Artifact, ArtifactStore, Manifest, load_artifact
from aisle.encoder.cpu import InstructionSet, say_if_lacking
from aisle.encoder.sessions import cores, open_session
from aisle.encoder.self_test import SelfTest
from aisle.encoder.text import clean
from aisle.encoder.tokenizer import TextTokenizer, padded, token_batches
from aisle.errors import InputError


def cut(vectors: NDArray[np.float32], dims: int | None) -> NDArray[np.float32]:
    """The first ``dims`` columns of float32 [n, full], each row at unit length again (a zero row stays zero).

    Raises:
        InputError: ``dims`` is not within 1 and the full width.
    """
    full = vectors.shape[1]
    if dims is None or dims == full:
        return vectors
    if not 1 <= dims <= full:
        raise InputError(f"{dims} dimensions asked of an encoder of {full}", fix=f"ask for 1 to {full}")
    short = vectors[:, :dims]
    norms = np.linalg.norm(short, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(short, norms, out=np.zeros_like(short), where=norms > 0)
    return unit


KIND = "dense"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

BATCH_TOKENS = 512
"""Tokens of a bulk batch: its activations fit a core's second-level cache (measured, docs/benchmarks/encoders.md)."""

WINDOW = 4096
"""Texts that are sorted by length together; bounds the memory of a long list."""


class DenseEncoder:
    """Text to float32 unit vectors. Safe to share between threads.

    One single-threaded session serves all: a batch per core is the fastest way through many texts, and a
    short query is done (under 1 ms) before a second core could help.
    """

    def __init__(self, artifact: Artifact, *, threads: int | None = None) -> None:
        artifact.require(KIND, "a dense encoder", fix="name a dense artifact, see `aisle encoder list`")
        self.artifact = artifact
        self._threads = threads or cores()
        self._tokenize = TextTokenizer(artifact.file(TOKENIZER), self.manifest.max_length)
        self._session = open_session(artifact.file(MODEL))

    @classmethod
    def load(
        cls,
        ref: str | Path,
        *,
        store: ArtifactStore | None = None,
        threads: int | None = None,
        cpu: frozenset[InstructionSet] | None = None,
    ) -> DenseEncoder:
        """Open an artifact: check its hashes, then replay its golden texts on this machine.

        Args:
            ref: a folder, a name, ``kind/name`` or a fingerprint, see ``ArtifactStore.resolve``.
            store: where names are looked up, default the store under ``AISLE_HOME``.
            threads: cores for many texts, default all that this process may use.
            cpu: instruction sets that count as this machine's, default those it has. An artifact made for
                another runs all the same: a ``CpuNotice`` (warnings) says so and the replay decides.

        Raises:
            ArtifactNotFound: nothing goes by that reference.
            ArtifactCorrupt: names the file, or the golden text, that differs.
        """
        encoder = cls(load_artifact((store or ArtifactStore.default()).resolve(ref, KIND)), threads=threads)
        say_if_lacking(encoder.manifest.instruction_set, cpu, encoder.manifest.name)
        golden = SelfTest.read(encoder.artifact.file(GOLDEN))
        golden.replay(encoder.tokenize, encoder.encode_raw, encoder.artifact.path)
        return encoder

    @property
    def manifest(self) -> Manifest:
        """What the artifact is."""
        return self.artifact.manifest

    @property
    def dims(self) -> int:
        """Full width of a vector."""
        return self.manifest.dims

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space."""
        return self.artifact.fingerprint

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        """Vectors of queries, float32 [n, dims or full], unit rows; the query prefix is added here."""
        rows = self.tokenize([self.manifest.prefixes.query + clean(text) for text in texts])
        if len(rows) > 1:
            return cut(self._bulk(rows), dims)
        return cut(self._alone(rows), dims)

    def encode_items(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        """Vectors of item texts (``aisle.encoder.text.item_text``), float32 [n, dims or full], unit rows."""
        out = np.empty((len(texts), self.dims), dtype=np.float32)
        for start in range(0, len(texts), WINDOW):
            window = texts[start : start + WINDOW]
            rows = self.tokenize([self.manifest.prefixes.item + clean(text) for text in window])
            out[start : start + len(rows)] = self._bulk(rows)
        return cut(out, dims)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts as given, without prefix or cleaning."""
        return self._tokenize(texts)

    def encode_raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts as given, without prefix or cleaning, one at a time."""
        return self._alone(self.tokenize(texts))

    def _alone(self, rows: list[list[int]]) -> NDArray[np.float32]:
        out = np.empty((len(rows), self.dims), dtype=np.float32)
        for position, row in enumerate(rows):
            feed = {"input_ids": np.array([row]), "lengths": np.array([len(row)])}
            out[position] = self._session.run(None, feed)[0][0]
        return out

    def _bulk(self, rows: list[list[int]]) -> NDArray[np.float32]:
        out = np.empty((len(rows), self.dims), dtype=np.float32)

        def run(batch: NDArray[np.intp]) -> None:
            ids, lengths = padded([rows[position] for position in batch])
            out[batch] = self._session.run(None, {"input_ids": ids, "lengths": lengths})[0]

        with ThreadPoolExecutor(self._threads, thread_name_prefix="aisle-encode") as pool:
            for _ in pool.map(run, token_batches([len(row) for row in rows], BATCH_TOKENS)):
                pass
        return out
