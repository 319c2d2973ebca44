"""What an export writes is, byte for byte, what commit 8376a69 wrote of the same weights.

``exported_by_8376a69.json`` was made by that commit. Left out is what a CPU decides (recorded vectors and
scores, and graphs with scales calibrated on it) and what names a moment (date, commit). Loading, at the end,
replays the self-test, so recorded outputs are held to the graph all the same.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from aisle._artifacts import is_current
from aisle.encoder import ArtifactStore, load_model
from aisle.encoder.artifact import read_manifest
from aisle.encoder.cpu import InstructionSet
from aisle.encoder.export import DenseExport, Fp32, RerankerExport, SparseExport, export
from aisle.encoder.text import TEXT_VERSION
from tests.support.fixed_models import fixed_dense, fixed_reranker, fixed_sparse

EXPECTED: dict[str, Any] = orjson.loads(
    (Path(__file__).parents[1] / "data" / "exported_by_8376a69.json").read_bytes()
)
_OF_THE_MOMENT = ("created", "git_commit", "files")
# The card has told a Python line that works since all packages moved into `aisle`.
_IMPORT = ("from aisle.encoder import", "from encoder import")


def facts(folder: Path) -> dict[str, Any]:
    """All of an artifact that neither its CPU nor its moment decides."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    card = re.sub(r"\| made \|.*\n", "", (folder / "README.md").read_text()).replace(*_IMPORT)
    # Texts have been made another way since: the manifest says so, and its fingerprint.
    now = read_manifest(folder)
    then = now.model_copy(update={"text_version": "1"})
    card = card.replace(now.fingerprint, then.fingerprint)
    with np.load(folder / "golden.npz") as golden:
        recorded = {name: hashlib.sha256(golden[name].tobytes()).hexdigest() for name in golden.files}
    for outputs in ("vectors", "scores"):
        recorded |= {outputs: "of the CPU"} if outputs in recorded else {}
    return {
        "manifest": {name: value for name, value in manifest.items() if name not in _OF_THE_MOMENT},
        "files": {
            name: digest
            for name, digest in manifest["files"].items()
            if name not in ("golden.npz", "README.md")
        },
        "card": hashlib.sha256(card.encode()).hexdigest(),
        "recorded": list(recorded.items()),
    }


def exported(name: str, folder: Path) -> Path:
    """The artifact of one case."""
    store, vnni = ArtifactStore(folder / "store"), InstructionSet.VNNI
    kind, _, case = name.partition("-")
    if kind == "dense":
        dense = DenseExport(str(fixed_dense(folder / "dense")), name=name, cpu=vnni)
        if case == "avx2-8":
            dense = replace(dense, cpu=InstructionSet.AVX2, dims=8, widths=(16, 8, 4))
        return export(replace(dense, precision=Fp32()) if case == "fp32" else dense, store).path
    if kind == "sparse":
        weights = folder / ("mlm" if case else "sparse")
        sparse = SparseExport(str(fixed_sparse(weights, looked_up=not case)), name=name, cpu=vnni)
        return export(replace(sparse, precision=Fp32()) if case == "fp32" else sparse, store).path
    weights = folder / ("cls" if case == "cls" else "mean")
    pairs = RerankerExport(str(fixed_reranker(weights, classifier=case == "cls")), name=name, cpu=vnni)
    return export(replace(pairs, precision=Fp32(), max_length=20) if case == "fp32" else pairs, store).path


@pytest.mark.parametrize("name", EXPECTED)
def test_an_export_writes_what_8376a69_wrote(name: str, tmp_path: Path) -> None:
    folder = exported(name, tmp_path)
    found, expected = facts(folder), EXPECTED[name]
    expected = {**expected, "manifest": {**expected["manifest"], "text_version": TEXT_VERSION}}
    # As JSON: the order of keys is part of the bytes.
    for part in expected:
        assert orjson.dumps(found[part]).decode() == orjson.dumps(expected[part]).decode(), part
    assert load_model(folder, ArtifactStore(tmp_path)).artifact.manifest.name == name
    assert is_current(ArtifactStore(tmp_path), str(folder))
