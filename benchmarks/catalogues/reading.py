"""One reading of one file in a process of its own, so that its memory is its own.

python -m benchmarks.catalogues.reading items FILE
"""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.tables import open_table
from aisle.errors import InputError
from benchmarks.harness.parts import MB, PeakMemory
from benchmarks.harness.result_file import ROOT

ROWS: Final = "rows"
ITEMS: Final = "items"
DICT_READER: Final = "csv.DictReader"


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file took.

    Attributes:
        count: of what was read.
        seconds: from opening it to its end.
        above_mb: peak memory above that of the process before, in MB (10^6 bytes).
        baseline_mb: memory of the process before.
    """

    count: int
    seconds: float
    above_mb: float
    baseline_mb: float

    @property
    def per_s(self) -> float:
        """Rows or items a second."""
        return self.count / self.seconds


def _rows(path: Path) -> Iterable[object]:
    return open_table(path, ReadOptions()).rows(Rejects())


def _items(path: Path) -> Iterable[object]:
    return read_catalogue(path)


def _dict_reader(path: Path) -> Iterable[object]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


WAYS: Final[Mapping[str, Callable[[Path], Iterable[object]]]] = {
    ROWS: _rows,
    ITEMS: _items,
    DICT_READER: _dict_reader,
}


def measure(way: str, path: Path) -> Reading:
    """Read a file to its end in this process."""
    with PeakMemory() as memory:
        started = time.perf_counter()
        count = sum(1 for _ in WAYS[way](path))
        seconds = time.perf_counter() - started
    return Reading(count, seconds, memory.above_mb, memory.baseline / MB)


def measure_apart(way: str, path: Path) -> Reading:
    """The same in a new process.

    Raises:
        InputError: the file could not be read there.
    """
    command = [sys.executable, "-m", "benchmarks.catalogues.reading", way, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise InputError(f"{path.name} was not read as {way} ({' '.join(last)[:200]})", fix="read it alone")
    return Reading(**orjson.loads(done.stdout))


if __name__ == "__main__":
    sys.stdout.write(orjson.dumps(asdict(measure(sys.argv[1], Path(sys.argv[2])))).decode())
