"""The RQ-VAE's network and its codebooks, in torch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aisle.encoder.codes import Codebooks, Layer
from aisle.training.semantic_ids.rq_vae_settings import CodebookUpdate, GradientPath, RqVaeSettings


class RqVaeModel(nn.Module):
    """Encoder, codebooks and decoder, and how they are trained. Runs on the CPU: it is small."""

    def __init__(self, settings: RqVaeSettings, width: int, sizes: tuple[int, ...], seed: int) -> None:
        super().__init__()
        self._settings = settings
        self._chance = torch.Generator().manual_seed(seed)
        widths = (width, *settings.hidden, settings.dims)
        self.encoder = self._network(widths)
        self.decoder = self._network(widths[::-1])
        self.levels = nn.ParameterList(
            nn.Parameter(
                torch.zeros(size, settings.dims),
                requires_grad=settings.update is CodebookUpdate.GRADIENT,
            )
            for size in sizes
        )
        # Moving averages of how often each code is taken a step, and of the sum of what takes it.
        self._uses = [torch.ones(size) for size in sizes]
        self._sums = [torch.zeros(size, settings.dims) for size in sizes]
        self._optimizer = torch.optim.Adam(
            [weights for weights in self.parameters() if weights.requires_grad], lr=settings.learning_rate
        )

    def _network(self, widths: tuple[int, ...]) -> nn.Sequential:
        """Affine layers with ReLU between them, drawn with this model's own generator."""
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layer = nn.Linear(inputs, outputs)
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=self._chance)
            nn.init.zeros_(layer.bias)
            layers += [layer, nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    @torch.no_grad()
    def begin(self, codebooks: Codebooks) -> None:
        """Take these codebooks, with averages as if each code had been taken once a step."""
        for number, (level, given) in enumerate(zip(self.levels, codebooks.levels, strict=True)):
            level.copy_(torch.from_numpy(given))
            self._uses[number].fill_(1.0)
            self._sums[number].copy_(level)

    def step(self, inputs: NDArray[np.float32], *, quantised: bool) -> float:
        """One step of the optimizer; its loss a vector."""
        batch = torch.from_numpy(np.ascontiguousarray(inputs))
        latent = self.encoder(batch)
        passed, distance = self._quantise(latent) if quantised else (latent, latent.new_zeros(()))
        rebuilt = self.decoder(passed)
        loss = (rebuilt - batch).pow(2).sum(dim=1).mean() + distance
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())

    def _quantise(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """What the decoder reads, and the loss of codes and vectors that are apart."""
        left, total = latent, torch.zeros_like(latent)
        loss = latent.new_zeros(())
        for number, level in enumerate(self.levels):
            with torch.no_grad():
                codes = _nearest(left, level)
            chosen = level[codes]
            loss = loss + self._settings.commitment * (left - chosen.detach()).pow(2).sum(dim=1).mean()
            if self._settings.update is CodebookUpdate.GRADIENT:
                loss = loss + (left.detach() - chosen).pow(2).sum(dim=1).mean()
            self._count(number, codes, left.detach())
            total = total + chosen.detach()
            left = left - chosen.detach()
        if self._settings.path is GradientPath.ROTATION:
            return _turned(latent, total), loss
        return latent + (total - latent).detach(), loss

    @torch.no_grad()
    def _count(self, number: int, codes: Tensor, left: Tensor) -> None:
        """Uses of codes, and with EMA the codes themselves (van den Oord et al. 2017, 1711.00937, A.1)."""
        decay = self._settings.decay
        uses, sums, level = self._uses[number], self._sums[number], self.levels[number]
        now = torch.bincount(codes, minlength=len(level)).float()
        uses.mul_(decay).add_(now, alpha=1 - decay)
        if self._settings.update is CodebookUpdate.EMA:
            gathered = torch.zeros_like(sums).index_add_(0, codes, left)
            sums.mul_(decay).add_(gathered, alpha=1 - decay)
            # As many uses in all as there were, but none without: what no vector takes stays where it is.
            level.copy_(torch.where(uses[:, None] > _NEVER, sums / uses[:, None].clamp_min(_NEVER), level))

    @torch.no_grad()
    def revive(self, inputs: NDArray[np.float32], least: float) -> None:
        """Put codes that fewer than ``least`` vectors a step take where vectors of a batch are.

        After Dhariwal et al. 2020 ("Jukebox", arXiv 2005.00341, section 3.2).
        """
        left = self.encoder(torch.from_numpy(np.ascontiguousarray(inputs)))
        for number, level in enumerate(self.levels):
            dead = torch.nonzero(self._uses[number] < least).reshape(-1)
            drawn = torch.randint(len(left), (len(dead),), generator=self._chance)
            level[dead] = left[drawn]
            self._uses[number][dead] = 1.0
            self._sums[number][dead] = left[drawn]
            left = left - level[_nearest(left, level)]

    @torch.no_grad()
    def latent(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is quantised, float32 [n, dims]."""
        found: NDArray[np.float32] = self.encoder(torch.from_numpy(np.ascontiguousarray(inputs))).numpy()
        return found

    def layers(self) -> tuple[Layer, ...]:
        """The encoder's, for `aisle.encoder.codes`."""
        return tuple(self._layers())

    def _layers(self) -> Iterator[Layer]:
        for layer in self.encoder:
            if isinstance(layer, nn.Linear):
                yield Layer(layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy())

    def codebooks(self) -> Codebooks:
        """As they are now."""
        return Codebooks(tuple(level.detach().numpy().copy() for level in self.levels))


_NEVER = 1e-5
"""Mean uses a step that are none."""


def _nearest(vectors: Tensor, level: Tensor) -> Tensor:
    return (level.pow(2).sum(dim=1) - 2 * vectors @ level.T).argmin(dim=1)


def _turned(latent: Tensor, codes: Tensor) -> Tensor:
    """Each vector rotated and scaled onto its code; the map is a constant to the gradient.

    Fifty et al. 2024 (arXiv 2410.06424, section 4.2), by two reflections.
    """
    lengths = latent.detach().norm(dim=1, keepdim=True).clamp_min(_NEVER)
    ends = codes.norm(dim=1, keepdim=True).clamp_min(_NEVER)
    begin, end = latent.detach() / lengths, codes / ends
    middle = nn.functional.normalize(begin + end, dim=1)
    turned = (
        latent
        - 2 * (latent * middle).sum(dim=1, keepdim=True) * middle
        + 2 * (latent * begin).sum(dim=1, keepdim=True) * end
    )
    scaled: Tensor = turned * (ends / lengths)
    return scaled
