"""Codebooks by k-means on what each level leaves: RQ-k-means, which trains no network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.codes import Codebooks, nearest
from aisle.errors import InputError
from aisle.training.common.progress import Progress
from aisle.training.common.settings import as_plain_json
from aisle.training.semantic_ids.method import FittedCodebooks, check_sizes


@dataclass(frozen=True, slots=True)
class ResidualKMeans:
    """k-means, level by level (Chen, Guan and Wang 2010, "Approximate nearest neighbor search by residual
    vector quantization", section 3.1; as item codes Luo et al. 2024, arXiv 2411.11739, section 4.2).

    Attributes:
        iterations: of each level's k-means.
        most: vectors that a code learns from, at most; of more, as many are drawn.

    Raises:
        InputError: a value under 1.
    """

    iterations: int = 25
    most: int = 1000

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.most < 1:
            raise InputError(f"k-means cannot run with {self}", fix="use 1 or more")

    def fit(
        self, inputs: NDArray[np.float32], sizes: tuple[int, ...], seed: int, progress: Progress
    ) -> FittedCodebooks:
        """See `QuantizerMethod`."""
        check_sizes(len(inputs), sizes)
        return FittedCodebooks((), self.codebooks(inputs, sizes, seed, progress))

    def as_dict(self) -> dict[str, Any]:
        """See `QuantizerMethod`."""
        held: dict[str, Any] = as_plain_json(asdict(self))
        return held

    def codebooks(
        self, inputs: NDArray[np.float32], sizes: tuple[int, ...], seed: int, progress: Progress
    ) -> Codebooks:
        """The codebooks of all levels alone; see `QuantizerMethod`."""
        left = np.ascontiguousarray(inputs, dtype=np.float32)
        levels = []
        for number, size in enumerate(sizes):
            level = self._centroids(left, size, seed + number)
            left = left - level[nearest(left, level)]
            levels.append(level)
            progress.step(number + 1, len(sizes), float((left * left).sum(axis=1).mean()))
        return Codebooks(tuple(levels))

    def _centroids(self, vectors: NDArray[np.float32], size: int, seed: int) -> NDArray[np.float32]:
        faiss = optional("faiss", extra="train")
        kmeans: Any = faiss.Kmeans(
            vectors.shape[1],
            size,
            niter=self.iterations,
            seed=seed,
            # Without it faiss warns of fewer than 39 vectors a centroid, which codes of a small shop have.
            min_points_per_centroid=1,
            max_points_per_centroid=self.most,
        )
        kmeans.train(vectors)
        centroids: NDArray[np.float32] = kmeans.centroids.reshape(size, -1).astype(np.float32)
        return centroids
