"""The head that turns a BERT encoder's token vectors into weights of vocabulary tokens (SPLADE)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records import InputError
from records.extras import optional
from training.export.checkpoint import Checkpoint

Floats = NDArray[np.float32]

HEAD = "sparse.safetensors"
_GELU = "gelu"
_MLM = "cls.predictions.transform"
_FIX = "give a folder that `aisle train sparse` made, or a BERT model with a masked-language head"


@dataclass(frozen=True, slots=True)
class SparseHead:
    """Weight of token v in a text: log(1 + relu(max over the text's positions of z_v)) (Formal et al. 2021,
    arXiv 2109.10086).

    z = LayerNorm(act(x transform + transform_bias) + w skip) decoder^T + bias, where x is a position's last
    hidden state and w its own word vector.

    Attributes:
        token_ids: int64 [v], the tokenizer's ids of the tokens that weights are of, rising.
        transform: float32 [h, h], in to out; transform_bias: [h]; gelu: whether ``act`` is one, else nothing.
        skip: float32 [h, h], or None for a masked-language model's own head, which has none.
        gain, shift: of the LayerNorm, [h].
        decoder: float32 [v, h]; bias: [v].
        query: float32 [v], what each token of a query weighs; None: the model weighs queries as well.
    """

    token_ids: NDArray[np.int64]
    transform: Floats
    transform_bias: Floats
    gelu: bool
    skip: Floats | None
    gain: Floats
    shift: Floats
    decoder: Floats
    bias: Floats
    query: Floats | None

    def save(self, folder: Path) -> None:
        """Write ``sparse.safetensors`` into a model's folder."""
        numpy = optional("safetensors.numpy", extra="export")
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.name != _GELU}
        tensors = {name: np.ascontiguousarray(value) for name, value in named.items() if value is not None}
        numpy.save_file(tensors, folder / HEAD, metadata={_GELU: str(int(self.gelu))})

    @staticmethod
    def load(folder: Path) -> SparseHead:
        """Read what ``save`` wrote.

        Raises:
            InputError: there is none, or it is not whole.
        """
        safetensors = optional("safetensors", extra="export")
        try:
            with safetensors.safe_open(folder / HEAD, framework="numpy") as file:
                held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                gelu = (file.metadata() or {}).get(_GELU) == "1"
            return SparseHead(gelu=gelu, skip=held.pop("skip", None), query=held.pop("query", None), **held)
        # SafetensorError derives from Exception alone.
        except Exception as error:
            raise InputError(f"{folder / HEAD} cannot be read: {error}", fix=_FIX) from error


def masked_language_head(model: Checkpoint, token_ids: NDArray[np.int64]) -> SparseHead | None:
    """The head that a masked-language model, or a published SPLADE model, brings along; None without one."""
    if f"{_MLM}.dense.weight" not in model.tensors:
        return None
    transform, transform_bias = model.linear(f"{_MLM}.dense")
    table = model.tensors.get("cls.predictions.decoder.weight")
    decoder = model.tensor("embeddings.word_embeddings.weight") if table is None else table
    return SparseHead(
        token_ids=token_ids,
        transform=transform,
        transform_bias=transform_bias,
        gelu=True,
        skip=None,
        gain=model.tensor(f"{_MLM}.LayerNorm.weight"),
        shift=model.tensor(f"{_MLM}.LayerNorm.bias"),
        decoder=decoder[token_ids],
        bias=model.tensor("cls.predictions.bias")[token_ids],
        query=None,
    )
