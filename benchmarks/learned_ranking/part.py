"""Three quarters of the train queries of homedepot, drawn by hash: legs learn from them, the rest is new."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import typer

from aisle.errors import InputError
from aisle.evaluation import read_judged_set
from aisle.evaluation.qrels import write_qrels
from benchmarks.harness.command_line import run_command, say
from benchmarks.harness.parts import dataset
from benchmarks.learned_ranking.setup import HOME

APART: Final = 64
"""Of 256 values that the first byte of a hash can have: those whose queries are kept apart."""


def taught(query: str) -> bool:
    """Whether legs learn from the query of this id. Pure."""
    return sha256(query.encode()).digest()[0] >= APART


def part(folder: Annotated[Path, typer.Argument(help="New BEIR folder.")]) -> None:
    """Write it: the catalogue and the queries are links to homedepot's, dev is whole.

    Examples:

        python -m benchmarks.learned_ranking.part taught
    """
    home = dataset(HOME)
    if folder.exists():
        raise InputError(f"{folder} is there already", fix="name a new folder")
    qrels = {split: read_judged_set(home, split).qrels for split in ("train", "dev")}
    (folder / "qrels").mkdir(parents=True)
    for path in home.iterdir():
        if path.is_file():
            (folder / path.name).symlink_to(path.resolve())
    kept = {query: grades for query, grades in qrels["train"].items() if taught(query)}
    for split, judged in (("train", kept), ("dev", qrels["dev"])):
        write_qrels(judged, folder / "qrels" / f"{split}.tsv")
    say(f"{len(kept):,} of {len(qrels['train']):,} queries of train are in {folder}")


if __name__ == "__main__":
    run_command(part)
