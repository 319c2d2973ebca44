"""The linear layer between pooling and normalisation: added when it is first needed, never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from training.dense.head import Floats

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def project(model: SentenceTransformer, matrix: Floats) -> None:
    """Multiply the model's vectors by ``matrix`` [width, width] from now on, before normalisation."""
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Normalize

    turned = torch.from_numpy(np.ascontiguousarray(matrix.T)).to(model.device)
    there = next((module for module in model if isinstance(module, Dense)), None)
    if there is not None:
        with torch.no_grad():
            there.linear.weight.copy_(turned @ there.linear.weight)
        return
    width = len(matrix)
    dense = Dense(width, width, bias=False, activation_function=torch.nn.Identity(), init_weight=turned)
    kept = [module for module in model if not isinstance(module, Normalize)]
    names = [str(number) for number in range(len(kept) + 2)]
    model._modules.clear()
    for name, module in zip(names, [*kept, dense.to(model.device), Normalize()], strict=True):
        model.add_module(name, module)
