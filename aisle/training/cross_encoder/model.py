"""Opening a cross-encoder, new or trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aisle._environment import optional
from aisle.encoder.export.layout import Pooling
from aisle.encoder.export.torch_model import silenced_libraries
from aisle.errors import InputError
from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.run_folder import folder_in_one_step

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def new_cross_encoder(
    backbone: Path, max_tokens: int, device: str, pooling: Pooling = Pooling.MEAN
) -> CrossEncoder:
    """A backbone, its token vectors pooled, and a fresh layer that makes one score of them.

    The mean unless told otherwise: the sentence encoders that we begin with were trained on it.

    Raises:
        InputError: the folder's model cannot be opened.
        MissingExtra: sentence-transformers is not installed.
    """
    # On CPUs the backward pass of torch's fused attention takes more than half of the time.
    attention = "sdpa" if device.startswith("cuda") else "eager"
    library = optional("sentence_transformers", extra="train")
    parts = optional("sentence_transformers.sentence_transformer.modules", extra="train")
    with _readable(backbone):
        tokens = parts.Transformer(
            str(backbone), max_seq_length=max_tokens, model_kwargs={"attn_implementation": attention}
        )
        width = tokens.get_embedding_dimension()
        head = parts.Dense(width, 1, activation_function=None, module_output_name="scores")
        modules = [tokens, parts.Pooling(width, pooling.value), head]
        model: CrossEncoder = library.CrossEncoder(
            modules=modules,
            device=device,
            activation_fn=optional("torch", extra="train").nn.Identity(),
            local_files_only=True,
        )
    return model


def load_cross_encoder(
    folder: Path, device: str, precision: TrainingPrecision = TrainingPrecision.AUTO
) -> CrossEncoder:
    """A trained one, ours or any with one output; it predicts logits.

    Raises:
        InputError: the folder holds no cross-encoder of one output that can be opened.
        MissingExtra: sentence-transformers is not installed.
    """
    library, torch = optional("sentence_transformers", extra="train"), optional("torch", extra="train")
    narrow = precision.on(device) is TrainingPrecision.BF16
    if not (folder / "config.json").is_file():
        # The library would take the name for one on the hub.
        raise InputError(f"{folder} holds no cross-encoder", fix="name the folder that train_teacher made")
    with _readable(folder):
        model: CrossEncoder = library.CrossEncoder(
            str(folder),
            device=device,
            activation_fn=torch.nn.Identity(),
            local_files_only=True,
            model_kwargs={"dtype": torch.bfloat16 if narrow else torch.float32},
        )
    if model.num_labels != 1:
        raise InputError(
            f"{folder} gives {model.num_labels} scores of a pair", fix="use a cross-encoder with one output"
        )
    if narrow:
        # The layer that makes the score: eight bits of it would make ties.
        linear = torch.nn.Linear
        heads = [n for n, part in model.named_modules() if type(part) is linear and part.out_features == 1]
        model.set_keep_in_fp32_modules(heads)
    return model


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        with silenced_libraries():
            yield
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder} cannot be opened as a model: {str(error).splitlines()[0]}",
            fix="give a folder with config.json, model.safetensors and tokenizer.json",
        ) from error


def save(model: CrossEncoder, folder: Path) -> None:
    """As sentence-transformers saves it; ``folder`` appears whole, in place of what was there.

    Raises:
        InputError: it cannot be written.
    """
    with folder_in_one_step(folder) as staged, silenced_libraries():
        model.save_pretrained(str(staged), create_model_card=False)
