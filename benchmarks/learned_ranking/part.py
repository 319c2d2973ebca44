"""Three quarters of the train queries of homedepot, drawn by hash: legs learn from them, the rest is new."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aisle.evaluation import read_judged_set
from aisle.evaluation.qrels import write_qrels
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset
from benchmarks.learned_ranking.setup import HOME

APART: Final = 64
"""Of 256 values that the first byte of a hash can have: those whose queries are kept apart."""


def taught(query: str) -> bool:
    """Whether legs learn from the query of this id. Pure."""
    return sha256(query.encode()).digest()[0] >= APART


def write_part(folder: Path) -> None:
    """Write it as a BEIR folder, whole or not at all.

    The catalogue and the queries are links to homedepot's, dev is whole.

    Args:
        folder: a new one.
    """
    home = dataset(HOME)
    qrels = {split: read_judged_set(home, split).qrels for split in ("train", "dev")}
    kept = {query: grades for query, grades in qrels["train"].items() if taught(query)}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        (made / "qrels").mkdir(parents=True)
        for path in home.iterdir():
            if path.is_file():
                (made / path.name).symlink_to(path.resolve())
        for split, judged in (("train", kept), ("dev", qrels["dev"])):
            write_qrels(judged, made / "qrels" / f"{split}.tsv")
        made.rename(folder)
    say(f"{len(kept):,} of {len(qrels['train']):,} queries of train are in {folder}")
