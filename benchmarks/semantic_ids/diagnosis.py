"""Draws what `aisle diagnose semantic-ids` draws for one data set, for the page of its figures.

The plot of latency is left out: it is another one with every run, and has a benchmark of its own.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aisle
from aisle._diagnose import REPORT
from aisle.encoder import ArtifactStore
from benchmarks.harness.command_line import run_command, say
from benchmarks.harness.parts import ENCODER, dataset, load_encoder
from benchmarks.semantic_ids.published import DATASET

SHOWN: Final = ("levels.png", "affinity.png", "coverage.png", "strata.png")
PLOTS: Final = Path(__file__).parent.parent.parent / "docs" / "images" / "semantic-ids"


def draw() -> None:
    """Train as a shop does, recommender and codes without a router, and diagnose; print the report.

    Examples:

        python -m benchmarks.semantic_ids.diagnosis
    """
    load_encoder()
    with TemporaryDirectory() as folder:
        store = ArtifactStore(Path(folder) / "artifacts")
        common: dict[str, Any] = {"name": DATASET, "store": store}
        encoder = ArtifactStore.default().resolve(ENCODER)
        aisle.train_recommender(dataset(DATASET), encoder=encoder, progress=say, **common)
        say("training codes")
        aisle.train_codes(dataset(DATASET), encoder=encoder, **common)
        report = Path(folder) / "report"
        aisle.diagnose_semantic_ids(dataset(DATASET), out=report, progress=say, **common)
        PLOTS.mkdir(parents=True, exist_ok=True)
        for plot in SHOWN:
            (PLOTS / plot).write_bytes((report / plot).read_bytes())
        print((report / REPORT).read_text())


if __name__ == "__main__":
    run_command(draw)
