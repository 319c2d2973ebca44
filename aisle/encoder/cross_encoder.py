"""The reranker's model: a query and items to scores, with an ONNX graph on the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import GOLDEN, Artifact, ArtifactStore, Manifest, load_artifact
from aisle.encoder.cpu import InstructionSet, say_if_lacking
from aisle.encoder.sessions import cores, open_session
from aisle.encoder.dense import BATCH_TOKENS, MODEL, TOKENIZER
from aisle.encoder.self_test import PairSelfTest
from aisle.encoder.text import clean, query_text
from aisle.encoder.tokenizer import Pairs, PairTokenizer, token_batches

KIND = "reranker"


class CrossEncoder:
    """(query, item) to a score that orders a query's items: only differences within a query mean something.

    Nogueira and Cho 2019, arXiv 1901.04085. Safe to share between threads: one single-threaded session serves
    all, a batch per core. With a scale per token, or scales fixed at export, a score depends on nothing but
    its pair.
    """

    def __init__(self, artifact: Artifact, *, threads: int | None = None) -> None:
        artifact.require(
            KIND,
            "a reranker",
            fix="name a reranker, see `aisle encoder list`; make one with `aisle train reranker`",
        )
        self.artifact = artifact
        self._threads = threads or cores()
        self._tokenize = PairTokenizer(artifact.file(TOKENIZER), self.manifest.max_length)
        self._session = open_session(artifact.file(MODEL))

    @classmethod
    def load(
        cls,
        ref: str | Path,
        *,
        store: ArtifactStore | None = None,
        threads: int | None = None,
        cpu: frozenset[InstructionSet] | None = None,
    ) -> CrossEncoder:
        """Open an artifact: check its hashes, then replay its golden pairs on this machine.

        Args:
            ref: a folder, a name, ``kind/name`` or a fingerprint, see ``ArtifactStore.resolve``.
            store: where names are looked up, default the store under ``AISLE_HOME``.
            threads: cores for many items, default all that this process may use.
            cpu: instruction sets that count as this machine's, see ``DenseEncoder.load``.

        Raises:
            ArtifactNotFound: nothing goes by that reference.
            ArtifactCorrupt: it is no reranker, or names the file, or the golden pair, that differs.
        """
        model = cls(load_artifact((store or ArtifactStore.default()).resolve(ref, KIND)), threads=threads)
        say_if_lacking(model.manifest.instruction_set, cpu, model.manifest.name)
        golden = PairSelfTest.read(model.artifact.file(GOLDEN))
        golden.replay(model.tokenize, model.score_pairs, model.artifact.path)
        return model

    @property
    def manifest(self) -> Manifest:
        """What the artifact is."""
        return self.artifact.manifest

    @property
    def fingerprint(self) -> str:
        """64 hex digits that name the model."""
        return self.artifact.fingerprint

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Scores of items for a query, float32 [n]; the higher, the better the item answers it.

        Args:
            query: as the user typed it.
            texts: of items (``aisle.encoder.text.item_text``); an empty one has a score like any other.
        """
        return self.score_pairs(self.tokenize(query_text(query), [clean(text) for text in texts]))

    def tokenize(self, query: str, texts: Sequence[str]) -> Pairs:
        """Token ids of pairs, texts as given."""
        return self._tokenize(query, texts)

    def score_pairs(self, pairs: Pairs) -> NDArray[np.float32]:
        """Scores of tokenized pairs, float32 [n]."""
        out = np.empty(len(pairs.rows), dtype=np.float32)

        def run(batch: NDArray[np.intp]) -> None:
            out[batch] = self._session.run(None, pairs.feed(batch))[0]

        lengths = pairs.lengths
        batches = token_batches(lengths, self._budget(lengths)) if lengths else []
        if len(batches) < 2:
            for batch in batches:
                run(batch)
            return out
        with ThreadPoolExecutor(self._threads, thread_name_prefix="aisle-rerank") as pool:
            for _ in pool.map(run, batches):
                pass
        return out

    def _budget(self, lengths: Sequence[int]) -> int:
        """Tokens of a batch: few pairs are split so that every core has as much to do."""
        rows = math.ceil(len(lengths) / self._threads)
        return min(BATCH_TOKENS, rows * max(lengths))
