"""What every model of this package is: a verified artifact and its ONNX graph, run one by one or in bulk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import (
    GOLDEN,
    MODEL,
    TOKENIZER,
    Artifact,
    ArtifactStore,
    Manifest,
    load_artifact,
)
from aisle.encoder.cpu import InstructionSet, cores, open_session, warn_if_lacking
from aisle.encoder.self_test import GOLDEN_TEXTS, SelfTest, TextSelfTest
from aisle.encoder.text import clean, query_text
from aisle.encoder.tokenizer import Texts, TextTokenizer, token_batches
from aisle.errors import AisleError, ArtifactCorrupt
from aisle.mappings.document import Column

WINDOW = 4096
"""Texts that are sorted by length together; bounds the memory of a long list."""


class QueryEncoder(Protocol):
    """Turns queries into vectors of one space, as ``DenseEncoder`` does."""

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space."""

    def encode_queries(self, texts: list[str], dims: int | None = None) -> NDArray[np.float32]:
        """float32 [len(texts), dims or full width], rows of unit length."""


class ItemEncoder(Protocol):
    """Turns item texts into vectors of one space, as ``DenseEncoder`` does."""

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vector space."""

    def encode_items(self, texts: list[str], dims: int | None = None) -> NDArray[np.float32]:
        """float32 [len(texts), dims or full width], rows of unit length."""


class SparseQueryEncoder(Protocol):
    """Turns a query into weights of vocabulary tokens, as ``SparseEncoder`` does."""

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vocabulary and the model."""

    def encode_query(self, text: str) -> Mapping[str, float]:
        """Token to weight, above 0; empty if no token of the query is known."""


class SparseItemEncoder(Protocol):
    """Turns item texts into weights of vocabulary tokens, as ``SparseEncoder`` does."""

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the vocabulary and the model."""

    @property
    def dims(self) -> int:
        """Size of the vocabulary."""

    def encode_items(self, texts: list[str]) -> Column:
        """Token to weight, above 0, of each text."""


class Tokens(Protocol):
    """Tokenized inputs of a graph: texts, or pairs of texts."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of each input."""

    def feed(self, batch: Sequence[int] | NDArray[np.intp]) -> dict[str, NDArray[np.int64]]:
        """What the graph takes of the inputs at these positions."""


Row = TypeVar("Row")
"""What is kept of one input's outputs."""


