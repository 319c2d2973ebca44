"""Files within files: a zip archive with one in it, compressed ones; and files that are no catalogue."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final

from aisle._files import open_bytes
from aisle._printable import shortened
from aisle.errors import InputError

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_XZ: Final = b"\xfd7zXZ\0"
# What is not text, and so cannot be read from a stream.
_BINARY: Final = (b"PAR1", *_ZIP, _GZIP, _XZ)

_CHUNK: Final = 1 << 20
_HEAD_BYTES: Final = 1_024
# Deflate makes a thousandth of nothing but zeros; no catalogue shrinks to so little.
_MAX_RATIO: Final = 250
_RATIO_FROM: Final = 64 * 1024 * 1024

_JUNK: Final = frozenset(("thumbs.db", "desktop.ini"))
_LISTED: Final = 8

_UNPACK: Final = "unpack it, and name the file in it"
_EXPORT: Final = "export the catalogue as CSV, XLSX, JSON, XML or Parquet"
_OTHERS: Final = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it: unzstd FILE"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "unpack it: unlz4 FILE"),
    (b"\x1f\x9d", "compressed with compress", "unpack it: uncompress FILE"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel file (.xls), or one with a password",
        "save it as XLSX or CSV, without a password",
    ),
    (b"%PDF", "a PDF", _EXPORT),
    (b"{\\rtf", "a text document (RTF)", _EXPORT),
    (b"SQLite format 3\0", "a database", _EXPORT),
    (b"PGDMP", "a database dump", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"ARROW1", "an Arrow file", "write it as Parquet"),
    (b"\x89PNG", "a picture", _EXPORT),
    (b"\xff\xd8\xff", "a picture", _EXPORT),
    (b"GIF8", "a picture", _EXPORT),
)
_TAR: Final = slice(257, 262)
_SQL: Final = re.compile(
    rb"\s*(?:-- (?:MySQL|MariaDB|phpMyAdmin|PostgreSQL|Adminer|SQLite)|--\s*\r?\n-- PostgreSQL"
    rb"|(?:CREATE TABLE|INSERT INTO|DROP TABLE)\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Packed:
    """A file that is in another one.

    Attributes:
        path: of the other one.
        kind: of that: a key of the openers below.
        name: of the file in it; empty if it has none.
    """

    path: Path
    kind: str
    name: str = ""


def packed_in(path: Path, *, streamed: bool) -> Packed | None:
    """What is packed in a file, if it must be unpacked before it can be read.

    Args:
        path: of the file.
        streamed: whether text in gzip is left as it is, and read from there.

    Raises:
        InputError: it is an archive of several files, or of none, or one with a password; or a kind of file
            that is no catalogue.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        # Who reads it says what is wrong.
        return None
    if head.startswith(_ZIP):
        return _in_zip(path)
    if head.startswith(_XZ) or _BZIP2.match(head):
        return Packed(path, "xz" if head.startswith(_XZ) else "bzip2", path.stem)
    if head.startswith(_GZIP):
        with _unharmed(path), gzip.open(path) as inner:
            try:
                head = inner.read(_HEAD_BYTES)
            except EOFError:
                # Who reads it says how far it goes.
                return None
        if not streamed or head.startswith(_BINARY) or _BZIP2.match(head):
            return Packed(path, "gzip", path.name.removesuffix(".gz"))
    _refuse(path, head)
    return None


def unpack(packed: Packed, into: BinaryIO, max_bytes: int) -> None:
    """Write what is packed to a file.

    Raises:
        InputError: it is damaged, or expands to more than that or to very much more than it was.
    """
    size, most = 0, packed.path.stat().st_size * _MAX_RATIO
    with _unharmed(packed.path), _opened(packed) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > max_bytes or size > max(most, _RATIO_FROM):
                raise InputError(
                    f"{packed.path} expands to over {size - len(chunk):,} bytes",
                    fix=_UNPACK,
                )
            write_whole(into, chunk)


def write_whole(into: BinaryIO, chunk: bytes) -> None:
    """Write to a temporary file. Raises InputError if there is no room."""
    try:
        into.write(chunk)
    except OSError as error:
        raise InputError(
            f"cannot write a temporary file: {error.strerror}",
            fix="free space there, or set TMPDIR to a folder that has it",
        ) from None


@contextmanager
def _opened(packed: Packed) -> Iterator[IO[bytes]]:
    match packed.kind:
        case "zip":
            with zipfile.ZipFile(packed.path) as archive, archive.open(packed.name) as file:
                yield file
        case "gzip":
            with open_bytes(packed.path) as file:
                yield file
        case "bzip2":
            with bz2.open(packed.path) as file:
                yield file
        case _:
            with lzma.open(packed.path) as file:
                yield file


@contextmanager
def _unharmed(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        reason = shortened(str(error), 100) or type(error).__name__
        raise InputError(
            f"{path} is not a whole archive ({reason})", fix="copy or download it again"
        ) from None
    except NotImplementedError:
        raise InputError(f"{path} is compressed in a way that is not known here", fix=_UNPACK) from None


def _in_zip(path: Path) -> Packed | None:
    with _unharmed(path), zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            return None
        _refuse_documents(path, names)
        files = [one for one in archive.infolist() if not one.is_dir() and not _is_junk(one.filename)]
        if len(files) != 1:
            listed = ", ".join(shortened(one.filename, 60) for one in files[:_LISTED])
            more = f" and {len(files) - _LISTED:,} more" if len(files) > _LISTED else ""
            raise InputError(
                f"{path} holds {len(files):,} files: {listed}{more}" if files else f"{path} holds no file",
                fix=_UNPACK if files else "check what was packed",
            )
        (file,) = files
        if file.flag_bits & 1:
            raise InputError(f"{path} has a password", fix=_UNPACK)
        return Packed(path, "zip", file.filename)


def _refuse_documents(path: Path, names: set[str]) -> None:
    kinds = (
        (
            "an OpenDocument file (.ods)",
            "save it as XLSX or CSV",
            "content.xml" in names and "mimetype" in names,
        ),
        ("a Numbers file", "export it as XLSX or CSV", any(name.endswith(".iwa") for name in names)),
        ("a binary Excel file (.xlsb)", "save it as XLSX or CSV", "xl/workbook.bin" in names),
        ("a Word document", _EXPORT, "word/document.xml" in names),
    )
    for what, fix, is_one in kinds:
        if is_one:
            raise InputError(f"{path} is {what}", fix=fix)


def _is_junk(name: str) -> bool:
    """Whether it is what systems leave in archives."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return not parts or "__MACOSX" in parts or parts[-1].startswith(".") or parts[-1].lower() in _JUNK


def _refuse(path: Path, head: bytes) -> None:
    if head[_TAR] == b"ustar":
        raise InputError(f"{path} is a tar archive", fix=_UNPACK)
    for mark, what, fix in _OTHERS:
        if head.startswith(mark):
            raise InputError(f"{path} is {what}", fix=fix)
    if _SQL.match(head):
        raise InputError(f"{path} is a database dump (SQL)", fix=_EXPORT)
