"""Text rows of evaluation files, and the one way in which a bad row is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from records import InputError
from records.files import MAX_LINE_BYTES, numbered_lines


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (1-based number, text) of each line that is not blank. Raises InputError if it is not UTF-8."""
    for number, raw in numbered_lines(path):
        if len(raw) > MAX_LINE_BYTES:
            raise bad_row(path, number, f"the line is over {MAX_LINE_BYTES:,} bytes", "split it")
        try:
            yield number, raw.decode()
        except UnicodeDecodeError:
            raise bad_row(path, number, "it is not UTF-8", "convert it: iconv -t UTF-8") from None


def bad_row(path: Path, number: int, reason: str, fix: str) -> InputError:
    """An error that names the file, the line and the reason. Judgments are never skipped in silence."""
    return InputError(f"{path.name} line {number}: {reason}", fix=fix)
