"""A BERT-family checkpoint: its configuration and its tensors by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.errors import InputError

_FIX = "export a BERT-family encoder (MiniLM, E5, BGE, GTE: config.json says model_type 'bert')"


@dataclass(frozen=True, slots=True)
class BertCheckpoint:
    """Shape and weights of a BERT-family model, as the graph builders need them.

    Attributes:
        width: hidden size.
        layers, heads: how many.
        epsilon: of every LayerNorm.
        max_positions: rows of the position table.
        pooling: "mean" or "cls".
        max_length: what the model's sentence-transformers configuration says, if it says.
        tensors: float32, names without the ``bert.`` prefix.
        projection: [width, width], multiplied after pooling, or None (sentence-transformers' Dense).
    """

    width: int
    layers: int
    heads: int
    epsilon: float
    max_positions: int
    pooling: str
    max_length: int | None
    tensors: Mapping[str, NDArray[np.float32]]
    projection: NDArray[np.float32] | None = None

    def tensor(self, name: str) -> NDArray[np.float32]:
        """One tensor.

        Raises:
            InputError: the checkpoint lacks it.
        """
        try:
            return self.tensors[name]
        except KeyError:
            raise InputError(f"the checkpoint has no tensor {name!r}", fix=_FIX) from None

    def linear(self, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight [in, out] and bias [out] of a linear layer."""
        return self.tensor(f"{name}.weight").T, self.tensor(f"{name}.bias")


def read_checkpoint(folder: Path) -> BertCheckpoint:
    """Read ``config.json``, ``model.safetensors`` and, if there, the sentence-transformers configuration.

    Raises:
        InputError: an architecture, an activation or a pooling that the graph builder does not build.
        MissingExtra: safetensors is not installed.
    """
    backbone = read_backbone(folder)
    return replace(backbone, projection=_projection(folder, backbone.width))


def read_backbone(folder: Path) -> BertCheckpoint:
    """Read a checkpoint without what comes after pooling, which may be anything.

    Raises:
        InputError: an architecture, an activation or a pooling that the graph builders do not build.
        MissingExtra: safetensors is not installed.
    """
    config = json_object(folder / "config.json")
    for key, wanted, default in (
        ("model_type", "bert", None),
        ("hidden_act", "gelu", "gelu"),
        ("position_embedding_type", "absolute", "absolute"),
    ):
        found = config.get(key, default)
        if found != wanted:
            raise InputError(f"{folder}: {key} is {found!r}; only {wanted!r} can be exported", fix=_FIX)
    held = tensors_of(folder / "model.safetensors")
    floats = {n.removeprefix("bert."): t for n, t in held.items()}
    try:
        return BertCheckpoint(
            width=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
            max_positions=int(config["max_position_embeddings"]),
            pooling=_pooling(folder),
            max_length=_max_length(folder),
            tensors=floats,
        )
    except KeyError as error:
        raise InputError(f"{folder}/config.json has no {error.args[0]}", fix=_FIX) from error


def tensors_of(path: Path) -> dict[str, NDArray[np.float32]]:
    """A safetensors file's tensors of floats. Raises InputError when it cannot be read."""
    safetensors = optional("safetensors", extra="export")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    # SafetensorError derives from Exception alone; bfloat16 tensors end in TypeError.
    except Exception as error:
        raise InputError(f"{path} cannot be read: {error}", fix=_FIX) from error
    return {name: t.astype(np.float32, copy=False) for name, t in held.items() if t.dtype.kind == "f"}


def _projection(folder: Path, width: int) -> NDArray[np.float32] | None:
    """The one linear layer after pooling, if there is one."""
    configs = sorted(folder.glob("*_Dense/config.json"))
    if not configs:
        return None
    config = json_object(configs[0])
    activation = str(config.get("activation_function", ""))
    square = config.get("in_features") == config.get("out_features") == width
    if len(configs) > 1 or not square or config.get("bias") or not activation.endswith("Identity"):
        raise InputError(
            f"{configs[0]}: only one square linear layer without bias and activation can be exported",
            fix="use a model without Dense modules, or one that `aisle train encoder` made",
        )
    weight = tensors_of(configs[0].with_name("model.safetensors"))["linear.weight"]
    return np.ascontiguousarray(weight.T)


def _pooling(folder: Path) -> str:
    """Mean, unless the sentence-transformers pooling module says otherwise."""
    files = sorted(folder.glob("*_Pooling/config.json"))
    if not files:
        return "mean"
    config = json_object(files[0])
    mode = config.get("pooling_mode")
    on = {str(mode)} if mode else {k.removeprefix("pooling_mode_") for k, v in config.items() if v is True}
    pooling = {"mean_tokens": "mean", "cls_token": "cls"}
    chosen = {pooling.get(name, name) for name in on} - {"include_prompt"}
    if chosen not in ({"mean"}, {"cls"}):
        raise InputError(
            f"{files[0]}: pooling {', '.join(sorted(chosen)) or 'none'} cannot be exported",
            fix="use a model with mean or cls pooling",
        )
    return chosen.pop()


def _max_length(folder: Path) -> int | None:
    path = folder / "sentence_bert_config.json"
    value = json_object(path).get("max_seq_length") if path.is_file() else None
    return int(value) if value else None


def json_object(path: Path) -> dict[str, Any]:
    """A JSON file's object. Raises InputError when it holds none."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="use a complete model folder") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no JSON object", fix="use a complete model folder")
    return content