class OnnxModel(ABC, Generic[Row]):
    """An artifact that can be run. Safe to share between threads.

    One single-threaded ONNX Runtime session serves all: a batch per core is the fastest way through many
    inputs, and a short query is done (under 1 ms) before a second core could help. A subclass says what kind
    it opens (``kind``), what to call that in a sentence (``what``), and what to do about any other
    (``hint``).
    """

    kind: ClassVar[str]
    what: ClassVar[str]
    hint: ClassVar[str]

    def __init__(self, artifact: Artifact, *, threads: int | None = None) -> None:
        """Open a verified artifact without replaying its self-test.

        Raises:
            ArtifactCorrupt: it is of another kind, or its model cannot be opened.
        """
        artifact.require(self.kind, self.what, fix=self.hint)
        self.artifact = artifact
        self._threads = threads or cores()
        self._session = open_session(artifact.file(MODEL))

    @classmethod
    def load(
        cls,
        ref: str | Path,
        *,
        store: ArtifactStore | None = None,
        threads: int | None = None,
        cpu: frozenset[InstructionSet] | None = None,
    ) -> Self:
        """Open an artifact: check its hashes, then replay its self-test on this machine.

        Args:
            ref: a folder, a name, ``kind/name`` or a fingerprint, see ``ArtifactStore.resolve``.
            store: where names are looked up, default the store under ``AISLE_HOME``.
            threads: cores for many inputs, default all that this process may use.
            cpu: instruction sets that count as this machine's, default those it has. An artifact made for
                another CPU runs all the same: a ``CpuNotice`` (warnings) says so and the self-test decides.

        Raises:
            ArtifactNotFound: nothing goes by that reference.
            ArtifactCorrupt: it is of another kind, or names the file, or the recorded input, that differs.
        """
        model = cls(load_artifact((store or ArtifactStore.default()).resolve(ref, cls.kind)), threads=threads)
        warn_if_lacking(model.manifest.instruction_set, cpu, model.manifest.name)
        try:
            model.replay()
        except AisleError:
            raise
        # A model that takes or gives something else; onnxruntime's own exceptions share no base class.
        except Exception as error:
            said = (str(error).strip().splitlines() or [repr(error)])[0][:200]
            raise ArtifactCorrupt(
                f"{model.artifact.path}: its self-test cannot be run: {said}", fix="export the model again"
            ) from error
        return model

    @property
    def manifest(self) -> Manifest:
        """What the artifact is."""
        return self.artifact.manifest

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the model and, of an encoder, its space."""
        return self.artifact.fingerprint

    @property
    def dims(self) -> int:
        """Values of one output: the width of a vector, the size of a vocabulary, 1 for a score."""
        return self.manifest.dims

    @abstractmethod
    def record(self) -> SelfTest:
        """A self-test with the outputs of this machine."""

    @abstractmethod
    def replay(self) -> None:
        """Hold this machine's outputs to those that the artifact records.

        Raises:
            ArtifactCorrupt: names the first input whose tokens or output differ.
        """

    @abstractmethod
    def _kept(self, outputs: NDArray[np.float32]) -> Sequence[Row]:
        """What is kept of a batch's outputs, of each input; runs on the batch's own thread."""

    def _run(self, inputs: Tokens, batch: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float32]:
        """Outputs of the inputs at these positions, a row each."""
        outputs: NDArray[np.float32] = self._session.run(None, inputs.feed(batch))[0]
        return outputs

    def _bulk(self, inputs: Tokens, most: int) -> list[Row]:
        """What is kept of every input, in batches of at most so many tokens, one batch per core at a time."""
        batches = token_batches(inputs.lengths, most)

        def run(batch: NDArray[np.intp]) -> Sequence[Row]:
            return self._kept(self._run(inputs, batch))

        if len(batches) < 2:
            done = [run(batch) for batch in batches]
        else:
            with ThreadPoolExecutor(self._threads, thread_name_prefix=f"aisle-{self.kind}") as pool:
                done = list(pool.map(run, batches))
        kept = {
            position: row
            for batch, rows in zip(batches, done, strict=True)
            for position, row in zip(batch.tolist(), rows, strict=True)
        }
        return [kept[position] for position in range(len(inputs.lengths))]


class TextModel(OnnxModel[Row]):
    """A model that reads one text at a time: an encoder, dense or sparse."""

    def __init__(self, artifact: Artifact, *, threads: int | None = None) -> None:
        super().__init__(artifact, threads=threads)
        self._tokenize = TextTokenizer(artifact.file(TOKENIZER), self.manifest.max_length)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts as given, without prefix or cleaning."""
        return self._tokenize(texts)

    def encode_raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Whole outputs of texts as given, float32 [n, dims], one at a time, without prefix or cleaning."""
        return self._alone(Texts(self.tokenize(texts)))

    def record(self) -> TextSelfTest:
        """A self-test with the vectors of this machine."""
        tokens = Texts(self.tokenize(GOLDEN_TEXTS))
        return TextSelfTest(GOLDEN_TEXTS, tokens, self._alone(tokens))

    def replay(self) -> None:
        """Hold this machine's vectors to those that the artifact records.

        Raises:
            ArtifactCorrupt: names the first text whose tokens or vector differ.
        """
        recorded = TextSelfTest.read(self.artifact.file(GOLDEN))
        tokens = Texts(self.tokenize(recorded.texts))
        recorded.check_tokens(tokens, self.artifact.path)
        recorded.check_outputs(self._alone(tokens), self.artifact.path)

    def _queries(self, texts: Sequence[str]) -> Texts:
        """Tokens of queries, with the query prefix."""
        return Texts(self.tokenize([self.manifest.prefixes.query + query_text(text) for text in texts]))

    def _items(self, texts: Sequence[str]) -> Iterator[Texts]:
        """Tokens of item texts, with the item prefix, a window of them at a time."""
        for start in range(0, len(texts), WINDOW):
            window = texts[start : start + WINDOW]
            yield Texts(self.tokenize([self.manifest.prefixes.item + clean(text) for text in window]))

    def _alone(self, inputs: Texts) -> NDArray[np.float32]:
        rows = [self._run(inputs, [position])[0] for position in range(len(inputs.rows))]
        if rows and rows[0].shape != (self.dims,):
            raise ArtifactCorrupt(
                f"{self.artifact.path}: its model gives {rows[0].size:,} values, and its manifest says"
                f" {self.dims:,}",
                fix="export the model again",
            )
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dims)
