"""A text encoder in torch: a transformers model and the sentence-transformers modules after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aisle._environment import optional
from aisle.encoder.artifact import TOKENIZER
from aisle.encoder.export.layout import Module, Pooling, json_object, lower_cases, modules_of, pooling_modes
from aisle.encoder.tokenizer import TextTokenizer
from aisle.errors import InputError

if TYPE_CHECKING:
    import torch

EXTRA = "train"
_FIX = "export a text encoder that transformers itself knows, in sentence-transformers' layout"
_COMPLETE = "use a complete model folder"
_AFTER = ("Pooling", "Dense", "LayerNorm", "Normalize", "Dropout")


@dataclass(frozen=True, slots=True)
class TorchEncoder:
    """A model that torch runs.

    Attributes:
        forward: int64 ``input_ids`` [b, s] and ``lengths`` [b] to float32 [b, h], before normalisation.
        pooling: its pooling modes, as sentence-transformers calls them.
        max_positions: most tokens of a text.
        vocabulary: rows of the table of word vectors.
        table_width: of word vectors.
    """

    forward: torch.nn.Module
    pooling: str
    max_positions: int
    vocabulary: int
    table_width: int


def open_encoder(folder: Path, pooling: Pooling | None = None) -> TorchEncoder:
    """Load an encoder in float32.

    Args:
        folder: with weights, tokenizer and the sentence-transformers configuration if there is one.
        pooling: in place of the one that the folder names.

    Raises:
        InputError: an encoder-decoder, a model that brings its own code, weights that are damaged or of
            another model, or a module that is not known.
        MissingExtra: torch, transformers or sentence-transformers is not installed.
    """
    library = optional("torch", extra=EXTRA)
    after = _after(folder)
    if pooling is None and not any(module.kind == "Pooling" for module in after):
        # As sentence-transformers does.
        pooling = Pooling.MEAN
    with silenced_libraries():
        transformer = _transformer(folder)
        modules = [_module(module) for module in after if module.kind != "Pooling" or pooling is None]
        if pooling is not None:
            modules.insert(0, _pooling(transformer.config.hidden_size, pooling))

    class Forward(library.nn.Module):  # type: ignore[misc,name-defined]
        """The mask is made of the lengths: texts are padded on the right."""

        def __init__(self) -> None:
            super().__init__()
            self.transformer, self.after = transformer, library.nn.ModuleList(modules)

        def forward(self, input_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            mask = (library.arange(input_ids.shape[1])[None, :] < lengths[:, None]).long()
            vectors = self.transformer(input_ids=input_ids, attention_mask=mask).last_hidden_state
            features = {"token_embeddings": vectors, "attention_mask": mask}
            for module in self.after:
                features = module(features)
            pooled: torch.Tensor = features["sentence_embedding"]
            return pooled

    words = transformer.get_input_embeddings()
    return TorchEncoder(
        forward=Forward().eval(),
        pooling=pooling.value if pooling else "+".join(sorted(pooling_modes(folder))),
        max_positions=_positions(transformer),
        vocabulary=int(words.num_embeddings),
        table_width=int(words.embedding_dim),
    )


def check_tokens(folder: Path, texts: Sequence[str], max_length: int) -> None:
    """Hold ``tokenizer.json``, which is served, to the tokenizer that transformers makes of the folder.

    Raises:
        InputError: transformers cannot load it, or a text's tokens differ.
        MissingExtra: transformers is not installed.
    """
    transformers = optional("transformers", extra=EXTRA)
    with silenced_libraries():
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        # transformers raises what it likes here: ValueError, OSError, KeyError, or what the Rust side raises.
        except Exception as error:
            raise InputError(
                f"transformers cannot load the tokenizer in {folder}: {first_line(error)}", fix=_FIX
            ) from error
    served = TextTokenizer(folder / TOKENIZER, max_length)
    for text in texts:
        read = text.lower() if lower_cases(folder) else text
        expected = tokenizer(read, truncation=True, max_length=max_length)["input_ids"]
        if served([text])[0] != expected:
            raise InputError(
                f"{folder / TOKENIZER} makes other tokens of {text[:40]!r} than the model was trained with",
                fix="write it anew: `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`",
            )


def _after(folder: Path) -> list[Module]:
    first, *after = modules_of(folder) or (Module("nothing", folder),)
    if first.kind != "Transformer" or first.folder != folder:
        raise InputError(
            f"{folder}: the first module is {first.kind}, not a Transformer at the top", fix=_FIX
        )
    unknown = [module.kind for module in after if module.kind not in _AFTER]
    if unknown:
        raise InputError(f"{folder}: a module of the kind {unknown[0]} cannot be exported", fix=_FIX)
    for module in after:
        path = module.folder / "config.json"
        config = json_object(path) if path.is_file() else {}
        if config.get("include_prompt") is False:
            raise InputError(f"{path}: pooling that leaves the prompt out cannot be exported", fix=_FIX)
        # sentence-transformers would put another one in its place, with a warning.
        if not str(config.get("activation_function", "torch.")).startswith("torch."):
            raise InputError(f"{path}: an activation that is not torch's own cannot be exported", fix=_FIX)
    return after


def _transformer(folder: Path) -> Any:
    transformers = optional("transformers", extra=EXTRA)
    config = json_object(folder / "config.json")
    kind = config.get("model_type")
    if kind not in transformers.CONFIG_MAPPING:
        own = ": it brings its own code, which Aisle does not run" if "auto_map" in config else ""
        raise InputError(f"{folder}: transformers does not know model_type {kind!r}{own}", fix=_FIX)
    if str(config.get("position_embedding_type")).startswith("relative_key"):
        raise InputError(f"{folder}: transformers no longer has relative position embeddings", fix=_FIX)
    if config.get("is_encoder_decoder", transformers.CONFIG_MAPPING[kind]().is_encoder_decoder):
        raise InputError(f"{folder}: {kind} is an encoder-decoder, which cannot be exported", fix=_FIX)
    try:
        model, found = transformers.AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            dtype=optional("torch", extra=EXTRA).float32,
            output_loading_info=True,
        )
    # Damaged files, shapes that do not fit and missing classes end in errors of several libraries.
    except Exception as error:
        raise InputError(f"{folder} cannot be loaded: {first_line(error)}", fix=_COMPLETE) from error
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise InputError(f"{folder}: the weights have no tensor {missing[0]!r}", fix=_FIX)
    layers = sorted(name for name in found["unexpected_keys"] if ".layer" in name)
    if layers:
        raise InputError(f"{folder}: nothing in the model takes the tensor {layers[0]!r}", fix=_FIX)
    return model


def _module(module: Module) -> Any:
    known = optional("sentence_transformers", extra=EXTRA).sentence_transformer.modules
    try:
        return getattr(known, module.kind).load(str(module.folder), local_files_only=True)
    # As above: of several libraries.
    except Exception as error:
        raise InputError(f"{module.folder} cannot be loaded: {first_line(error)}", fix=_COMPLETE) from error


def _pooling(width: int, pooling: Pooling) -> Any:
    known = optional("sentence_transformers", extra=EXTRA).sentence_transformer.modules
    return known.Pooling(width, pooling_mode=pooling.value)


def _positions(transformer: Any) -> int:
    """Rows of the position table that a text may use: RoBERTa and its kin count from one past the padding."""
    for name, module in transformer.named_modules():
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings"):
            taken = 0 if module.padding_idx is None else module.padding_idx + 1
            return int(module.num_embeddings) - taken
    return int(getattr(transformer.config, "max_position_embeddings", 512))


def first_line(error: Exception) -> str:
    """The first line of an error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def silenced_libraries() -> Iterator[None]:
    """Errors only, no progress bars; afterwards as before."""
    logging = optional("transformers", extra=EXTRA).utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
