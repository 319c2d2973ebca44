"""The model that a run starts from, checked before any time is spent on it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisle._environment import optional
from aisle.encoder.artifact import TOKENIZER, Prefixes
from aisle.encoder.export.bert import bert_graph
from aisle.encoder.export.checkpoint import read_checkpoint
from aisle.encoder.export.describe import MAX_LENGTH
from aisle.encoder.export.precision import Fp32
from aisle.encoder.export.weights import check_vocabulary, find_weights, prefixes_of
from aisle.errors import InputError
from aisle.training.common.run_folder import folder_in_one_step, starting_point

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer


@dataclass(frozen=True, slots=True)
class BaseModel:
    """What training needs to know of a checkpoint.

    Attributes:
        folder: of its files.
        name: hub id, folder name, or name of the training that made it.
        revision: on the hub, else the sha256 of its weights.
        width: of its vectors.
        max_length: most tokens that its artifact will read.
        prefixes: of its model family.
    """

    folder: Path
    name: str
    revision: str
    width: int
    max_length: int
    prefixes: Prefixes

    @property
    def tokenizer(self) -> Path:
        """``tokenizer.json``, for training and serving alike."""
        return self.folder / TOKENIZER


def find_base(model: str, revision: str | None = None) -> BaseModel:
    """Find a checkpoint and make sure that what is trained from it can be exported.

    Args:
        model: a folder, a hub id, the name of a packaged model, or of a training of this machine, which the
            model is then called by.
        revision: branch, tag or commit on the hub.

    Raises:
        InputError: not found; an architecture or pooling that the exporter cannot write; a tokenizer with
            more tokens than the model has word vectors.
        MissingExtra: onnx, safetensors or huggingface_hub is needed and not installed.
    """
    place = starting_point(model)
    source = find_weights(place, revision)
    checkpoint = read_checkpoint(source.folder)
    # Written and forgotten: it finds every tensor that is missing or of another shape.
    bert_graph(checkpoint, Fp32(), checkpoint.width)
    check_vocabulary(source.folder, len(checkpoint.tensor("embeddings.word_embeddings.weight")))
    return BaseModel(
        folder=source.folder,
        # A training is known by its own name, not by that of its last stage's folder.
        name=source.model if place == model else model,
        revision=source.identity(),
        width=checkpoint.width,
        max_length=min(checkpoint.max_length or MAX_LENGTH, MAX_LENGTH, checkpoint.max_positions),
        prefixes=prefixes_of(source),
    )


def open_model(folder: Path, device: str, dropout: float = 0.0) -> SentenceTransformer:
    """A fresh torch model from a folder; ``dropout`` holds while it is trained, and nowhere else."""
    st = optional("sentence_transformers", extra="train")
    # The backward pass of torch's fused attention takes more than half of a step on a CPU (measured).
    attention = "eager" if device == "cpu" else "sdpa"
    model: SentenceTransformer = st.SentenceTransformer(
        str(folder),
        device=device,
        # Weights may be stored in half precision; they are trained and kept in float32.
        model_kwargs={"attn_implementation": attention, "dtype": optional("torch", extra="train").float32},
        local_files_only=True,
    )
    for module in model.modules():
        if isinstance(module, optional("torch", extra="train").nn.Dropout):
            module.p = dropout
    return model


def save_model(model: SentenceTransformer, base: BaseModel, folder: Path) -> None:
    """Write sentence-transformers' layout; ``folder`` appears whole, in place of what was there.

    Raises:
        InputError: the disk is full or the folder cannot be written; nothing half-written is left.
    """
    with folder_in_one_step(folder) as staged:
        model.save_pretrained(str(staged), create_model_card=False)
        # The very file that training read and serving will read, not one that another library wrote again.
        shutil.copyfile(base.tokenizer, staged / TOKENIZER)


def require_layers(model: SentenceTransformer | CrossEncoder, keep: Sequence[int]) -> None:
    """Make sure that the model has layers of these numbers.

    Raises:
        InputError: it has not.
    """
    count = len(_bert(model).encoder.layer)
    if max(keep) >= count:
        raise InputError(
            f"the teacher has {count} layers, none of number {max(keep)}",
            fix=f"keep layers of 0 to {count - 1}",
        )


def keep_layers(model: SentenceTransformer | CrossEncoder, keep: Sequence[int]) -> None:
    """Drop all other layers of a BERT encoder, in place."""
    bert = _bert(model)
    bert.encoder.layer = optional("torch", extra="train").nn.ModuleList(
        bert.encoder.layer[number] for number in keep
    )
    bert.config.num_hidden_layers = len(keep)


def _bert(model: SentenceTransformer | CrossEncoder) -> Any:
    return model[0].auto_model
