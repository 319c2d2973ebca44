"""Codebooks of an RQ-VAE: an autoencoder learns what the levels quantise, together with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.codes import Codebooks
from aisle.training.common.progress import Progress, Silent
from aisle.training.common.settings import as_plain_json
from aisle.training.semantic_ids.method import FittedCodebooks, check_sizes
from aisle.training.semantic_ids.residual_kmeans import ResidualKMeans
from aisle.training.semantic_ids.rq_vae_settings import CodebookStart, RqVaeSettings

if TYPE_CHECKING:
    from aisle.training.semantic_ids.rq_vae_model import RqVaeModel


@dataclass(frozen=True, slots=True)
class RqVae(RqVaeSettings):
    """An RQ-VAE (Zeghidour et al. 2021, arXiv 2107.03312, section III-C; Rajput et al. 2023, 2305.05065)."""

    def fit(
        self, inputs: NDArray[np.float32], sizes: tuple[int, ...], seed: int, progress: Progress
    ) -> FittedCodebooks:
        """See `QuantizerMethod`."""
        check_sizes(len(inputs), sizes)
        # Here, since it imports torch.
        from aisle.training.semantic_ids.rq_vae_model import RqVaeModel

        model = RqVaeModel(self, inputs.shape[1], sizes, seed)
        chance = np.random.default_rng(seed)
        for epoch in range(self.epochs):
            quantised = epoch >= self.warmup
            if epoch == self.warmup:
                model.begin(self._start(model, inputs, sizes, seed))
            order = chance.permutation(len(inputs))
            batches = [order[at : at + self.batch] for at in range(0, len(order), self.batch)]
            losses = [model.step(inputs[batch], quantised=quantised) for batch in batches]
            # Codes revived last would keep a random vector.
            if quantised and self.revive and epoch < self.epochs - _SETTLING:
                model.revive(inputs[batches[0]], self.revive)
            progress.step(epoch + 1, self.epochs, float(np.mean(losses)))
        return FittedCodebooks(model.layers(), model.codebooks())

    def as_dict(self) -> dict[str, Any]:
        """See `QuantizerMethod`."""
        held: dict[str, Any] = as_plain_json(asdict(self))
        return held

    def _start(
        self, model: RqVaeModel, inputs: NDArray[np.float32], sizes: tuple[int, ...], seed: int
    ) -> Codebooks:
        latent = model.latent(inputs)
        if self.start is CodebookStart.KMEANS:
            return ResidualKMeans().codebooks(latent, sizes, seed, Silent())
        chance = np.random.default_rng(seed)
        drawn = (chance.standard_normal((size, self.dims)).astype(np.float32) for size in sizes)
        return Codebooks(tuple(drawn))


_SETTLING = 5
"""Last epochs, in which no code is revived."""
