"""Measures what a recommender without training is worth on a shop's own sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aisle._files import whole_file
from aisle._recommend import USUAL_ENCODER, encode_texts, find_files, read_data
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.evaluation.item_to_item.table import BasketTable
from aisle.evaluation.sequences.protocol import (
    ColdItems,
    EvaluationProtocol,
    LeaveLastOut,
    Phase,
    Seen,
    TimeSplit,
    split,
)
from aisle.evaluation.sequences.ranks import RankedTargets
from aisle.evaluation.sequences.table import ProtocolTable
from aisle.recommendation.choose import measure_baselines
from aisle.types import Say


@dataclass(frozen=True, slots=True)
class Measured:
    """A table of systems.

    Attributes:
        table: systems by metrics, under the protocol.
        read: what became of what was read, on one line.
    """

    table: ProtocolTable | BasketTable
    read: str

    def to_markdown(self) -> str:
        """The protocol, the table and what was chosen."""
        return f"{self.table.to_markdown()}\n{self.read}\n"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**self.table.to_json(), "read": self.read}

    def write(self, path: str | Path) -> None:
        """Write the JSON, whole or not at all."""
        with whole_file(Path(path)) as file:
            file.write(orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedSequences(Measured):
    """How good each system is on sequences, and what is behind that.

    Attributes:
        table: systems by metrics, under the protocol.
        read: what became of the events, on one line.
        ranked: system to the rank of every user's target.
    """

    table: ProtocolTable
    ranked: Mapping[str, RankedTargets]


def evaluate_sequences(
    data: str | Path,
    *,
    catalogue: str | Path | None = None,
    encoder: str | Path | None = USUAL_ENCODER,
    columns: Mapping[str, str] | None = None,
    by_time: bool = False,
    keep_seen: bool = False,
    refit: bool = False,
    cold: float = 0.0,
    ease: bool = True,
    seed: int = 0,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> EvaluatedSequences:
    """Measure popularity, texts, counts, item kNN, EASE and their blend on sequences, by one protocol.

    Settings are chosen on the validation, and the test is read once with them. Every target is ranked among
    all items.

    Example:
        >>> found = aisle.evaluate_sequences("shop-data")
        >>> found.table.systems["counts + text"]["R@10"]
        0.104

    Args:
        data: a folder of sequences or orders and a catalogue, or a file, as for `aisle.train_recommender`.
        catalogue: of the items; None: the folder's.
        encoder: artifact that reads the items' texts; None leaves those systems out.
        columns: "user", "item", "time" or "quantity" to the column of a table.
        by_time: cut all users at two moments, behind 80 and 90 % of the events; else a user's last item is
            the test's.
        keep_seen: items that the user had may come up again.
        refit: for the test, learn from the validation's items too.
        cold: share of the items that are held out of everything but the test's targets.
        ease: solve EASE too, which takes the most time.
        seed: of the draws.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: a file that cannot be read, or holds no event that can be used; an encoder without texts.
        EvaluationError: sequences that cannot be cut so.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
        MissingExtra: a format without its extra.
    """
    if not 0 <= cold < 1:
        raise InputError(f"{cold} is no share of the items", fix="use 0 to less than 1")
    say = progress or (lambda _: None)
    files = find_files(data, catalogue)
    known, read = read_data(files, columns, say)
    sequences = read.sequences
    cut = TimeSplit.by_shares(sequences) if by_time else LeaveLastOut()
    protocol = EvaluationProtocol(
        cut, Seen.KEPT if keep_seen else Seen.EXCLUDED, refit, ColdItems(cold, seed) if cold else None
    )
    encoded = encode_texts(known.texts if known else (), encoder, store or ArtifactStore.default(), say)
    texts = encoded.vectors if encoded else None
    dataset = dataset_name(data)
    table = None
    ranked = {}
    say("measuring")
    for outcome in measure_baselines(sequences, protocol, dataset, texts, with_ease=ease, seed=seed):
        row = outcome.ranked
        if table is None:
            table = ProtocolTable(dataset, protocol, row.phase, len(row.ranks), len(sequences.items))
        table = table.with_ranked(row, outcome.choice.words())
        ranked[row.system] = row
        say(f"measured {row.system}: N@10 {table.systems[row.system]['N@10']:.4f}")
    if table is None:
        raise InputError("no system fits these sequences", fix="give sequences of items")
    words = read.words()
    again = split(sequences, protocol, Phase.TEST).repeated
    if again and not keep_seen:
        words += f"; {again:,} of {table.users:,} users took what they had before: no system answers that"
        words += " unless seen items are kept (--keep-seen)"
    return EvaluatedSequences(table, words, ranked)


def dataset_name(data: str | Path) -> str:
    """What tables call the data."""
    return Path(data).resolve().name.partition(".")[0] or str(data)
