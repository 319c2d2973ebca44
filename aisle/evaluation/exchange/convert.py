"""From one tool's judgments to another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from aisle.errors import InputError
from aisle.evaluation.exchange.beir import Beir
from aisle.evaluation.exchange.judgments import Change, Changes, Judgments
from aisle.evaluation.exchange.lines import Ltr, Trec
from aisle.evaluation.exchange.quepid import QuepidCsv, QuepidJson
from aisle.evaluation.exchange.workbench import Workbench


class Format(StrEnum):
    """Where judgments come from or go to."""

    BEIR = "beir"
    TREC = "trec"
    LTR = "ltr"
    QUEPID_CSV = "quepid-csv"
    QUEPID_JSON = "quepid-json"
    SRW = "srw"


class _Exchange(Protocol):
    def recognises(self, path: Path) -> bool: ...

    def read(self, path: Path) -> Judgments: ...

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None: ...


@dataclass(frozen=True, slots=True)
class Converted:
    """What was read and written.

    Attributes:
        source, target: the formats.
        queries, judgments: how many were read.
        changes: what the target could not hold as it was.
    """

    source: Format
    target: Format
    queries: int
    judgments: int
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The formats, with what some of them need to know.

    Attributes:
        split: of BEIR folders.
        queries: file with the texts of queries, for TREC.
        name: of what the workbench gets; empty for that of the folder.
    """

    split: str = "dev"
    queries: Path | None = None
    name: str = ""

    def formats(self) -> Mapping[Format, _Exchange]:
        """Each of them, in the order in which a source is tried."""
        return {
            Format.BEIR: Beir(self.split),
            Format.SRW: Workbench(self.name),
            Format.QUEPID_JSON: QuepidJson(),
            Format.QUEPID_CSV: QuepidCsv(),
            Format.LTR: Ltr(),
            Format.TREC: Trec(self.queries),
        }

    def recognised(self, source: Path) -> Format:
        """The format of a file or folder, by what it holds. Raises InputError if it is none."""
        if not source.exists():
            raise InputError(f"no such file: {source}", fix="check the path")
        for name, form in self.formats().items():
            if form.recognises(source):
                return name
        raise InputError(
            f"cannot tell the format of {source.name}", fix=f"name it with --from: {', '.join(Format)}"
        )


def convert(
    source: Path,
    target: Path,
    to: Format,
    *,
    known_as: Format | None = None,
    exchange: Exchange | None = None,
) -> Converted:
    """Read judgments and write them for another tool.

    Args:
        source: file or folder.
        target: file or folder, which must not exist yet.
        to: format of the target.
        known_as: format of the source; told by its content if it is None.
        exchange: see there.

    Raises:
        InputError: the source cannot be read, the target exists, or nothing would be in it.
    """
    exchange = exchange or Exchange()
    if target.exists():
        raise InputError(f"{target} exists already", fix="name another file or folder, or remove it")
    formats, changes = exchange.formats(), Changes()
    known_as = known_as or exchange.recognised(source)
    judgments = formats[known_as].read(source)
    formats[to].write(judgments, target, changes)
    return Converted(known_as, to, len(judgments.queries), judgments.count, changes.found())
