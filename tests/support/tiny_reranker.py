"""A cross-encoder of two layers, untrained but with scores that differ, and its artifact."""

from __future__ import annotations

from pathlib import Path

from aisle.encoder import ArtifactStore
from aisle.encoder.export import Pooling, RerankerExport, export
from aisle.encoder.export.precision import WeightPrecision
from aisle.training.cross_encoder.model import new_cross_encoder
from tests.support.tiny_bert import tiny_bert

MAX_TOKENS = 24


def tiny_cross_encoder(
    folder: Path,
    words: tuple[str, ...] = (),
    *,
    pooling: Pooling = Pooling.CLS,
    layers: int = 2,
    seed: int = 3,
) -> Path:
    """Write one as sentence-transformers saves it, and return its folder."""
    import torch

    base = tiny_bert(folder.with_name(f"{folder.name}-base"), words, layers=layers, seed=seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = new_cross_encoder(base, MAX_TOKENS, "cpu", pooling)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                # As they are drawn, all vectors are alike: words, segments and layers must count.
                if parameter.dim() > 1:
                    parameter.mul_(12 if "embeddings" in name else 5)
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def tiny_reranker(
    folder: Path, words: tuple[str, ...] = (), *, precision: WeightPrecision | None = None, seed: int = 3
) -> Path:
    """The folder of an artifact of such a model."""
    model = tiny_cross_encoder(folder / f"model-{seed}", words, seed=seed)
    options = RerankerExport(model=str(model), name=f"tiny-{seed}", precision=precision)
    return export(options, ArtifactStore(folder / "store")).path
