"""Read text files line by line in constant memory; write files whole or not at all."""

from __future__ import annotations

import gzip
import os
import shlex
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

import orjson

from aisle.errors import InputError

MAX_LINE_BYTES = 16 * 1024 * 1024
_GZIP = b"\x1f\x8b"
# What a gzip stream that ends early or is damaged raises.
GZIP_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)
UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def open_bytes(path: Path) -> BinaryIO:
    """Open a plain or gzip file (told apart by content) for reading bytes.

    Raises:
        InputError: no such file, a folder, unreadable, or empty.
    """
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise InputError(f"no such file: {path}", fix="check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", fix="name a file in it") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", fix="check its permissions") from None
    start = raw.read(2)
    raw.seek(0)
    if not start:
        raw.close()
        raise InputError(f"{path} is empty", fix="name a file that holds rows")
    if start != _GZIP:
        return raw
    raw.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


MAX_SETTINGS_BYTES: Final = 1 << 20
"""Of a file that a person writes; a policy has two kilobytes."""


def read_settings_text(path: Path) -> str:
    """A small text that a person wrote, such as TOML; what is larger, or never ends, is not read.

    Raises:
        InputError: no such file, a folder, unreadable, over `MAX_SETTINGS_BYTES`, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SETTINGS_BYTES + 1)
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", fix="name a file in it") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", fix="check the path") from None
    if len(content) > MAX_SETTINGS_BYTES:
        raise InputError(
            f"{path} is over {MAX_SETTINGS_BYTES // 1024**2} MiB: it is no file of settings",
            fix="check the path",
        )
    try:
        return content.removeprefix(UTF8_BOM).decode()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8", fix="convert it: iconv -t UTF-8") from None


MAX_DOCUMENT_BYTES: Final = 256 << 20
"""Of a document that is read whole."""
_BLOCK: Final = 1 << 18


def blocks(path: Path, size: int = _BLOCK) -> Iterator[bytes]:
    """Yield the bytes of a plain or gzip file, at most ``size`` at a time.

    Raises:
        InputError: as ``open_bytes``; a gzip stream that ends early or is damaged.
    """
    with open_bytes(path) as file:
        try:
            while block := file.read(size):
                yield block
        except GZIP_ERRORS as error:
            raise breaks_off(path, "", error) from None


def whole_content(path: Path, most: int = MAX_DOCUMENT_BYTES) -> bytes:
    """The content of a plain or gzip file; what is larger, or never ends, is not read.

    Raises:
        InputError: as ``blocks``, or it is over ``most`` bytes.
    """
    content = bytearray()
    for block in blocks(path):
        content += block
        if len(content) > most:
            raise InputError(f"{path} is over {most / 1024**2:g} MiB", fix="check the path, or split it")
    return bytes(content)


def read_json(path: Path, most: int = MAX_DOCUMENT_BYTES) -> Any:
    """The JSON document in a plain or gzip file.

    Raises:
        InputError: as `whole_content`, or it is no JSON.
    """
    try:
        return orjson.loads(whole_content(path, most).removeprefix(UTF8_BOM))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path.name} is not JSON: {error}", fix="write or export it again") from None


def raw_lines(path: Path, max_bytes: int = MAX_LINE_BYTES) -> Iterator[tuple[int, bytes]]:
    """Yield (1-based number, bytes with the line end) of each line.

    A line over ``max_bytes`` is yielded cut to ``max_bytes + 1`` bytes: callers tell it by its length.

    Raises:
        InputError: as ``open_bytes``; a gzip stream that ends early or is damaged; a UTF-16 file.
    """
    number = 0
    with open_bytes(path) as file:
        try:
            while line := file.readline(max_bytes + 1):
                number += 1
                if len(line) > max_bytes and not line.endswith(b"\n"):
                    _skip_line(file)
                yield number, _without_bom(line, path) if number == 1 else line
        except GZIP_ERRORS as error:
            raise breaks_off(path, f"after line {number}", error) from None


def breaks_off(path: Path, where: str, error: Exception) -> InputError:
    """The error for one of ``GZIP_ERRORS``; ``where`` such as "after line 7", or empty."""
    return InputError(
        f"{path} is not whole: its gzip stream breaks off {where}".rstrip() + f" ({error})",
        fix=f"copy or download it again, and test it with: gzip -t {shlex.quote(path.name)}",
    )


def numbered_lines(path: Path, max_bytes: int = MAX_LINE_BYTES) -> Iterator[tuple[int, bytes]]:
    """The same without line ends and without blank lines; the numbers still count those."""
    for number, line in raw_lines(path, max_bytes):
        stripped = line.rstrip(b"\r\n")
        if stripped and not stripped.isspace():
            yield number, stripped


def _without_bom(line: bytes, path: Path) -> bytes:
    if line.startswith(_UTF16_BOMS):
        raise InputError(f"{path} is UTF-16", fix="convert it: iconv -f UTF-16 -t UTF-8")
    return line.removeprefix(UTF8_BOM)


def _skip_line(file: BinaryIO) -> None:
    while (part := file.readline(1 << 20)) and not part.endswith(b"\n"):
        pass


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write to a temporary neighbour that takes the name ``path`` only when the block ends well.

    Raises:
        InputError: the folder cannot be made or written, or ``path`` is a folder itself.
    """
    # Asked before the work whose result goes there, and not when it is to be kept.
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder", fix="name a file in it")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("wb")
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", fix="choose a folder that can be written"
        ) from None
    try:
        with file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
