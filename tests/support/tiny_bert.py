"""A BERT that trains in seconds: two layers of 32, a WordPiece vocabulary, random weights. And its folder."""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path

import orjson

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MAX_POSITIONS = 64


def tiny_bert(
    folder: Path,
    words: Iterable[str] = (),
    *,
    hidden: int = 32,
    layers: int = 2,
    heads: int = 2,
    seed: int = 3,
) -> Path:
    """Write a checkpoint in sentence-transformers' layout: mean pooling, 64 tokens at most.

    Args:
        folder: is made.
        words: lower-case words that are one token each; all others are spelled, letter by letter.
        hidden: width of the vectors.
        layers: their number.
        heads: attention heads, a divisor of ``hidden``.
        seed: of the weights.

    Returns:
        ``folder``, with config.json, model.safetensors, tokenizer.json, modules.json and their like.
    """
    import torch
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True)
    size = tiny_tokenizer(folder, words)
    config = BertConfig(
        vocab_size=size,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        max_position_embeddings=MAX_POSITIONS,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    _write(folder / "modules.json", [_module(0, "", "Transformer"), _module(1, "1_Pooling", "Pooling")])
    _write(folder / "sentence_bert_config.json", {"max_seq_length": MAX_POSITIONS, "do_lower_case": False})
    _write(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
        },
    )
    return folder


def _module(position: int, path: str, kind: str) -> dict[str, object]:
    return {
        "idx": position,
        "name": str(position),
        "path": path,
        "type": f"sentence_transformers.models.{kind}",
    }


def tiny_tokenizer(folder: Path, words: Iterable[str]) -> int:
    """The fast tokenizer's file and what transformers reads beside it; the size of the vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    marks = string.ascii_lowercase + string.digits + string.punctuation
    tokens = dict.fromkeys((*SPECIAL, *marks, *(f"##{mark}" for mark in marks), *sorted(set(words))))
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"])
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": MAX_POSITIONS,
            **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
        },
    )
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return len(vocabulary)


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
