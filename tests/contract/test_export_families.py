"""Encoders beyond BERT: torch traces them, the artifact is like any other. Torch is the judge."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import Prefixes
from aisle.encoder.cpu import open_session
from aisle.encoder.export import DenseExport, ExportReport, Pooling, export
from aisle.encoder.export.graph import GraphWriter
from aisle.encoder.export.run import Progress
from aisle.encoder.export.torch_model import open_encoder
from aisle.errors import InputError
from tests.support.tiny_encoders import FAMILIES, MAX_TOKENS, WIDTH, change, modules, tiny_encoder, write

pytestmark = pytest.mark.slow

TEXTS = [
    *("cordless drill", "red sofa, 2-seat", "", "a", "Ø 19 mm — für Wasser, 日本", "wireless mouse " * 60),
    # A special token that somebody types is not padding.
    *("kettle <pad> battery", "battery " * MAX_TOKENS + "cordless"),
]
PREFIXES = Prefixes(query="query: ", item="passage: ")


@dataclass(frozen=True)
class Kept:
    """Keeps what the fp32 graph of an export says, of the trace that its INT8 graph comes from."""

    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def figures(
        self, served: DenseEncoder, reference: DenseEncoder, weights: Path, progress: Progress
    ) -> Mapping[str, float]:
        """None; ``vectors`` has those of items, encoded together, and of queries."""
        self.vectors["items"] = reference.encode_items(TEXTS)
        self.vectors["queries"] = reference.encode_queries(TEXTS[:3])
        return {}


@dataclass(frozen=True)
class Exported:
    """An exported encoder: its model folder, and what torch says, not cut and at unit length."""

    folder: Path
    report: ExportReport
    kept: Kept
    torch: NDArray[np.float32]
    torch_queries: NDArray[np.float32]


def _with_prompts(folder: Path) -> None:
    """As bge-m3: the first token's vector. And prompts as E5's, and widths."""
    write(folder / "1_Pooling" / "config.json", {"embedding_dimension": WIDTH, "pooling_mode": "cls"})
    prompts = {"query": PREFIXES.query, "passage": PREFIXES.item, "clustering": "cluster: "}
    write(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})
    change(folder / "config.json", matryoshka_dimensions=[8, 16, WIDTH])


def _plain(folder: Path) -> None:
    """As transformers saves it."""
    (folder / "modules.json").unlink()
    shutil.rmtree(folder / "1_Pooling")


def _with_dense(folder: Path) -> None:
    """As distiluse: a layer with tanh to fewer values."""
    known = _st_modules()
    modules("Pooling", "Dense", "Normalize", folder=folder)
    (folder / "3_Normalize").mkdir()
    dense = known.Dense(WIDTH, WIDTH // 2)
    (folder / "2_Dense").mkdir()
    dense.save(str(folder / "2_Dense"))


def _with_layer_norm(folder: Path) -> None:
    """As nomic-embed: a LayerNorm before the vector is cut."""
    modules("Pooling", "LayerNorm", folder=folder)
    (folder / "2_LayerNorm").mkdir()
    _st_modules().LayerNorm(WIDTH).save(str(folder / "2_LayerNorm"))


def _st_modules() -> Any:
    return importlib.import_module("sentence_transformers.sentence_transformer.modules")


SETUPS: Mapping[str, Callable[[Path], None]] = {
    "xlm-roberta": _with_prompts,
    "roberta": _plain,
    "mpnet": _with_layer_norm,
    "distilbert": _with_dense,
    "modernbert": lambda folder: None,
}


@pytest.fixture(scope="module", params=FAMILIES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    import sentence_transformers

    folder = tmp_path_factory.mktemp("families")
    model = tiny_encoder(request.param, folder / f"tiny-{request.param}")
    SETUPS[request.param](model)
    kept = Kept()
    report = export(DenseExport(str(model)), ArtifactStore(folder / "store"), fidelity=kept)
    judge = sentence_transformers.SentenceTransformer(str(model), device="cpu")
    prefixes = report.manifest.prefixes
    said = [
        judge.encode([prefix + text for text in texts], normalize_embeddings=True, show_progress_bar=False)
        for prefix, texts in ((prefixes.item, TEXTS), (prefixes.query, TEXTS[:3]))
    ]
    return Exported(model, report, kept, *said)


def test_the_fp32_graph_equals_torch(exported: Exported) -> None:
    # Or equality would say nothing.
    assert (exported.torch @ exported.torch.T).min() < 0.95
    np.testing.assert_allclose(exported.kept.vectors["items"], exported.torch, atol=1e-4)
    np.testing.assert_allclose(exported.kept.vectors["queries"], exported.torch_queries, atol=1e-4)


def test_the_int8_graph_is_close_and_its_self_test_replays(exported: Exported) -> None:
    encoder = DenseEncoder.load(exported.report.path)
    assert encoder.manifest.precision == "int8"
    vectors = encoder.encode_items(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * exported.torch).sum(axis=1).min() > 0.998
    alone = np.concatenate([encoder.encode_items([text]) for text in TEXTS])
    assert ((vectors * alone).sum(axis=1) > 0.9999).all()


def test_a_long_text_is_cut_and_keeps_its_end_token(exported: Exported) -> None:
    encoder = DenseEncoder.load(exported.report.path)
    assert encoder.manifest.max_length == MAX_TOKENS
    start, end = (encoder.tokenize([""])[0][at] for at in (0, -1))
    tokens = encoder.tokenize(["wireless mouse " * 60])[0]
    assert (len(tokens), tokens[0], tokens[-1]) == (MAX_TOKENS, start, end)


def test_the_manifest_tells_what_the_folder_declares(exported: Exported) -> None:
    manifest = exported.report.manifest
    family = exported.folder.name.removeprefix("tiny-")
    assert manifest.pooling == ("cls" if family == "xlm-roberta" else "mean")
    assert manifest.prefixes == (PREFIXES if family == "xlm-roberta" else Prefixes())
    widths = {"xlm-roberta": (WIDTH, WIDTH // 2, 8), "distilbert": (WIDTH // 2,)}
    assert manifest.widths == widths.get(family, (WIDTH,))
    assert manifest.dims == manifest.widths[0]


def test_a_pooling_that_is_asked_for_goes_before_the_folders(tmp_path: Path) -> None:
    import torch

    model = tiny_encoder("xlm-roberta", tmp_path / "model")
    inputs = torch.tensor([[0, 7, 8, 2], [0, 9, 2, 0]]), torch.tensor([4, 3])
    mean = open_encoder(model).forward(*inputs)
    _with_prompts(model)
    assert not torch.allclose(open_encoder(model).forward(*inputs), mean, atol=1e-2)
    asked = open_encoder(model, Pooling.MEAN)
    assert asked.pooling == "mean"
    torch.testing.assert_close(asked.forward(*inputs), mean)


def test_a_graph_that_no_single_file_holds_lies_in_two(tmp_path: Path) -> None:
    graph = GraphWriter()
    table = np.arange(4000, dtype=np.float32).reshape(1000, 4)
    rows = graph.node("Gather", [graph.constant("table", table), "input_ids"])
    finished = graph.model(graph.node("Gather", [rows, graph.constant("zero", np.int64(0))], axis=1), 4)
    feed = {"input_ids": np.array([[7, 0], [999, 0]]), "lengths": np.array([1, 1])}
    for most, names in ((20_000, ["one.onnx"]), (10_000, ["two.onnx", "two.onnx.data"])):
        finished.write(tmp_path / names[0], most)
        assert sorted(path.name for path in tmp_path.glob(f"{names[0]}*")) == names
        (found,) = open_session(tmp_path / names[0]).run(None, feed)
        np.testing.assert_array_equal(found, table[[7, 999]])
    assert (tmp_path / "two.onnx.data").stat().st_size == table.nbytes


def _damaged(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _other_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens(["sprocket", "grommet"])
    tokenizer.save(str(folder / "tokenizer.json"))


def _own_activation(folder: Path) -> None:
    modules("Pooling", "Dense", folder=folder)
    write(folder / "2_Dense" / "config.json", {"in_features": 32, "activation_function": "os.system"})


REFUSED: Mapping[str, tuple[Callable[[Path], object], str, str]] = {
    "encoder-decoder": (
        lambda folder: change(folder / "config.json", model_type="t5", is_encoder_decoder=True),
        "t5 is an encoder-decoder",
        "text encoder",
    ),
    "own code": (
        lambda folder: change(folder / "config.json", model_type="my", auto_map={"AutoModel": "m.My"}),
        "model_type 'my': it brings its own code, which Aisle does not run",
        "transformers itself knows",
    ),
    "other weights": (
        lambda folder: change(folder / "config.json", model_type="mpnet", hidden_size=32, vocab_size=200),
        "have no tensor|cannot be loaded",
        "",
    ),
    "more layers": (
        lambda folder: change(folder / "config.json", n_layers=2),
        r"have no tensor 'transformer\.layer\.1",
        "",
    ),
    "fewer layers": (
        lambda folder: change(folder / "config.json", n_layers=0),
        r"takes the tensor '.*transformer\.layer\.0",
        "",
    ),
    "damaged weights": (_damaged, "cannot be loaded", "complete model folder"),
    "no tokenizer": (
        lambda folder: (folder / "tokenizer.json").unlink(),
        "has no tokenizer.json",
        "save_pretrained",
    ),
    "another tokenizer": (_other_tokenizer, "the tokenizer has .* tokens, the model .* word vectors", ""),
    "another module": (
        lambda folder: modules("Pooling", "WordWeights", folder=folder),
        "a module of the kind WordWeights",
        "",
    ),
    "own module": (
        lambda folder: modules("Pooling", "mine.Normalize", folder=folder),
        r"a module of the kind mine\.Normalize",
        "",
    ),
    "own activation": (_own_activation, "an activation that is not torch's own", ""),
    "prompt not pooled": (
        lambda folder: change(folder / "1_Pooling" / "config.json", include_prompt=False),
        "leaves the prompt out",
        "",
    ),
    "module elsewhere": (
        lambda folder: change_module_path(folder, "../1_Pooling"),
        "outside the folder",
        "",
    ),
    "modules broken": (lambda folder: (folder / "modules.json").write_text("{"), "cannot be read", ""),
}


def change_module_path(folder: Path, path: str) -> None:
    kind = "sentence_transformers.models"
    listed = [{"idx": 0, "path": "", "type": f"{kind}.Transformer"}]
    write(folder / "modules.json", [*listed, {"idx": 1, "path": path, "type": f"{kind}.Pooling"}])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder("distilbert", tmp_path_factory.mktemp("sound") / "model")


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exported_is_refused(case: str, sound: Path, tmp_path: Path) -> None:
    spoil, message, fix = REFUSED[case]
    model = tmp_path / "model"
    shutil.copytree(sound, model)
    spoil(model)
    store = ArtifactStore(tmp_path / "store")
    with pytest.raises(InputError, match=message) as caught:
        export(DenseExport(str(model)), store)
    assert fix in caught.value.fix
    assert "\n" not in caught.value.message
    assert not store.home.exists() or not any(store.home.rglob("*"))
