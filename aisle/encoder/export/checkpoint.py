"""A BERT-family checkpoint: its configuration and its tensors by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.export.layout import (
    EncoderShape,
    Pooling,
    json_object,
    longest_text,
    modules_of,
    pooling_modes,
)
from aisle.encoder.export.weights import WEIGHTS
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

    @property
    def shape(self) -> EncoderShape:
        """Of an encoder that is nothing but this and a pooling."""
        return EncoderShape(self.width, self.pooling, self.max_length, self.max_positions)

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


def read_checkpoint(folder: Path, pooling: Pooling | None = None) -> BertCheckpoint:
    """Read ``config.json``, ``model.safetensors`` and, if there, the sentence-transformers configuration.

    Args:
        folder: with the model's files.
        pooling: in place of the one that the folder names.

    Raises:
        InputError: an architecture, an activation or a pooling that the graph builder does not build.
        MissingExtra: safetensors is not installed.
    """
    reason = obstacle(folder, pooling)
    if reason is not None:
        raise reason
    return replace(read_backbone(folder, pooling), projection=_projection(folder))


def obstacle(folder: Path, pooling: Pooling | None = None) -> InputError | None:
    """Why ``bert.py`` cannot build this checkpoint, as far as its configuration tells; None: it can.

    Raises:
        InputError: a configuration is broken.
    """
    reasons = (_backbone_obstacle(folder), _pooling_obstacle(folder, pooling), _modules_obstacle(folder))
    return next((reason for reason in reasons if reason is not None), None)


def read_backbone(folder: Path, pooling: Pooling | None = None) -> BertCheckpoint:
    """Read a checkpoint without what comes after pooling, which may be anything.

    Raises:
        InputError: an architecture, an activation or a pooling that the graph builders do not build.
        MissingExtra: safetensors is not installed.
    """
    reason = _backbone_obstacle(folder) or _pooling_obstacle(folder, pooling)
    if reason is not None:
        raise reason
    config = json_object(folder / "config.json")
    held = tensors_of(folder / WEIGHTS)
    floats = {n.removeprefix("bert."): t for n, t in held.items()}
    try:
        return BertCheckpoint(
            width=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
            max_positions=int(config["max_position_embeddings"]),
            pooling=pooling.value if pooling else next(iter(pooling_modes(folder))),
            max_length=longest_text(folder),
            tensors=floats,
        )
    except KeyError as error:
        raise InputError(f"{folder}/config.json has no {error.args[0]}", fix=_FIX) from error


def _backbone_obstacle(folder: Path) -> InputError | None:
    config = json_object(folder / "config.json")
    for key, wanted, default in (
        ("model_type", "bert", None),
        ("hidden_act", "gelu", "gelu"),
        ("position_embedding_type", "absolute", "absolute"),
    ):
        found = config.get(key, default)
        if found != wanted:
            return InputError(f"{folder}: {key} is {found!r}; only {wanted!r} can be exported", fix=_FIX)
    if not (folder / WEIGHTS).is_file():
        return InputError(f"{folder} has no {WEIGHTS}", fix=_FIX)
    return None


def _pooling_obstacle(folder: Path, pooling: Pooling | None) -> InputError | None:
    modes = pooling_modes(folder)
    if pooling is None and modes not in ({Pooling.MEAN.value}, {Pooling.CLS.value}):
        return InputError(
            f"{folder}: pooling {', '.join(sorted(modes)) or 'none'} cannot be exported",
            fix="use a model with mean or cls pooling",
        )
    return None


_BUILT = {"Transformer", "Pooling", "Dense", "Dropout", "Normalize"}


def _modules_obstacle(folder: Path) -> InputError | None:
    fix = "use a model without such modules, or one that `aisle train encoder` made"
    modules = modules_of(folder)
    for module in modules:
        if module.kind not in _BUILT:
            return InputError(f"{folder}: a module of the kind {module.kind} cannot be exported", fix=fix)
    dense = [module.folder / "config.json" for module in modules if module.kind == "Dense"]
    if not dense:
        return None
    config = json_object(dense[0])
    width = json_object(folder / "config.json").get("hidden_size")
    square = config.get("in_features") == config.get("out_features") == width
    plain = str(config.get("activation_function", "")).endswith("Identity") and not config.get("bias")
    held = dense[0].with_name(WEIGHTS).is_file()
    if len(dense) > 1 or not (square and plain and held) or config.get("use_residual"):
        return InputError(
            f"{dense[0]}: only one square linear layer without bias and activation can be exported", fix=fix
        )
    return None


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


def _projection(folder: Path) -> NDArray[np.float32] | None:
    """The one linear layer after pooling, if there is one."""
    dense = [module.folder for module in modules_of(folder) if module.kind == "Dense"]
    if not dense:
        return None
    return np.ascontiguousarray(tensors_of(dense[0] / WEIGHTS)["linear.weight"].T)
