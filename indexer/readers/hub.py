"""Data sets on the Hugging Face hub, streamed (extra ``train``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from indexer.readers.extras import optional
from indexer.readers.options import ReadOptions
from indexer.readers.rows import Row
from records import InputError

PREFIX = "hub:"
_BUILDERS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".parquet": "parquet"}


def hub_rows(address: str, options: ReadOptions) -> Iterator[Row]:
    """Yield the rows of ``hub:OWNER/NAME`` (config and split from the options), numbered from 1.

    ``hub:OWNER/NAME/PATH`` reads one file of the data set, for sets that have a loading script, which
    ``datasets`` 4 and later refuses to run: Amazon Reviews 2023 is
    ``hub:McAuley-Lab/Amazon-Reviews-2023/raw/meta_categories/meta_All_Beauty.jsonl``.

    Raises:
        MissingExtra: ``datasets`` is not installed.
        InputError: no such data set, or the hub cannot be reached.
    """
    datasets = optional("datasets", extra="train")
    try:
        for number, cells in enumerate(_stream(datasets, address, options), 1):
            yield Row(number, dict(cells))
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"cannot read {address} ({reason[:200]})",
            fix="check the name, the split and the network, or download the file and name it instead",
        ) from None


def _stream(datasets: Any, address: str, options: ReadOptions) -> Any:
    parts = PurePosixPath(address.removeprefix(PREFIX)).parts
    if len(parts) < 2:
        raise InputError(f"'{address}' names no data set", fix="write hub:OWNER/NAME or hub:OWNER/NAME/FILE")
    name, file = "/".join(parts[:2]), PurePosixPath(*parts[2:])
    if len(parts) == 2:
        return datasets.load_dataset(name, options.config or None, split=options.split, streaming=True)
    builder = _BUILDERS.get(PurePosixPath(file.name.removesuffix(".gz")).suffix)
    if builder is None:
        raise InputError(
            f"cannot read {file.name} from the hub", fix=f"name a file of {', '.join(_BUILDERS)}"
        )
    files = f"hf://datasets/{name}/{file}"
    return datasets.load_dataset(builder, data_files=files, split="train", streaming=True)
