"""How sentence-transformers lays out a model folder: its modules, its longest text, its prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from aisle.encoder.artifact import Prefixes
from aisle.errors import InputError


class Pooling(Enum):
    """Which of the last layer's vectors count: the mean of all, or that of the first token ([CLS])."""

    MEAN = "mean"
    CLS = "cls"


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """What goes into an encoder of single texts and what comes out.

    Attributes:
        width: of its vectors.
        pooling: "mean", "cls" or another mode of sentence-transformers' pooling, several joined by "+".
        max_length: most tokens of a text as the model's own configuration says, if it says.
        max_positions: most tokens of a text that it has positions for.
    """

    width: int
    pooling: str
    max_length: int | None
    max_positions: int


@dataclass(frozen=True, slots=True)
class Module:
    """One step from text to vector.

    Attributes:
        kind: class in sentence-transformers, such as "Pooling"; of a class from elsewhere, its whole name.
        folder: where its configuration is.
    """

    kind: str
    folder: Path


_OWN = "sentence_transformers."
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")
_UNBOUNDED = 10**6


def modules_of(folder: Path) -> tuple[Module, ...]:
    """The modules in order; without ``modules.json`` the transformer and the pooling and dense layers there.

    Raises:
        InputError: ``modules.json`` is broken.
    """
    path = folder / "modules.json"
    if not path.is_file():
        after = [Module(kind, at.parent) for kind in ("Pooling", "Dense") for at in _configs(folder, kind)]
        return (Module("Transformer", folder), *after)
    try:
        listed = sorted(orjson.loads(path.read_bytes()), key=lambda each: int(each["idx"]))
        return tuple(Module(_kind(str(each["type"])), _within(folder, each["path"])) for each in listed)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="use a complete model folder") from error


def _within(folder: Path, path: str) -> Path:
    inner = folder / path
    if not inner.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is outside the folder")
    return inner


def _kind(name: str) -> str:
    return name.rpartition(".")[2] if name.startswith(_OWN) else name


def _configs(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"*_{kind}/config.json"))


def pooling_modes(folder: Path) -> frozenset[str]:
    """Pooling modes of the folder's pooling module ("mean", "cls", "lasttoken", ...), mean if it has none.

    Raises:
        InputError: its configuration is broken.
    """
    files = _configs(folder, "Pooling")
    if not files:
        return frozenset({Pooling.MEAN.value})
    config = json_object(files[0])
    mode = config.get("pooling_mode")
    if mode:
        return frozenset([mode] if isinstance(mode, str) else map(str, mode))
    on = (key.removeprefix("pooling_mode_") for key, value in config.items() if value is True)
    return frozenset(_mode(name) for name in on if name != "include_prompt")


def _mode(name: str) -> str:
    return {"mean_tokens": "mean", "cls_token": "cls"}.get(name, name)


def longest_text(folder: Path) -> int | None:
    """Most tokens of a text as the model's own configuration says; None: it does not."""
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", _LONGEST)):
        value = _optional(folder / name).get(key)
        if isinstance(value, int | float) and 0 < value < _UNBOUNDED:
            return int(value)
    return None


_LONGEST = "model_max_length"


def lower_cases(folder: Path) -> bool:
    """Whether texts are put in lower case before they meet the tokenizer."""
    return _optional(folder / "sentence_bert_config.json").get("do_lower_case") is True


def declared_prompts(folder: Path) -> Prefixes | None:
    """The prompts of queries and of documents that the folder declares; None: it declares none.

    Prompts for other tasks (clustering, classification) are left alone.
    """
    config = _optional(folder / "config_sentence_transformers.json")
    prompts = config.get("prompts")
    if not isinstance(prompts, Mapping):
        return None
    default = prompts.get(config.get("default_prompt_name"))

    def prompt(*names: str) -> str:
        return next((str(prompts[name]) for name in names if prompts.get(name)), str(default or ""))

    found = Prefixes(query=prompt("query"), item=prompt(*_DOCUMENT_PROMPTS))
    return found if found != Prefixes() else None


def declared_widths(folder: Path) -> tuple[int, ...]:
    """Matryoshka widths that ``config.json`` declares (``matryoshka_dimensions``), widest first."""
    widths = json_object(folder / "config.json").get("matryoshka_dimensions")
    if not isinstance(widths, list):
        return ()
    return tuple(sorted({int(each) for each in widths if isinstance(each, int) and each > 0}, reverse=True))


def _optional(path: Path) -> dict[str, Any]:
    return json_object(path) if path.is_file() else {}


def json_object(path: Path) -> dict[str, Any]:
    """A JSON file's object. Raises InputError when it holds none."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="use a complete model folder") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no JSON object", fix="use a complete model folder")
    return content
