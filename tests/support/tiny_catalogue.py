"""A made-up catalogue to train a tiny model on: products and questions share no word."""

from __future__ import annotations

import random
from pathlib import Path

import orjson

from aisle.training.data.training_set import Pair, PairSource, TrainingSet, training_set

KINDS = 20
MARKS = 10


def item_words() -> list[str]:
    """Every word of an item."""
    return [f"kind{'abcdefghijklmnopqrst'[n]}" for n in range(KINDS)] + [
        f"mark{'abcdefghij'[n]}" for n in range(MARKS)
    ]


def query_words() -> list[str]:
    """What customers say instead, word for word."""
    return [word.replace("kind", "thing").replace("mark", "style") for word in item_words()]


def catalogue() -> dict[str, str]:
    """200 items: one of 20 kinds in one of 10 marks, and filling of other lengths."""
    words, draw = item_words(), random.Random(5)
    return {
        f"i{kind}-{mark}": " ".join(["the"] * draw.randrange(1, 5) + [words[kind], words[KINDS + mark]])
        for kind in range(KINDS)
        for mark in range(MARKS)
    }


def pairs() -> list[Pair]:
    """One question for each item (grade 2), and the same kind in the next mark as a grade of 1."""
    said = query_words()
    found = []
    for kind in range(KINDS):
        for mark in range(MARKS):
            query = f"{said[kind]} {said[KINDS + mark]}"
            for item, grade in ((mark, 2), ((mark + 1) % MARKS, 1)):
                found.append(Pair(f"q{kind}-{mark}", query, f"i{kind}-{item}", grade, PairSource.JUDGMENTS))
    return found


def split(held_out: bool) -> list[Pair]:
    """Every fifth question is held out: of kinds and marks that the others teach, in other combinations."""
    return [pair for pair in pairs() if (sum(map(int, pair.query_id[1:].split("-"))) % 5 == 0) is held_out]


def tiny_training_set() -> TrainingSet:
    """160 questions about 200 items."""
    return training_set(split(held_out=False), catalogue())


def write_beir(folder: Path) -> Path:
    """The same as a BEIR folder with the splits ``train`` and ``dev``."""
    (folder / "qrels").mkdir(parents=True)
    items = [{"_id": item, "title": text, "text": ""} for item, text in catalogue().items()]
    (folder / "corpus.jsonl").write_bytes(b"\n".join(map(orjson.dumps, items)))
    texts = {pair.query_id: pair.query for pair in pairs()}
    queries = [{"_id": query, "text": text} for query, text in texts.items()]
    (folder / "queries.jsonl").write_bytes(b"\n".join(map(orjson.dumps, queries)))
    for name, held_out in (("train", False), ("dev", True)):
        rows = [f"{pair.query_id}\t{pair.item_id}\t{pair.grade}" for pair in split(held_out)]
        (folder / "qrels" / f"{name}.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    return folder
