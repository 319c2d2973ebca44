"""The model card, and the settings of a training run."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from aisle.cli.encoder import show
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import DenseExport, export
from aisle.encoder.export.card import model_card
from aisle.errors import ArtifactCorrupt
from tests.support.encoder_artifact import minilm

SETTINGS = {
    "query_hashes": ["0123456789ab", "ba9876543210"],
    "epochs": 2,
    "loss": {"name": "mnrl", "scale": 20.0},
    "note": "a | b\nc",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = ArtifactStore(tmp_path_factory.mktemp("store"))
    return export(DenseExport(training=SETTINGS, data_hash="ab" * 32), store).path


def test_a_card_tells_what_the_manifest_tells(trained: Path) -> None:
    manifest = DenseEncoder.load(trained).manifest
    card = (trained / "README.md").read_text()
    assert card == model_card(manifest.model_copy(update={"files": without_card(manifest.files)}))
    facts = (manifest.fingerprint, "ab" * 32, manifest.base_model, "of 384 values", "Nothing recorded")
    assert [fact for fact in facts if fact not in card] == []
    assert "| epochs | 2 |" in card
    # What is for the gate alone is counted, not shown.
    assert "| query_hashes | 2 |" in card and "0123456789ab" not in card
    assert "| loss.scale | 20.0 |" in card
    assert r"| note | a \| b c |" in card


def test_measured_figures_are_in_the_card(trained: Path) -> None:
    manifest = DenseEncoder.load(trained).manifest
    card = model_card(manifest.model_copy(update={"metrics": {"ndcg": 0.4321, "other": 2.0}}))
    assert "| nDCG@10 on the judged set | 0.4321 |" in card
    assert "| other | 2 |" in card


def test_settings_of_training_leave_the_fingerprint_and_the_card_is_guarded(trained: Path) -> None:
    plain = DenseEncoder.load(minilm())
    assert plain.manifest.training == {}
    encoder = DenseEncoder.load(trained)
    assert encoder.manifest.training == SETTINGS
    hashed = encoder.manifest.model_copy(update={"data_hash": ""})
    assert hashed.fingerprint == plain.fingerprint != encoder.fingerprint
    (trained / "README.md").write_text("better than it is")
    with pytest.raises(ArtifactCorrupt, match=r"README\.md was changed"):
        DenseEncoder.load(trained)


def test_show_prints_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export(DenseExport(training=SETTINGS), ArtifactStore(tmp_path)).path
    monkeypatch.setenv("COLUMNS", "200")
    show(str(path))
    rows = [line.split(None, 1) for line in capsys.readouterr().out.splitlines()]
    assert ["training.epochs", "2"] in [[cell.strip() for cell in row] for row in rows]
    show(str(path), as_json=True)
    assert orjson.loads(capsys.readouterr().out)["training"] == SETTINGS


def without_card(files: object) -> dict[str, str]:
    assert isinstance(files, dict)
    return {name: digest for name, digest in files.items() if name != "README.md"}
