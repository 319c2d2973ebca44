"""The reranker's model: a query and items to scores, with an ONNX graph on the CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.artifact import GOLDEN, TOKENIZER, Artifact
from aisle.encoder.base import OnnxModel
from aisle.encoder.dense import BATCH_TOKENS
from aisle.encoder.self_test import GOLDEN_ITEMS, GOLDEN_QUERY, PairSelfTest
from aisle.encoder.text import clean, query_text
from aisle.encoder.tokenizer import Pairs, PairTokenizer

KIND = "reranker"


class CrossEncoder(OnnxModel[np.float32]):
    """(query, item) to a score that orders a query's items: only differences within a query mean something.

    Nogueira and Cho 2019, arXiv 1901.04085. Safe to share between threads. With a scale per token, or scales
    fixed at export, a score depends on nothing but its pair.
    """

    kind = KIND
    what = "a reranker"
    hint = "name a reranker, see `aisle encoder list`; make one with `aisle train reranker`"

    def __init__(self, artifact: Artifact, *, threads: int | None = None) -> None:
        super().__init__(artifact, threads=threads)
        self._tokenize = PairTokenizer(artifact.file(TOKENIZER), self.manifest.max_length)

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
        return np.array(self._bulk(pairs, self._most_tokens(pairs.lengths)), dtype=np.float32)

    def record(self) -> PairSelfTest:
        """A self-test with the scores of this machine."""
        pairs = self.tokenize(GOLDEN_QUERY, GOLDEN_ITEMS)
        return PairSelfTest(GOLDEN_QUERY, GOLDEN_ITEMS, pairs, self.score_pairs(pairs))

    def replay(self) -> None:
        """Hold this machine's scores to those that the artifact records.

        Raises:
            ArtifactCorrupt: names the first item whose tokens or score differ.
        """
        recorded = PairSelfTest.read(self.artifact.file(GOLDEN))
        pairs = self.tokenize(recorded.query, recorded.texts)
        recorded.check_tokens(pairs, self.artifact.path)
        recorded.check_outputs(self.score_pairs(pairs), self.artifact.path)

    def _kept(self, outputs: NDArray[np.float32]) -> Sequence[np.float32]:
        return list(outputs)

    def _most_tokens(self, lengths: Sequence[int]) -> int:
        """Tokens of a batch: few pairs are split so that every core has as much to do."""
        rows = math.ceil(len(lengths) / self._threads)
        return min(BATCH_TOKENS, rows * max(lengths, default=0))
