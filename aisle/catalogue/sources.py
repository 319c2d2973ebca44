"""Where a catalogue comes from: a file, a folder, a pipe, the web, the hub; unpacked if need be."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from aisle._printable import printable
from aisle.catalogue.archives import packed_in, unpack, write_whole
from aisle.catalogue.fetch import FetchLimits, fetch, is_url, shown
from aisle.catalogue.formats.hub import PREFIX, hub_file, split_address
from aisle.catalogue.options import ReadOptions
from aisle.errors import InputError

STANDARD_INPUT: Final = "-"
_FILES: Final = (
    "corpus.jsonl",
    "corpus.jsonl.gz",
    "corpus.parquet",
    "shopping_queries_dataset_products.parquet",
    "shopping_queries_dataset_products.csv",
)
_CHUNK: Final = 1 << 20
_MAX_LAYERS: Final = 3
_NO_NAME: Final = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Source:
    """A file to read, there as long as this object is.

    Attributes:
        path: of the file; what was fetched or unpacked lies in a temporary folder.
        name: for people; neither a temporary path nor a password.
        folder: the temporary one; None for a file that was there.
    """

    path: Path
    name: str
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.folder:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors within speak of the source by its name."""
        try:
            yield
        except InputError as error:
            if self.folder is None:
                raise
            message = error.message.replace(str(self.path), self.name)
            raise InputError(message, fix=error.fix.replace(str(self.path), self.name)) from None


def source_name(address: str | Path) -> str:
    """The address for messages and reports: of a URL no password, of a file its name."""
    if isinstance(address, str):
        if address == STANDARD_INPUT:
            return "standard input"
        if is_url(address):
            return shown(address)
        if address.startswith(PREFIX):
            return address
    return Path(address).name or str(address)


def open_source(address: str | Path, options: ReadOptions) -> Source:
    """Bring a catalogue here, as one file that can be read more than once.

    Args:
        address: a file, a folder in the form of BEIR or ESCI, a named pipe, ``-`` for standard input, an
            address on the web, or ``hub:OWNER/NAME/FILE``.
        options: what may be fetched.

    Raises:
        InputError: no such file; it cannot be fetched or unpacked, or is larger than the limit; a kind of
            file that is no catalogue.
        MissingExtra: the hub without its extra.
    """
    name = source_name(address)
    if isinstance(address, str) and is_url(address):
        limits = FetchLimits(options.max_bytes, allow_private=options.allow_private)
        file_name = shown(address).rpartition("/")[2]
        with _spooled(name, file_name) as (source, file):
            fetch(address, file, limits)
    elif isinstance(address, str) and address == STANDARD_INPUT:
        if sys.stdin.isatty():
            raise InputError("standard input is a terminal", fix="pipe a catalogue into it, or name a file")
        with _spooled(name, "") as (source, file):
            _copy(sys.stdin.buffer, file)
    else:
        path = local_file(address)
        if path.exists() and not path.is_file() and not path.is_dir():
            with _spooled(name, path.name) as (source, file), path.open("rb") as pipe:
                _copy(pipe, file)
        else:
            source = Source(path, path.name)
    return _unpacked(source, options.max_bytes)


def local_file(address: str | Path) -> Path:
    """The file at an address that is on this machine or on the hub.

    Raises:
        InputError: a folder without a catalogue (lists what it holds), or no such file on the hub.
        MissingExtra: the hub without its extra.
    """
    if isinstance(address, str) and address.startswith(PREFIX):
        return hub_file(*split_address(address))
    return catalogue_file(Path(address))


def catalogue_file(path: Path) -> Path:
    """``path`` itself, or the catalogue in that folder (BEIR's or ESCI's file names).

    Raises:
        InputError: a folder without such a file (lists what it holds).
    """
    if not path.is_dir():
        return path
    for name in _FILES:
        if (path / name).is_file():
            return path / name
    held = sorted(entry.name for entry in path.iterdir())[:10]
    raise InputError(
        f"{path} holds no corpus.jsonl (found: {', '.join(held) or 'nothing'})",
        fix="name the file of products itself",
    )


def has_fixed_content(address: str | Path) -> bool:
    """Whether a reader would find the same there again; also of a file that is not there, which readers tell.

    Raises:
        InputError, MissingExtra: as `open_source`.
    """
    file = fixed_file(address)
    return file is not None and (file.is_file() or not file.exists())


def fixed_file(address: str | Path) -> Path | None:
    """The file that holds all of a catalogue; None if there is none, as for the web or a whole data set."""
    if isinstance(address, str):
        if address == STANDARD_INPUT or is_url(address):
            return None
        if address.startswith(PREFIX) and not split_address(address)[1]:
            return None
    return local_file(address)


@contextmanager
def _spooled(name: str, file_name: str) -> Iterator[tuple[Source, BinaryIO]]:
    """A temporary file to be written, as a source."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="aisle-"))
    except OSError as error:
        raise InputError(f"cannot make a temporary folder: {error.strerror}", fix="set TMPDIR") from None
    # The ending may tell the format.
    path = folder / (_NO_NAME.sub("_", file_name).lstrip(".-")[-100:] or "catalogue")
    source = Source(path, name, folder)
    with path.open("wb") as file:
        yield source, file


def _copy(source: BinaryIO, file: BinaryIO) -> None:
    while chunk := source.read(_CHUNK):
        write_whole(file, chunk)


def _unpacked(source: Source, max_bytes: int) -> Source:
    for layer in range(_MAX_LAYERS + 1):
        with source.named():
            # Text of one's own is read from gzip as it is. Of what comes from elsewhere, the limit counts.
            packed = packed_in(source.path, streamed=source.folder is None)
            if packed is None:
                return source
            if layer == _MAX_LAYERS:
                break
            inner = PurePosixPath(packed.name).name
            name = f"{source.name} ({printable(inner)})" if packed.kind == "zip" else source.name
            with _spooled(name, inner) as (unpacked, file):
                unpack(packed, file, max_bytes)
            source = unpacked
    raise InputError(f"{source.name} is packed more than {_MAX_LAYERS} times", fix="unpack it first")
