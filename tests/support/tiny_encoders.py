"""Encoders of several families: a layer or two, random weights, a tokenizer of the family's kind."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from aisle.encoder.export.torch_model import silenced_libraries

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

WIDTH, MAX_TOKENS = 32, 48
_MARKS = string.ascii_letters + string.digits + string.punctuation + "äöüßéøÅ日本"
_WORDS = ("cordless", "drill", "wireless", "mouse", "kettle", "red", "sofa", "battery")


def tiny_encoder(family: str, folder: Path) -> Path:
    """Write a model folder in sentence-transformers' layout: mean pooling, 48 tokens at most.

    Args:
        family: the ``model_type`` of its configuration, a key of ``FAMILIES``.
        folder: is made.
    """
    import torch
    from transformers import PreTrainedTokenizerFast

    folder.mkdir(parents=True)
    model, tokenizer, special = FAMILIES[family]
    made = tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        encoder = model(made.get_vocab_size())
        with torch.no_grad():
            for parameter in encoder.parameters():
                # As they are drawn, all vectors are alike: words, positions and layers must count.
                if parameter.dim() > 1:
                    parameter.mul_(12)
    with silenced_libraries():
        encoder.save_pretrained(folder)
    wrapped: Any = PreTrainedTokenizerFast
    wrapped(tokenizer_object=made, model_max_length=MAX_TOKENS, **special).save_pretrained(folder)
    modules("Pooling", folder=folder)
    write(folder / "1_Pooling" / "config.json", {"embedding_dimension": WIDTH, "pooling_mode": "mean"})
    return folder


def modules(*kinds: str, folder: Path) -> None:
    """Write ``modules.json``: a transformer, then modules of these kinds, in ``1_Pooling`` and so on."""
    listed = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    for number, kind in enumerate(kinds, 1):
        name = kind if "." in kind else f"sentence_transformers.models.{kind}"
        path = f"{number}_{kind.rpartition('.')[2]}"
        listed.append({"idx": number, "name": str(number), "path": path, "type": name})
    write(folder / "modules.json", listed)


def write(path: Path, content: object) -> None:
    """Write JSON, and the folder if need be."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps(content))


def change(path: Path, **changes: object) -> None:
    """Change a JSON file's object."""
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def _roberta(size: int) -> PreTrainedModel:
    from transformers import RobertaConfig, RobertaModel

    # Positions count from 2: one past the padding.
    return RobertaModel(
        RobertaConfig(**_shape(size), max_position_embeddings=MAX_TOKENS + 2, type_vocab_size=1)
    )


def _xlm_roberta(size: int) -> PreTrainedModel:
    from transformers import XLMRobertaConfig, XLMRobertaModel

    config = XLMRobertaConfig(**_shape(size), max_position_embeddings=MAX_TOKENS + 2, type_vocab_size=1)
    return XLMRobertaModel(config)


def _mpnet(size: int) -> PreTrainedModel:
    from transformers import MPNetConfig, MPNetModel

    return MPNetModel(MPNetConfig(**_shape(size), max_position_embeddings=MAX_TOKENS + 2))


def _distilbert(size: int) -> PreTrainedModel:
    from transformers import DistilBertConfig, DistilBertModel

    shape: dict[str, Any] = {"dim": WIDTH, "n_layers": 1, "n_heads": 2, "hidden_dim": 2 * WIDTH}
    return DistilBertModel(DistilBertConfig(vocab_size=size, max_position_embeddings=MAX_TOKENS, **shape))


def _modernbert(size: int) -> PreTrainedModel:
    from transformers import ModernBertConfig, ModernBertModel

    # The second layer sees four tokens to each side.
    local: dict[str, Any] = {"local_attention": 8, "global_attn_every_n_layers": 2}
    shape: dict[str, Any] = {**_shape(size), "num_hidden_layers": 2}
    special: dict[str, Any] = {
        "pad_token_id": 1,
        "cls_token_id": 0,
        "bos_token_id": 0,
        "sep_token_id": 2,
        "eos_token_id": 2,
    }
    return ModernBertModel(ModernBertConfig(**shape, **local, **special, max_position_embeddings=MAX_TOKENS))


def _shape(size: int) -> dict[str, Any]:
    layers = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 2 * WIDTH}
    return {"vocab_size": size, "hidden_size": WIDTH, **layers}


def _unigram() -> Tokenizer:
    """As SentencePiece's, of XLM-RoBERTa."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    pieces += [(f"▁{word}", -5.0) for word in _WORDS] + [(mark, -8.0) for mark in _MARKS] + [("<mask>", 0.0)]
    made = Tokenizer(models.Unigram(pieces, unk_id=3))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return made


def _byte_bpe() -> Tokenizer:
    """As that of RoBERTa and ModernBERT: bytes, joined."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([" ".join(_WORDS)] * 3, trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return made


def _wordpiece() -> Tokenizer:
    """As that of MPNet and DistilBERT."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokens = ("<s>", "<pad>", "</s>", "<unk>", *_WORDS, *_MARKS, *(f"##{mark}" for mark in _MARKS), "<mask>")
    made = Tokenizer(models.WordPiece({t: n for n, t in enumerate(dict.fromkeys(tokens))}, unk_token="<unk>"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    return made


_SPECIAL = {
    **{"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"},
    **{"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"},
}
FAMILIES: Mapping[str, tuple[Callable[[int], Any], Callable[[], Any], Mapping[str, str]]] = {
    "xlm-roberta": (_xlm_roberta, _unigram, _SPECIAL),
    "roberta": (_roberta, _byte_bpe, _SPECIAL),
    "mpnet": (_mpnet, _wordpiece, _SPECIAL),
    "distilbert": (_distilbert, _wordpiece, _SPECIAL),
    "modernbert": (_modernbert, _byte_bpe, _SPECIAL),
}
