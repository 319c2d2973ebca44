"""Data sets on the Hugging Face hub: whole sets streamed by ``datasets``, single files downloaded once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from aisle._environment import optional
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Rejects, Row
from aisle.errors import InputError

PREFIX = "hub:"


@dataclass(frozen=True, slots=True)
class DataSet:
    """The rows of the data set ``OWNER/NAME`` (config and split from the options), numbered from 1."""

    name: str
    options: ReadOptions
    format: str = "hub"
    details: str = ""

    def rows(self, rejects: Rejects) -> Iterator[Row]:  # noqa: ARG002 - no row of a data set is bad
        """Stream them.

        Raises:
            MissingExtra: ``datasets`` is not installed (extra ``train``).
            InputError: no such data set, or the hub cannot be reached.
        """
        datasets = optional("datasets", extra="train")
        options = self.options
        with _translated(self.name):
            rows = datasets.load_dataset(
                self.name, options.config or None, split=options.split, streaming=True
            )
            for number, cells in enumerate(rows, 1):
                yield Row(number, dict(cells))


def hub_file(name: str, file: str) -> Path:
    """Download one file of a data set, once. For sets with a loading script, which ``datasets`` does not run.

    Raises:
        MissingExtra: ``huggingface_hub`` is not installed (extra ``train``).
        InputError: no such file, or the hub cannot be reached.
    """
    hub = optional("huggingface_hub", extra="train")
    with _translated(f"{name}/{file}"):
        return Path(hub.hf_hub_download(name, file, repo_type="dataset"))


def split_address(address: str) -> tuple[str, str]:
    """``hub:OWNER/NAME[/FILE]`` as (OWNER/NAME, FILE or ""). Raises InputError if it is shorter."""
    parts = PurePosixPath(address.removeprefix(PREFIX)).parts
    if len(parts) < 2:
        raise InputError(f"'{address}' names no data set", fix="write hub:OWNER/NAME or hub:OWNER/NAME/FILE")
    return "/".join(parts[:2]), "/".join(parts[2:])


@contextmanager
def _translated(name: str) -> Iterator[None]:
    errors = optional("huggingface_hub.errors", extra="train")
    try:
        yield
    except (OSError, ValueError, RuntimeError, errors.HTTPError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"cannot read {name} from the hub ({reason[:200]})",
            fix="check the name, the split and the network, or download the file and name it instead",
        ) from None
