"""What a cross-encoder makes its score with: pooling and one or two layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records import InputError
from training.cross_encoder.pooling import Pooling
from training.export.checkpoint import Checkpoint, json_object, tensors_of

Floats = NDArray[np.float32]

_FIX = "use one that `aisle train reranker` made, or a BERT cross-encoder with one output"


@dataclass(frozen=True, slots=True)
class ScoreHead:
    """From the last layer's vectors [b, s, h] to scores [b].

    Attributes:
        pooling: which vectors.
        hidden: weight [h, h] and bias [h] of a layer with tanh in between (BERT's pooler), or None.
        weight, bias: [h, 1] and [1], of the score.
    """

    pooling: Pooling
    hidden: tuple[Floats, Floats] | None
    weight: Floats
    bias: Floats


def read_head(folder: Path, backbone: Checkpoint) -> ScoreHead:
    """The head of sentence-transformers' modules (ours), or of transformers' BertForSequenceClassification.

    Raises:
        InputError: no such head, more than one output, or an activation that cannot be built.
    """
    modules = sorted(folder.glob("*_Dense/config.json"))
    if not modules:
        return _classifier(folder, backbone)
    config = json_object(modules[0])
    plain = str(config.get("activation_function", "")).endswith("Identity") and not config.get("use_residual")
    if len(modules) > 1 or not plain or config.get("out_features") != 1:
        raise InputError(f"{folder}: only one linear layer to one score can be exported", fix=_FIX)
    held = tensors_of(modules[0].with_name("model.safetensors"))
    weight, bias = _one_score(folder, held, "linear")
    return ScoreHead(Pooling(backbone.pooling), None, weight, bias)


def _classifier(folder: Path, backbone: Checkpoint) -> ScoreHead:
    weight, bias = _one_score(folder, backbone.tensors, "classifier")
    return ScoreHead(Pooling.CLS, backbone.linear("pooler.dense"), weight, bias)


def _one_score(folder: Path, held: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    weight = held.get(f"{name}.weight")
    if weight is None or len(weight) != 1:
        raise InputError(f"{folder} holds no cross-encoder with one score", fix=_FIX)
    return weight.T, held.get(f"{name}.bias", np.zeros(1, dtype=np.float32))
