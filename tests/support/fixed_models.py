"""Tiny checkpoints whose every byte is the same on any machine: weights are integer arithmetic, no torch."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from safetensors.numpy import save_file

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WIDTH, LAYERS, INNER, POSITIONS = 16, 2, 32, 64


def fixed_dense(folder: Path) -> Path:
    """A BERT with mean pooling and a square projection after it."""
    _backbone(folder)
    _json(folder / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": True})
    _json(
        folder / "2_Dense" / "config.json",
        {
            "in_features": WIDTH,
            "out_features": WIDTH,
            "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        },
    )
    save_file(
        {"linear.weight": _numbers("projection", WIDTH, WIDTH)}, folder / "2_Dense" / "model.safetensors"
    )
    return folder


def fixed_sparse(folder: Path, *, looked_up: bool = True) -> Path:
    """A BERT with a sparse head: with a skip and query weights, or that of a masked-language model."""
    tokens = _vocabulary()
    if not looked_up:
        return _backbone(
            folder,
            {
                "cls.predictions.transform.dense.weight": _numbers("transform", WIDTH, WIDTH),
                "cls.predictions.transform.dense.bias": _numbers("transform_bias", WIDTH),
                "cls.predictions.transform.LayerNorm.weight": 1 + _numbers("gain", WIDTH),
                "cls.predictions.transform.LayerNorm.bias": _numbers("shift", WIDTH),
                "cls.predictions.bias": _numbers("bias", len(tokens)),
            },
        )
    _backbone(folder)
    ids = np.array([n for n, token in enumerate(tokens) if n >= len(SPECIAL) and "." not in token])
    save_file(
        {
            "token_ids": ids.astype(np.int64),
            "transform": _numbers("transform", WIDTH, WIDTH),
            "transform_bias": _numbers("transform_bias", WIDTH),
            "skip": _numbers("skip", WIDTH, WIDTH),
            "gain": 1 + _numbers("gain", WIDTH),
            "shift": _numbers("shift", WIDTH),
            "decoder": _numbers("decoder", len(ids), WIDTH),
            "bias": _numbers("bias", len(ids)),
            "query": np.abs(_numbers("query", len(ids))) + np.float32(0.5),
        },
        folder / "sparse.safetensors",
        metadata={"gelu": "0"},
    )
    return folder


def fixed_reranker(folder: Path, *, classifier: bool) -> Path:
    """A BERT with one score: transformers' classifier on [CLS], or a linear layer on the mean."""
    if classifier:
        return _backbone(
            folder,
            {
                "bert.pooler.dense.weight": _numbers("pooler", WIDTH, WIDTH),
                "bert.pooler.dense.bias": _numbers("pooler_bias", WIDTH),
                "classifier.weight": _numbers("classifier", 1, WIDTH),
                "classifier.bias": _numbers("classifier_bias", 1),
            },
        )
    _backbone(folder)
    _json(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean"})
    _json(
        folder / "2_Dense" / "config.json",
        {"in_features": WIDTH, "out_features": 1, "activation_function": "torch.nn.modules.linear.Identity"},
    )
    head = {"linear.weight": _numbers("score", 1, WIDTH), "linear.bias": _numbers("score_bias", 1)}
    save_file(head, folder / "2_Dense" / "model.safetensors")
    return folder


def _numbers(name: str, *shape: int) -> NDArray[np.float32]:
    """Values in [-0.5, 0.5), by Knuth's multiplicative hash of position and name: exact on any CPU."""
    count = int(np.prod(shape))
    seed = np.uint64(int.from_bytes(name.encode()[:8], "little") % 1_000_003)
    drawn = ((np.arange(count, dtype=np.uint64) + seed) * np.uint64(2_654_435_761)) % np.uint64(1 << 32)
    return ((drawn >> np.uint64(8)).astype(np.float32) / np.float32(1 << 24) - np.float32(0.5)).reshape(shape)


def _vocabulary() -> list[str]:
    marks = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    return [*SPECIAL, *marks, *(f"##{mark}" for mark in marks), "drill", "lamp", "cordless", "light"]


def _backbone(folder: Path, more: dict[str, NDArray[np.float32]] | None = None) -> Path:
    folder.mkdir(parents=True)
    tokens = _vocabulary()
    tensors = {
        "embeddings.word_embeddings.weight": _numbers("words", len(tokens), WIDTH),
        "embeddings.position_embeddings.weight": _numbers("places", POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": _numbers("segments", 2, WIDTH),
        "embeddings.LayerNorm.weight": 1 + _numbers("norm", WIDTH),
        "embeddings.LayerNorm.bias": _numbers("normbias", WIDTH),
    }
    shapes = {
        **{f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")},
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
    }
    for layer in range(LAYERS):
        for part, shape in shapes.items():
            name = f"encoder.layer.{layer}.{part}"
            tensors[f"{name}.weight"] = _numbers(f"{layer}{part[-9:]}", *shape)
            tensors[f"{name}.bias"] = _numbers(f"{layer}b{part[-9:]}", shape[0])
        for part in ("attention.output", "output"):
            name = f"encoder.layer.{layer}.{part}.LayerNorm"
            tensors[f"{name}.weight"] = 1 + _numbers(f"{layer}g{part}", WIDTH)
            tensors[f"{name}.bias"] = _numbers(f"{layer}h{part}", WIDTH)
    save_file(tensors | (more or {}), folder / "model.safetensors")
    _json(
        folder / "config.json",
        {
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": 2,
            "intermediate_size": INNER,
            "max_position_embeddings": POSITIONS,
            "layer_norm_eps": 1e-12,
        },
    )
    _json(folder / "tokenizer.json", _tokenizer(tokens))
    return folder


def _tokenizer(tokens: list[str]) -> object:
    """Written out rather than saved by the library, whose form of it may change."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": n, "content": token, **plain} for n, token in enumerate(SPECIAL)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: n for n, token in enumerate(tokens)},
        },
    }


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
