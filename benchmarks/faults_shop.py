"""The catalogue of the fault trials, good rows and bad ones, and the command that indexes it."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from aisle.errors import IndexingFailed
from tests.support.command import start

TIMEOUT_S: Final = 900.0
_WORDS: Final = ("red", "blue", "oak", "steel", "drill", "lamp", "chair", "hose", "mower", "paint", "brush")
_BAD_ROWS: Final = (
    b"not JSON at all",
    b'{"title": "no id"}',
    b'{"_id": "no-title"}',
    b'["a", "list"]',
    b'{"_id": "0", "title": "an id that was there"}',
)


@dataclass(frozen=True, slots=True)
class Shop:
    """Attributes:
    folder: holds the catalogue, the dead letters and the ledgers.
    good: rows that must be in the index, ids "0", "1", ...
    bad: rows that must be dead letters.
    """

    folder: Path
    good: int
    bad: int

    @property
    def catalogue(self) -> Path:
        return self.folder / "shop.jsonl"

    @property
    def ids(self) -> Set[str]:
        return {str(number) for number in range(self.good)}

    def dead_letters(self, name: str) -> list[int]:
        """Line numbers in the dead letters file of ``name``; empty if there is none."""
        path = self.folder / f"{name}-dead-letters.jsonl"
        if not path.is_file():
            return []
        return [orjson.loads(line)["line"] for line in path.read_bytes().splitlines()]

    def begin(self, url: str, name: str, *options: str) -> subprocess.Popen[str]:
        """Start ``aisle index``, words alone: what is lost or doubled does not depend on vectors."""
        return start(
            *("index", str(self.catalogue), "--name", name, "--encoder", "none", "--json", *options),
            cwd=self.folder,
            env={"AISLE_URL": url, "AISLE_HOME": str(self.folder / "home")},
        )


def write_shop(folder: Path, good: int, bad: int, seed: int) -> Shop:
    """Write the catalogue; its bad rows lie anywhere but before the first good one."""
    choose = random.Random(seed)
    shop = Shop(folder, good, bad)
    before = sorted(choose.choices(range(1, good), k=bad))
    with shop.catalogue.open("wb") as file:
        for number in range(good):
            while before and before[0] == number:
                before.pop(0)
                file.write(choose.choice(_BAD_ROWS) + b"\n")
            text = " ".join(choose.choices(_WORDS, k=80))
            file.write(orjson.dumps({"_id": str(number), "title": f"thing {number}", "text": text}) + b"\n")
    return shop


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the command: its exit status, and what it said on standard error."""
    try:
        _, said = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    return process.returncode, said


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a command that has to succeed.

    Raises:
        IndexingFailed: it did not; with its own words.
    """
    code, said = ended(process)
    if code:
        last = " ".join(said.split())[-500:]
        raise IndexingFailed(f"aisle index ended with {code}: {last}", fix="that is the fault to look for")
