"""The models that trained legs are measured with: one command trains them, and goes on where it stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

import aisle
from aisle.training.common.progress import ProgressLines
from benchmarks.harness.command_line import run_command, say
from benchmarks.harness.parts import dataset
from benchmarks.learned_ranking.part import write_part
from benchmarks.learned_ranking.setup import HOME

ENCODER: Final = "taught"
SPARSE: Final = "taught-sparse"


def artifacts(
    folder: Annotated[
        Path, typer.Argument(help="BEIR folder of what is learned; written if it is not there.")
    ],
) -> None:
    """Train the dense encoder *taught* and the sparse *taught-sparse* by three quarters of homedepot's train.

    Stopped at any time, the same command goes on: stages that are finished are not trained again.

    Examples:

        python -m benchmarks.learned_ranking.artifacts .work/taught
    """
    if not folder.exists():
        write_part(folder)
    with ProgressLines(sys.stdout) as progress:
        _, dense = aisle.train_encoder(
            data=folder,
            held_out=dataset(HOME),
            name=ENCODER,
            resume=True,
            measure=False,
            progress=progress,
        )
        say(f"encoder: {dense.path}")
        # Its titles were learned by the encoder that it begins with.
        _, sparse = aisle.train_sparse(
            folder,
            held_out=dataset(HOME),
            name=SPARSE,
            base=ENCODER,
            titles=0,
            resume=True,
            measure=False,
            progress=progress,
        )
        say(f"sparse encoder: {sparse.path}")


if __name__ == "__main__":
    run_command(artifacts)
