"""The first step: what the others read is copied, so that it stays the same until they have ended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.fetch import is_url
from aisle.catalogue.sources import open_source
from aisle.encoder.artifact import sha256_of
from aisle.errors import InputError
from aisle.evaluation import read_judged_set
from aisle.pipeline.settings import CATALOGUE, JUDGED, PipelineSettings
from aisle.pipeline.work import WorkFolder, write_record


def source_files(address: str) -> tuple[Path, ...]:
    """The files of a source on this machine, in order; none of an address on the web."""
    return () if is_url(address) else tuple(sorted(_files(Path(address))))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for found in path.rglob("*"):
        hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
        if found.is_file() and not hidden:
            yield found


def copy_sources(settings: PipelineSettings, work: WorkFolder) -> dict[str, Any]:
    """Copy all sources, look into them, and write down their files with digests.

    The copy of an earlier run is replaced whole, or stays as it was.

    Returns:
        Source to the number of its files and bytes.

    Raises:
        InputError: one cannot be read or fetched, is changed meanwhile, or is no catalogue or judged set.
    """
    fresh, old = work.path / "data-new", work.path / "data-old"
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)
    reading = reading_of(settings.index)
    copied: dict[str, str] = {}
    for role, address in settings.sources.items():
        # A folder may be catalogue and judgments at once.
        if address not in copied:
            copied[address] = _copied(address, fresh / role, reading).relative_to(fresh).as_posix()
    read_catalogue(str(fresh / copied[settings.sources[CATALOGUE]]), reading)
    if JUDGED in settings.sources:
        for split in filter(None, (settings.split, settings.ranker_split)):
            read_judged_set(fresh / copied[settings.sources[JUDGED]], split)
    if work.data.exists():
        work.data.rename(old)
    fresh.rename(work.data)
    shutil.rmtree(old, ignore_errors=True)
    found = {}
    for role, address in settings.sources.items():
        path = work.data / copied[address]
        files = sorted(_files(path))
        place = path if path.is_dir() else path.parent
        write_record(
            work.source(role),
            {
                "path": str(path),
                "files": {file.relative_to(place).as_posix(): sha256_of(file) for file in files},
            },
        )
        found[role] = {"files": len(files), "bytes": sum(file.stat().st_size for file in files)}
    return found


def reading_of(index: Mapping[str, Any]) -> ReadOptions:
    """How a catalogue is read, of the options of `aisle.index`."""
    held: dict[str, Any] = {one.name: index[one.name] for one in fields(ReadOptions) if one.name in index}
    for name in ("facets", "no_facets"):
        held[name] = tuple(held.get(name, ()))
    return ReadOptions(**held)


def _copied(address: str, folder: Path, reading: ReadOptions) -> Path:
    folder.mkdir(parents=True)
    if is_url(address):
        fetched = open_source(address, reading)
        return Path(shutil.move(fetched.path, folder / fetched.path.name))
    source = Path(address)
    files = source_files(address)
    before = _state(files)
    for file in files:
        place = folder / (file.relative_to(source.parent))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, place)
    if _state(source_files(address)) != before:
        raise InputError(f"{source} was changed while it was read", fix="run again when it is written whole")
    return folder / source.name


def _state(files: Sequence[Path]) -> list[tuple[Path, int, int]]:
    try:
        return [(file, (found := file.stat()).st_mtime_ns, found.st_size) for file in files]
    except OSError as error:
        raise InputError(
            f"cannot read {error.filename}: {error.strerror}", fix="check that it may be read"
        ) from None
