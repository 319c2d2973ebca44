"""What an export writes is, byte for byte, what commit 8376a69 wrote of the same weights.

``exported_by_8376a69.json`` was made by that commit. Left out is what a CPU decides (recorded vectors and
scores, and graphs with scales calibrated on it) and what names a moment (date, commit). Loading, at the end,
replays the self-test, so recorded outputs are held to the graph all the same.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from aisle.encoder import ArtifactStore, load_model
from aisle.encoder.cpu import InstructionSet
from aisle.encoder.export.cross_encoder import export_reranker
from aisle.encoder.export.dense import export
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.precision import Fp32
from aisle.encoder.export.sparse import export_sparse
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
    store = ArtifactStore(folder / "store")
    vnni = InstructionSet.VNNI

    def options(weights: Path, **more: Any) -> ExportOptions:
        return ExportOptions(model=str(weights), name=name, measure=False, **more)

    match name:
        case "dense":
            path = export(options(fixed_dense(folder / "dense"), cpu=vnni), store).path
        case "dense-avx2-8":
            seven_bits = options(
                fixed_dense(folder / "dense"), cpu=InstructionSet.AVX2, dims=8, widths=(16, 8, 4)
            )
            path = export(seven_bits, store).path
        case "dense-fp32":
            path = export(options(fixed_dense(folder / "dense"), precision=Fp32()), store).path
        case "sparse":
            path = export_sparse(options(fixed_sparse(folder / "sparse"), cpu=vnni), store).path
        case "sparse-mlm":
            masked = fixed_sparse(folder / "mlm", looked_up=False)
            path = export_sparse(options(masked, cpu=vnni), store).path
        case "sparse-fp32":
            masked = fixed_sparse(folder / "mlm", looked_up=False)
            path = export_sparse(options(masked, precision=Fp32()), store).path
        case "reranker":
            mean = fixed_reranker(folder / "mean", classifier=False)
            path = export_reranker(options(mean, cpu=vnni), store).path
        case "reranker-cls":
            first = fixed_reranker(folder / "cls", classifier=True)
            path = export_reranker(options(first, cpu=vnni), store).path
        case _:
            mean = fixed_reranker(folder / "mean", classifier=False)
            path = export_reranker(options(mean, precision=Fp32(), max_length=20), store).path
    return path


@pytest.mark.parametrize("name", EXPECTED)
def test_an_export_writes_what_8376a69_wrote(name: str, tmp_path: Path) -> None:
    folder = exported(name, tmp_path)
    found, expected = facts(folder), EXPECTED[name]
    # As JSON: the order of keys is part of the bytes.
    for part in expected:
        assert orjson.dumps(found[part]).decode() == orjson.dumps(expected[part]).decode(), part
    assert load_model(folder, ArtifactStore(tmp_path)).artifact.manifest.name == name
